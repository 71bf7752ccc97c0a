//! Errors of insights.

use thiserror::Error;

use crate::days::Period;
use crate::error::{DomainError, ErrorKind, StoreError, Subject};
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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoBenchmark(_) | Self::Unknown(_) => ErrorKind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoBenchmark(_) => "no_benchmark",
            Self::Unknown(_) => "unknown_user",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::NoBenchmark(period) => Some(Subject::new("Benchmark", "period", period.name())),
            Self::Unknown(user) => Some(Subject::new("User", "id", user.to_string())),
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn insight_errors_keep_api_contract() {
        assert_promises([
            (
                InsightError::NoBenchmark(Period::Week),
                ErrorKind::NotFound,
                "no_benchmark",
                Some(Subject::new("Benchmark", "period", "week")),
                "No benchmarks exist yet. The worker computes them every hour.",
            ),
            (
                InsightError::Unknown(UserId(Uuid::from_u128(7))),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "id", "00000000-0000-0000-0000-000000000007")),
                "This account does not exist.",
            ),
        ]);
    }
}
