//! What can go wrong with notifications.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::store::StoreError;

/// Why a use case of notifications failed; nothing was changed.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for NotificationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Store(error) => error.subject(),
        }
    }
}
