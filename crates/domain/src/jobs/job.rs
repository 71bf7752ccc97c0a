//! A job: what is to be done.

use thiserror::Error;
use time::OffsetDateTime;

use super::kind::JobKind;
use crate::ids::JobId;
use crate::mail::EmailJob;
use crate::payload::{ParsedPayload, Value};

/// A piece of work, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Rank everybody anew.
    Leaderboard,
    /// Bring the price book up to date, and price what it now can.
    Prices,
    /// Price messages that had no price.
    Reprice,
    /// Tell people whose streak ends at midnight.
    StreakRisk,
    /// Tell people what their last week came to.
    WeeklySummary,
    /// Compute what the community comes to.
    Benchmarks,
    /// Compute what the whole instance comes to.
    Platform,
    /// Look whose usage is hard to believe.
    Plausibility,
    /// Remove what is not kept any more.
    Cleanup,
    /// Send this email.
    Mail(EmailJob),
}

/// What a queue holds that no [`Job`] is: written by another version of the program.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("nobody here knows how to do this {0}")]
pub struct UnknownJob(pub String);

impl Job {
    /// What sort of work it is.
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

    /// Which goes first when several are due: the lower.
    pub fn priority(&self) -> i16 {
        match self {
            Self::Mail(email) => email.priority(),
            other => other.kind().priority(),
        }
    }

    /// What it is about, to be stored.
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

    /// The job of `kind` about `data`, as it was stored.
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

/// Which attempt at which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Names the job.
    pub job: JobId,
    /// From 1; whoever stopped before the end may have done a part of it.
    pub number: u32,
}

/// A job to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What is to be done.
    pub job: Job,
    /// Names this piece of work within its kind: the same key is queued once.
    pub key: String,
    /// Not before.
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
    fn every_job_comes_back_as_it_was_stored_and_is_worked_on_like_its_kind() {
        for kind in JobKind::ALL {
            let data = if kind == JobKind::Mail { email().data() } else { Vec::new() };
            let job = Job::parse(kind.name(), &data).expect("a job");
            assert_eq!((job.kind(), job.data(), job.priority()), (kind, data, kind.priority()));
        }
    }

    #[test]
    fn a_job_that_is_about_nothing_minds_nothing_that_another_version_stored_with_it() {
        let more = [("since".to_owned(), Value::Integer(7))];
        assert_eq!(Job::parse("cleanup", &more), Ok(Job::Cleanup));
    }

    #[test]
    fn what_another_version_queued_is_named_and_not_guessed_at() {
        for (kind, data) in [("dishes", email().data()), ("mail", Vec::new()), ("", Vec::new())] {
            let unknown = Job::parse(kind, &data).expect_err("no job of ours");
            assert_eq!(unknown, UnknownJob(kind.to_owned()));
            assert_eq!(unknown.to_string(), format!("nobody here knows how to do this {kind}"));
        }
    }
}
