//! What can go wrong with the ledger.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::ids::UserId;
use crate::store::StoreError;

/// Why a use case of the ledger failed; nothing was changed.
#[derive(Debug, Error)]
pub enum UsageError {
    /// There is no such account.
    #[error("There is no such user.")]
    UnknownUser(UserId),
    /// The store failed.
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
