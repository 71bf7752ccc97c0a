//! Errors of jobs.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind};

/// Why a job did not finish.
#[derive(Debug, Error)]
pub enum JobError {
    /// The error of the use case that the job runs.
    #[error("{0}")]
    Failed(Box<dyn DomainError>),
    /// A shutdown interrupted the job. It did not fail, and continues later.
    #[error("the worker is shutting down; the job continues later")]
    Interrupted,
}

impl JobError {
    pub fn new(error: impl DomainError) -> Self {
        Self::Failed(Box::new(error))
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed(error) => error.kind(),
            Self::Interrupted => ErrorKind::Unavailable,
        }
    }
}
