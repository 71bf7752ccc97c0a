//! Why a job failed.

use std::fmt;

use thiserror::Error;

use crate::error::{DomainError, ErrorKind};

/// The error of whatever use case a job is.
#[derive(Debug)]
pub struct JobError(Box<dyn DomainError>);

/// A job that was asked to stop in the middle: no fault of its own, and it goes on where it was.
#[derive(Debug, Error)]
#[error("the program ends; the job goes on later")]
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
    /// The job failed with `error`.
    pub fn new(error: impl DomainError) -> Self {
        Self(Box::new(error))
    }

    /// The job was asked to stop, and did.
    pub fn interrupted() -> Self {
        Self::new(Interrupted)
    }

    /// Whether the job was only asked to stop.
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
    use crate::store::StoreError;

    #[test]
    fn a_job_fails_like_its_use_case_and_a_stop_is_no_failure_of_it() {
        let away = || StoreError::Unavailable("not now".to_owned());
        let (failed, stopped) = (JobError::new(away()), JobError::interrupted());
        for (error, kind, code, text, is_interruption) in [
            (&failed, ErrorKind::Unavailable, "store_unavailable", away().to_string(), false),
            (&stopped, ErrorKind::Unavailable, "job_interrupted", Interrupted.to_string(), true),
        ] {
            assert_eq!((error.kind(), error.code(), error.to_string()), (kind, code, text));
            assert_eq!(error.is_interruption(), is_interruption, "{error}");
        }
    }
}
