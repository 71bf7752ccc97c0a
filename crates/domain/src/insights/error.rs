//! Errors of insights.

use thiserror::Error;

use crate::days::Period;
use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
use crate::ids::UserId;

/// Why a use case of insights failed.
#[derive(Debug, Error)]
pub enum InsightError {
    /// The worker has not computed a benchmark yet.
    #[error("No benchmarks exist yet. The worker computes them every hour.")]
    NoBenchmark(Period),
    #[error("This account does not exist.")]
    Unknown(UserId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for InsightError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::NoBenchmark(period) => ErrorKind::NotFound.about("Benchmark", "period", period.name()),
            Self::Unknown(user) => ErrorKind::NotFound.about("User", "id", user),
            Self::Store(error) => error.details(),
        }
    }
}
