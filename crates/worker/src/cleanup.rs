//! The daily cleanup: removes expired rows, and reports how many.

use std::fmt;
use std::sync::Arc;

use bootstrap::settings::Retention;
use domain::administration::AuditRetention;
use domain::clock::Clock;
use domain::identity::EndedSignIns;
use domain::jobs::{JobError, JobStore};
use domain::leaderboard::Leaderboard;
use domain::notifications::{Forgotten, Notifications, RetentionPeriods};
use domain::users::{PurgeReport, Users};
use time::Duration;

/// The jobs that one statement removes.
const BATCH: u32 = 5_000;

/// The use cases that remove expired rows.
pub struct Cleanup {
    pub(crate) notifications: Notifications,
    pub(crate) users: Users,
    pub(crate) ended: EndedSignIns,
    pub(crate) boards: Leaderboard,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) audit: AuditRetention,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retention: Retention,
}

/// The numbers of removed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanupReport {
    /// Ended sessions and tokens.
    pub ended: u64,
    pub notifications: Forgotten,
    /// Days in the history of ranks.
    pub ranks: u64,
    /// Finished and dead jobs.
    pub jobs: u64,
    pub audit_records: u64,
    /// Deleted accounts whose grace period is over.
    pub purged: PurgeReport,
}

impl Cleanup {
    /// Removes rows in batches until none is left or `stop` returns true. The purge of accounts is last, because it can take long.
    pub async fn run(&self, stop: impl Fn() -> bool) -> Result<CleanupReport, JobError> {
        let Retention { expired_credentials_days, rank_history_days, .. } = self.retention;
        let periods = RetentionPeriods {
            read: days(self.retention.read_notifications_days),
            unread: days(self.retention.unread_notifications_days),
        };
        Ok(CleanupReport {
            ended: self.ended.forget(days(expired_credentials_days), &stop).await.map_err(JobError::new)?,
            notifications: self.notifications.forget(periods, &stop).await.map_err(JobError::new)?,
            ranks: self.boards.prune(rank_history_days, &stop).await.map_err(JobError::new)?,
            jobs: self.prune_jobs(&stop).await?,
            audit_records: self.prune_audit_log(&stop).await?,
            purged: self.users.purge(&stop).await.map_err(JobError::new)?,
        })
    }

    async fn prune_jobs(&self, stop: impl Fn() -> bool) -> Result<u64, JobError> {
        let now = self.clock.now();
        let (done, dead) = (days(self.retention.finished_jobs_days), days(self.retention.dead_jobs_days));
        let mut pruned = 0;
        while !stop() {
            let batch = self.jobs.prune(now - done, now - dead, BATCH).await.map_err(JobError::new)?;
            pruned += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
        Ok(pruned)
    }

    async fn prune_audit_log(&self, stop: impl Fn() -> bool) -> Result<u64, JobError> {
        match self.retention.audit_log_days {
            Some(kept) => self.audit.prune(days(kept), stop).await.map_err(JobError::new),
            None => Ok(0),
        }
    }
}

fn days(days: u16) -> Duration {
    Duration::days(days.into())
}

impl fmt::Display for CleanupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forgotten { read, unread } = self.notifications;
        let PurgeReport { accounts, messages, others } = self.purged;
        let parts = [
            count(self.ended, "session or token", "sessions and tokens"),
            format!("{} ({read} read, {unread} unread)", count(read + unread, "notification", "notifications")),
            count(self.ranks, "day of ranks", "days of ranks"),
            count(self.jobs, "job", "jobs"),
            count(self.audit_records, "audit record", "audit records"),
            format!(
                "{} purged ({}, {})",
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
    fn cleanup_report_counts_removed_rows() {
        let nothing = "removed 0 sessions and tokens, 0 notifications (0 read, 0 unread), 0 days of ranks, 0 jobs, \
                       0 audit records, 0 accounts purged (0 messages, 0 other rows)";
        assert_eq!(CleanupReport::default().to_string(), nothing);
        let removed = CleanupReport {
            ended: 1,
            notifications: Forgotten { read: 5_000, unread: 17 },
            ranks: 3,
            jobs: 1,
            audit_records: 2,
            purged: PurgeReport { accounts: 2, messages: 250_000, others: 1 },
        };
        let some = "removed 1 session or token, 5017 notifications (5000 read, 17 unread), 3 days of ranks, 1 job, \
                    2 audit records, 2 accounts purged (250000 messages, 1 other row)";
        assert_eq!(removed.to_string(), some);
    }
}
