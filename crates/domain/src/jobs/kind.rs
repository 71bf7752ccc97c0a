//! The kinds of jobs, and how each is run.

use time::Duration;

/// The kind of a job; each kind has a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Ranks all accounts.
    Leaderboard,
    /// Updates the price book.
    Prices,
    /// Prices messages without a price.
    Reprice,
    /// Notifies accounts whose streak ends at midnight.
    StreakRisk,
    /// Notifies accounts of their last week.
    WeeklySummary,
    /// Computes the benchmarks of all accounts.
    Benchmarks,
    /// Computes the totals of the instance.
    Platform,
    /// Finds implausible usage.
    Plausibility,
    /// Removes expired rows.
    Cleanup,
    /// Sends an email.
    Mail,
}

/// How jobs of a kind are run.
struct JobSettings {
    name: &'static str,
    /// Lower runs first.
    priority: i16,
    /// Concurrent jobs of a process.
    concurrency: usize,
    attempts: u32,
    /// The longest time of an attempt.
    limit: Duration,
}

impl JobKind {
    pub const ALL: [Self; 10] = [
        Self::Leaderboard,
        Self::Benchmarks,
        Self::Prices,
        Self::Reprice,
        Self::StreakRisk,
        Self::WeeklySummary,
        Self::Platform,
        Self::Plausibility,
        Self::Cleanup,
        Self::Mail,
    ];

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of its queue.
    pub const fn name(self) -> &'static str {
        self.settings().name
    }

    /// The priority: lower runs first.
    pub const fn priority(self) -> i16 {
        self.settings().priority
    }

    /// Concurrent jobs of this kind in one process.
    pub const fn concurrency(self) -> usize {
        self.settings().concurrency
    }

    /// The attempts after which a job is dead.
    pub const fn attempts(self) -> u32 {
        self.settings().attempts
    }

    /// The time after which an attempt counts as failed.
    pub const fn limit(self) -> Duration {
        self.settings().limit
    }

    const fn settings(self) -> JobSettings {
        match self {
            Self::Leaderboard => JobSettings {
                name: "leaderboard",
                priority: 40,
                concurrency: 1,
                attempts: 5,
                limit: Duration::hours(1),
            },
            Self::Prices => {
                JobSettings { name: "prices", priority: 50, concurrency: 1, attempts: 8, limit: Duration::hours(1) }
            }
            Self::Reprice => {
                JobSettings { name: "reprice", priority: 60, concurrency: 1, attempts: 5, limit: Duration::hours(6) }
            }
            Self::StreakRisk => JobSettings {
                name: "streak_risk",
                priority: 20,
                concurrency: 1,
                attempts: 5,
                limit: Duration::minutes(30),
            },
            Self::WeeklySummary => JobSettings {
                name: "weekly_summary",
                priority: 30,
                concurrency: 1,
                attempts: 5,
                limit: Duration::hours(1),
            },
            Self::Benchmarks => JobSettings {
                name: "benchmarks",
                priority: 50,
                concurrency: 1,
                attempts: 5,
                limit: Duration::minutes(30),
            },
            Self::Platform => JobSettings {
                name: "platform",
                priority: 50,
                concurrency: 1,
                attempts: 5,
                limit: Duration::minutes(30),
            },
            Self::Plausibility => JobSettings {
                name: "plausibility",
                priority: 70,
                concurrency: 1,
                attempts: 5,
                limit: Duration::minutes(30),
            },
            Self::Cleanup => {
                JobSettings { name: "cleanup", priority: 90, concurrency: 1, attempts: 5, limit: Duration::hours(1) }
            }
            // These attempts take about three hours, so a mail server that is unreachable for two loses no email. The priority
            // is that of emails that a user waits for.
            Self::Mail => {
                JobSettings { name: "mail", priority: 10, concurrency: 2, attempts: 14, limit: Duration::minutes(10) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;
    use crate::ids::JobId;
    use crate::jobs::backoff;

    #[test]
    fn job_kinds_users_wait_for_run_first() {
        let mut kinds = JobKind::ALL;
        kinds.sort_by_key(|kind| (kind.priority(), kind.name()));
        assert_eq!(
            kinds.map(JobKind::name),
            [
                "mail",
                "streak_risk",
                "weekly_summary",
                "leaderboard",
                "benchmarks",
                "platform",
                "prices",
                "reprice",
                "plausibility",
                "cleanup"
            ]
        );
        let several: Vec<_> = JobKind::ALL.into_iter().filter(|kind| kind.concurrency() > 1).collect();
        assert_eq!(several, [JobKind::Mail], "two of another kind would do the same work");
    }

    #[test]
    fn mail_attempts_outlast_two_hours_outage() {
        let shortest = |id| {
            let waits = (1..JobKind::Mail.attempts()).map(|attempt| backoff(JobId(Uuid::from_u128(id)), attempt));
            waits.fold(Duration::ZERO, |all, wait| all + wait)
        };
        let waits: Vec<_> = (0..100).map(shortest).collect();
        assert!(waits.iter().all(|all| *all > Duration::hours(2) && *all < Duration::hours(5)), "{waits:?}");
    }

    #[test]
    fn job_kinds_have_distinct_names() {
        let names: BTreeSet<_> = JobKind::ALL.into_iter().map(JobKind::name).collect();
        assert_eq!(names.len(), JobKind::ALL.len());
        for kind in JobKind::ALL {
            assert_eq!(JobKind::of(kind.name()), Some(kind));
            assert!(kind.concurrency() > 0 && kind.attempts() > 0 && kind.limit() > Duration::ZERO, "{kind:?}");
        }
        assert_eq!(JobKind::of("dishes"), None);
    }
}
