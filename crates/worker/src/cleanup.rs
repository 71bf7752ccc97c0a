//! The daily cleaning: removes what is not kept any more, and says how much that was.

use std::fmt;
use std::sync::Arc;

use domain::clock::Clock;
use domain::identity::EndedSignIns;
use domain::jobs::{JobError, JobStore};
use domain::leaderboard::Leaderboard;
use domain::notifications::{Forgotten, Notifications};
use domain::users::{Purged, Users};
use time::Duration;

/// How long a job that was done is kept: its key keeps the same work from being queued again.
const DONE_JOBS: Duration = Duration::days(30);

/// How long a job that was given up is kept for somebody to look at.
const DEAD_JOBS: Duration = Duration::days(90);

/// How many jobs one statement removes.
const BATCH: u32 = 5_000;

/// The use cases that remove something.
pub struct Cleanup {
    pub(crate) notifications: Notifications,
    pub(crate) users: Users,
    pub(crate) ended: EndedSignIns,
    pub(crate) boards: Leaderboard,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Sessions and tokens that had ended.
    pub ended: u64,
    /// Old notifications.
    pub notifications: Forgotten,
    /// Days of ranks that are long ago.
    pub ranks: u64,
    /// Old jobs.
    pub jobs: u64,
    /// Accounts that are gone for good.
    pub purged: Purged,
}

impl Cleanup {
    /// Removes batch by batch until nothing is left or `stop` says so. Small things first: the purge of an account may take long.
    pub async fn run(&self, stop: impl Fn() -> bool) -> Result<Removed, JobError> {
        Ok(Removed {
            ended: self.ended.forget(&stop).await.map_err(JobError::new)?,
            notifications: self.notifications.forget(&stop).await.map_err(JobError::new)?,
            ranks: self.boards.prune(&stop).await.map_err(JobError::new)?,
            jobs: self.prune_jobs(&stop).await?,
            purged: self.users.purge(&stop).await.map_err(JobError::new)?,
        })
    }

    async fn prune_jobs(&self, stop: impl Fn() -> bool) -> Result<u64, JobError> {
        let now = self.clock.now();
        let mut pruned = 0;
        while !stop() {
            let batch = self.jobs.prune(now - DONE_JOBS, now - DEAD_JOBS, BATCH).await.map_err(JobError::new)?;
            pruned += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
        Ok(pruned)
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forgotten { read, unread } = self.notifications;
        let Purged { accounts, messages, others } = self.purged;
        let parts = [
            count(self.ended, "session or token", "sessions and tokens"),
            format!("{} ({read} read, {unread} unread)", count(read + unread, "notification", "notifications")),
            count(self.ranks, "day of ranks", "days of ranks"),
            count(self.jobs, "job", "jobs"),
            format!(
                "{} for good ({}, {})",
                count(accounts, "account", "accounts"),
                count(messages, "message", "messages"),
                count(others, "other row", "other rows"),
            ),
        ];
        write!(f, "removed {}", parts.join(", "))
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_what_is_gone() {
        let nothing = "removed 0 sessions and tokens, 0 notifications (0 read, 0 unread), 0 days of ranks, 0 jobs, 0 accounts for good \
                       (0 messages, 0 other rows)";
        assert_eq!(Removed::default().to_string(), nothing);
        let removed = Removed {
            ended: 1,
            notifications: Forgotten { read: 5_000, unread: 17 },
            ranks: 3,
            jobs: 1,
            purged: Purged { accounts: 2, messages: 250_000, others: 1 },
        };
        let some = "removed 1 session or token, 5017 notifications (5000 read, 17 unread), 3 days of ranks, 1 job, 2 accounts for good \
                    (250000 messages, 1 other row)";
        assert_eq!(removed.to_string(), some);
    }
}
