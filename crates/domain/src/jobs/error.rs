//! Why a job failed.

use std::fmt;

use crate::error::{DomainError, ErrorKind};

/// The error of whatever use case a job is.
#[derive(Debug)]
pub struct JobError(Box<dyn DomainError>);

impl JobError {
    /// The job failed with `error`.
    pub fn new(error: impl DomainError) -> Self {
        Self(Box::new(error))
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
