//! Errors of jobs.

use std::fmt;

use thiserror::Error;

use crate::error::{DomainError, ErrorKind};

/// The error of the use case that a job runs.
#[derive(Debug)]
pub struct JobError(Box<dyn DomainError>);

/// A job that was interrupted by a shutdown. It did not fail, and continues later.
#[derive(Debug, Error)]
#[error("the worker is shutting down; the job continues later")]
struct Interrupted;

impl DomainError for Interrupted {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }

    fn code(&self) -> &'static str {
        INTERRUPTED
    }
}

const INTERRUPTED: &str = "job_interrupted";

impl JobError {
    pub fn new(error: impl DomainError) -> Self {
        Self(Box::new(error))
    }

    /// The job was interrupted by a shutdown.
    pub fn interrupted() -> Self {
        Self::new(Interrupted)
    }

    /// Whether the job was only interrupted.
    pub fn is_interruption(&self) -> bool {
        self.code() == INTERRUPTED
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for JobError {}

impl DomainError for JobError {
    fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreError;
    use crate::testing::assert_promises;
    use crate::users::UserError;

    impl From<StoreError> for JobError {
        fn from(error: StoreError) -> Self {
            Self::new(error)
        }
    }

    #[test]
    fn job_error_has_kind_and_code_of_use_case() {
        let away = StoreError::Unavailable("away".into());
        assert_promises([
            (
                JobError::new(UserError::Private),
                ErrorKind::Forbidden,
                "private_profile",
                None,
                "This profile is private. Only its followers can see it.",
            ),
            (
                JobError::new(UserError::Store(away)),
                ErrorKind::Unavailable,
                "store_unavailable",
                None,
                "the database is not available: away",
            ),
        ]);
    }

    #[test]
    fn job_interruption_differs_from_failure() {
        assert_promises([(
            JobError::interrupted(),
            ErrorKind::Unavailable,
            "job_interrupted",
            None,
            "the worker is shutting down; the job continues later",
        )]);
        for (error, is_interruption) in [
            (JobError::interrupted(), true),
            (JobError::new(JobError::interrupted()), true),
            (JobError::new(StoreError::Unavailable("away".into())), false),
        ] {
            assert_eq!(error.is_interruption(), is_interruption, "{error}");
        }
    }
}
