//! The schedule of jobs. A check of the schedule queues the job of the current period, whose key names the period. A later check
//! catches up a missed one, and a repeated check changes nothing.

use domain::jobs::{Job, NewJob};
use time::{Duration, OffsetDateTime};

/// How often a job runs. Periods are aligned to midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Quarter,
    Hour,
    Day,
}

/// One row of the schedule.
struct Every {
    period: Period,
    /// The delay from the beginning of the period to the start of the job.
    after: Duration,
    job: Job,
}

/// The schedule, in UTC.
const SCHEDULE: [Every; 9] = [
    Every { period: Period::Hour, after: Duration::minutes(2), job: Job::Leaderboard },
    Every { period: Period::Day, after: Duration::hours(4), job: Job::Prices },
    Every { period: Period::Hour, after: Duration::minutes(20), job: Job::Reprice },
    Every { period: Period::Quarter, after: Duration::ZERO, job: Job::StreakRisk },
    Every { period: Period::Quarter, after: Duration::ZERO, job: Job::WeeklySummary },
    Every { period: Period::Hour, after: Duration::minutes(5), job: Job::Benchmarks },
    Every { period: Period::Hour, after: Duration::minutes(7), job: Job::Platform },
    Every { period: Period::Hour, after: Duration::minutes(10), job: Job::Plausibility },
    Every { period: Period::Day, after: Duration::hours(3), job: Job::Cleanup },
];

/// The jobs of the periods that `now` is in.
pub fn due(now: OffsetDateTime) -> Vec<NewJob> {
    SCHEDULE.iter().map(|every| every.job_at(now)).collect()
}

impl Every {
    fn job_at(&self, now: OffsetDateTime) -> NewJob {
        let begin = self.period.begin(now);
        NewJob { job: self.job.clone(), key: self.period.name(begin), run_at: begin + self.after }
    }
}

impl Period {
    const fn seconds(self) -> i64 {
        match self {
            Self::Quarter => 900,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The beginning of the period that `now` is in.
    fn begin(self, now: OffsetDateTime) -> OffsetDateTime {
        let since = now.unix_timestamp().rem_euclid(self.seconds());
        now - Duration::seconds(since) - Duration::nanoseconds(now.nanosecond().into())
    }

    /// The name of the period that begins at `begin`, unique among periods of its length.
    fn name(self, begin: OffsetDateTime) -> String {
        let (date, hour, minute) = (begin.date(), begin.hour(), begin.minute());
        match self {
            Self::Quarter => format!("{date}T{hour:02}:{minute:02}"),
            Self::Hour => format!("{date}T{hour:02}"),
            Self::Day => date.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn job_key_names_beginning_of_period() {
        let now = datetime!(2026-11-22 14:38:59.999_999 UTC);
        for (period, after, key, run_at) in [
            (Period::Quarter, Duration::ZERO, "2026-11-22T14:30", datetime!(2026-11-22 14:30 UTC)),
            (Period::Hour, Duration::minutes(2), "2026-11-22T14", datetime!(2026-11-22 14:02 UTC)),
            (Period::Day, Duration::hours(3), "2026-11-22", datetime!(2026-11-22 03:00 UTC)),
        ] {
            let job = Every { period, after, job: Job::Cleanup }.job_at(now);
            assert_eq!((job.key.as_str(), job.run_at), (key, run_at));
        }
    }

    #[test]
    fn job_key_is_stable_within_period_and_changes_after() {
        for every in &SCHEDULE {
            let begin = datetime!(2026-12-31 0:00 UTC);
            let job = every.job_at(begin);
            let next = begin + Duration::seconds(every.period.seconds());
            assert_eq!(every.job_at(next - Duration::MICROSECOND), job);
            assert_ne!(every.job_at(next).key, job.key);
        }
    }

    #[test]
    fn schedule_has_one_row_per_kind() {
        let kinds: BTreeSet<_> = SCHEDULE.iter().map(|every| every.job.kind()).collect();
        assert_eq!(kinds.len(), SCHEDULE.len());
    }
}
