//! A job: what is to be done.

use thiserror::Error;
use time::OffsetDateTime;

use super::kind::Kind;
use crate::data::{Datum, Facts};
use crate::ids::JobId;
use crate::mail::Letter;

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
    /// Send this letter.
    Mail(Letter),
}

/// What a queue holds that no [`Job`] is: written by another version of the program.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("nobody here knows how to do this {0}")]
pub struct UnknownJob(pub String);

impl Job {
    /// What sort of work it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Leaderboard => Kind::Leaderboard,
            Self::Prices => Kind::Prices,
            Self::Reprice => Kind::Reprice,
            Self::StreakRisk => Kind::StreakRisk,
            Self::WeeklySummary => Kind::WeeklySummary,
            Self::Benchmarks => Kind::Benchmarks,
            Self::Platform => Kind::Platform,
            Self::Plausibility => Kind::Plausibility,
            Self::Cleanup => Kind::Cleanup,
            Self::Mail(_) => Kind::Mail,
        }
    }

    /// Which goes first when several are due: the lower.
    pub fn priority(&self) -> i16 {
        match self {
            Self::Mail(letter) => letter.priority(),
            other => other.kind().priority(),
        }
    }

    /// What it is about, to be stored.
    pub fn data(&self) -> Facts {
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
            Self::Mail(letter) => letter.data(),
        }
    }

    /// The job of `kind` about `data`, as it was stored.
    pub fn parse(kind: &str, data: &[(String, Datum)]) -> Result<Self, UnknownJob> {
        let unknown = || UnknownJob(kind.to_owned());
        Ok(match Kind::of(kind).ok_or_else(unknown)? {
            Kind::Leaderboard => Self::Leaderboard,
            Kind::Prices => Self::Prices,
            Kind::Reprice => Self::Reprice,
            Kind::StreakRisk => Self::StreakRisk,
            Kind::WeeklySummary => Self::WeeklySummary,
            Kind::Benchmarks => Self::Benchmarks,
            Kind::Platform => Self::Platform,
            Kind::Plausibility => Self::Plausibility,
            Kind::Cleanup => Self::Cleanup,
            Kind::Mail => Self::Mail(Letter::parse(data).ok_or_else(unknown)?),
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

    fn letter() -> Job {
        let ada = UserId(uuid::Uuid::from_u128(1));
        Letter::password_changed(&CountingIds, ada, NOW).1.job
    }

    #[test]
    fn every_job_comes_back_as_it_was_stored_and_is_worked_on_like_its_kind() {
        for kind in Kind::ALL {
            let data = if kind == Kind::Mail { letter().data() } else { Vec::new() };
            let job = Job::parse(kind.name(), &data).expect("a job");
            assert_eq!((job.kind(), job.data(), job.priority()), (kind, data, kind.priority()));
        }
    }

    #[test]
    fn a_job_that_is_about_nothing_minds_nothing_that_another_version_stored_with_it() {
        let more = [("since".to_owned(), Datum::Integer(7))];
        assert_eq!(Job::parse("cleanup", &more), Ok(Job::Cleanup));
    }

    #[test]
    fn what_another_version_queued_is_named_and_not_guessed_at() {
        for (kind, data) in [("dishes", letter().data()), ("mail", Vec::new()), ("", Vec::new())] {
            let unknown = Job::parse(kind, &data).expect_err("no job of ours");
            assert_eq!(unknown, UnknownJob(kind.to_owned()));
            assert_eq!(unknown.to_string(), format!("nobody here knows how to do this {kind}"));
        }
    }
}
