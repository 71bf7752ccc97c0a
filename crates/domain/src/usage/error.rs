//! Errors of usage.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::ids::UserId;

/// Why a use case of the ledger failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum UsageError {
    #[error("There is no such user.")]
    UnknownUser(UserId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for UsageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownUser(_) => ErrorKind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownUser(_) => "unknown_user",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::UnknownUser(id) => Some(Subject::new("User", "id", id.to_string())),
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
    fn usage_errors_keep_api_contract() {
        assert_promises([(
            UsageError::UnknownUser(UserId(Uuid::from_u128(7))),
            ErrorKind::NotFound,
            "unknown_user",
            Some(Subject::new("User", "id", "00000000-0000-0000-0000-000000000007")),
            "There is no such user.",
        )]);
    }
}
