//! Errors of usage.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
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
    fn details(&self) -> ErrorDetails {
        match self {
            Self::UnknownUser(id) => ErrorKind::NotFound.about("User", "id", id),
            Self::Store(error) => error.details(),
        }
    }
}
