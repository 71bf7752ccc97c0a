//! The kinds of jobs, and how each is worked on.

use time::Duration;

/// What sort of work a job is; each has a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Ranks everybody anew.
    Leaderboard,
    /// Brings the price book up to date.
    Prices,
    /// Prices messages that had no price.
    Reprice,
    /// Tells people whose streak ends at midnight.
    StreakRisk,
    /// Tells people what their last week came to.
    WeeklySummary,
    /// Computes what the community comes to.
    Benchmarks,
    /// Looks whose usage is hard to believe.
    Plausibility,
    /// Removes what is not kept any more.
    Cleanup,
    /// Sends a letter.
    Mail,
}

/// How a kind is worked on.
struct Manner {
    name: &'static str,
    /// Lower goes first.
    priority: i16,
    /// How many a process works on at once.
    at_once: usize,
    attempts: u32,
    /// How long one attempt may take.
    limit: Duration,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Leaderboard,
        Self::Benchmarks,
        Self::Prices,
        Self::Reprice,
        Self::StreakRisk,
        Self::WeeklySummary,
        Self::Plausibility,
        Self::Cleanup,
        Self::Mail,
    ];

    /// The kind called `name`.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of its queue.
    pub const fn name(self) -> &'static str {
        self.manner().name
    }

    /// Which goes first when several are due: the lower.
    pub const fn priority(self) -> i16 {
        self.manner().priority
    }

    /// How many of them one process works on at the same time.
    pub const fn at_once(self) -> usize {
        self.manner().at_once
    }

    /// How often one is begun before it is given up.
    pub const fn attempts(self) -> u32 {
        self.manner().attempts
    }

    /// How long one attempt may take before it counts as failed.
    pub const fn limit(self) -> Duration {
        self.manner().limit
    }

    /// The one table of how kinds are worked on.
    const fn manner(self) -> Manner {
        match self {
            Self::Leaderboard => {
                Manner { name: "leaderboard", priority: 40, at_once: 1, attempts: 5, limit: Duration::hours(1) }
            }
            Self::Prices => Manner { name: "prices", priority: 50, at_once: 1, attempts: 8, limit: Duration::hours(1) },
            Self::Reprice => {
                Manner { name: "reprice", priority: 60, at_once: 1, attempts: 5, limit: Duration::hours(6) }
            }
            Self::StreakRisk => {
                Manner { name: "streak_risk", priority: 20, at_once: 1, attempts: 5, limit: Duration::minutes(30) }
            }
            Self::WeeklySummary => {
                Manner { name: "weekly_summary", priority: 30, at_once: 1, attempts: 5, limit: Duration::hours(1) }
            }
            Self::Benchmarks => {
                Manner { name: "benchmarks", priority: 50, at_once: 1, attempts: 5, limit: Duration::minutes(30) }
            }
            Self::Plausibility => {
                Manner { name: "plausibility", priority: 70, at_once: 1, attempts: 5, limit: Duration::minutes(30) }
            }
            Self::Cleanup => {
                Manner { name: "cleanup", priority: 90, at_once: 1, attempts: 5, limit: Duration::hours(1) }
            }
            // So many attempts take some three hours: a mail server that is away for two loses no letter. The priority is that
            // of letters that somebody waits for.
            Self::Mail => Manner { name: "mail", priority: 10, at_once: 2, attempts: 14, limit: Duration::minutes(10) },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_finds_it() {
        let names: BTreeSet<_> = Kind::ALL.into_iter().map(Kind::name).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.name()), Some(kind));
            assert!(kind.at_once() > 0 && kind.attempts() > 0 && kind.limit() > Duration::ZERO, "{kind:?}");
        }
        assert_eq!(Kind::of("dishes"), None);
    }
}
