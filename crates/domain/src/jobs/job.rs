//! A job: the work to be done.

use thiserror::Error;
use time::OffsetDateTime;

use super::kind::JobKind;
use crate::ids::JobId;
use crate::mail::EmailJob;
use crate::payload::{ParsedPayload, Value};

/// A piece of work with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Rank all accounts.
    Leaderboard,
    /// Update the price book, and price what it now knows.
    Prices,
    /// Price messages without a price.
    Reprice,
    /// Notify accounts whose streak ends at midnight.
    StreakRisk,
    /// Notify accounts of their last week.
    WeeklySummary,
    /// Compute the benchmarks of all accounts.
    Benchmarks,
    /// Compute the totals of the instance.
    Platform,
    /// Find implausible usage.
    Plausibility,
    /// Remove expired rows.
    Cleanup,
    /// Send this email.
    Mail(EmailJob),
}

/// A queued job that another release wrote and this one does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this release does not know the job {0}")]
pub struct UnknownJob(pub String);

impl Job {
    pub fn kind(&self) -> JobKind {
        match self {
            Self::Leaderboard => JobKind::Leaderboard,
            Self::Prices => JobKind::Prices,
            Self::Reprice => JobKind::Reprice,
            Self::StreakRisk => JobKind::StreakRisk,
            Self::WeeklySummary => JobKind::WeeklySummary,
            Self::Benchmarks => JobKind::Benchmarks,
            Self::Platform => JobKind::Platform,
            Self::Plausibility => JobKind::Plausibility,
            Self::Cleanup => JobKind::Cleanup,
            Self::Mail(_) => JobKind::Mail,
        }
    }

    /// The priority: lower runs first.
    pub fn priority(&self) -> i16 {
        match self {
            Self::Mail(email) => email.priority(),
            other => other.kind().priority(),
        }
    }

    /// The stored data.
    pub fn data(&self) -> ParsedPayload {
        match self {
            Self::Leaderboard
            | Self::Benchmarks
            | Self::Prices
            | Self::Reprice
            | Self::StreakRisk
            | Self::WeeklySummary
            | Self::Platform
            | Self::Plausibility
            | Self::Cleanup => Vec::new(),
            Self::Mail(email) => email.data(),
        }
    }

    /// Reads the job of `kind` from its stored `data`.
    pub fn parse(kind: &str, data: &[(String, Value)]) -> Result<Self, UnknownJob> {
        let unknown = || UnknownJob(kind.to_owned());
        Ok(match JobKind::of(kind).ok_or_else(unknown)? {
            JobKind::Leaderboard => Self::Leaderboard,
            JobKind::Prices => Self::Prices,
            JobKind::Reprice => Self::Reprice,
            JobKind::StreakRisk => Self::StreakRisk,
            JobKind::WeeklySummary => Self::WeeklySummary,
            JobKind::Benchmarks => Self::Benchmarks,
            JobKind::Platform => Self::Platform,
            JobKind::Plausibility => Self::Plausibility,
            JobKind::Cleanup => Self::Cleanup,
            JobKind::Mail => Self::Mail(EmailJob::parse(data).ok_or_else(unknown)?),
        })
    }
}

/// An attempt at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobAttempt {
    pub job: JobId,
    /// From 1. An earlier attempt may have done a part of the work.
    pub number: u32,
}

/// A job to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub job: Job,
    /// Identifies the work within its kind: the same key is queued once.
    pub key: String,
    /// The earliest start.
    pub run_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CountingIds, UserId};
    use crate::usage::testing::NOW;

    fn email() -> Job {
        let ada = UserId(uuid::Uuid::from_u128(1));
        EmailJob::password_changed(&CountingIds, ada, NOW).1.job
    }

    #[test]
    fn job_round_trips_and_has_priority_of_kind() {
        for kind in JobKind::ALL {
            let data = if kind == JobKind::Mail { email().data() } else { Vec::new() };
            let job = Job::parse(kind.name(), &data).expect("a job");
            assert_eq!((job.kind(), job.data(), job.priority()), (kind, data, kind.priority()));
        }
    }

    #[test]
    fn job_without_data_ignores_stored_data() {
        let more = [("since".to_owned(), Value::Integer(7))];
        assert_eq!(Job::parse("cleanup", &more), Ok(Job::Cleanup));
    }

    #[test]
    fn job_of_other_release_is_reported_by_kind() {
        for (kind, data) in [("dishes", email().data()), ("mail", Vec::new()), ("", Vec::new())] {
            let unknown = Job::parse(kind, &data).expect_err("no job of ours");
            assert_eq!(unknown, UnknownJob(kind.to_owned()));
            assert_eq!(unknown.to_string(), format!("this release does not know the job {kind}"));
        }
    }
}
