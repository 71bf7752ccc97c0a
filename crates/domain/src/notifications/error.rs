//! Errors of notifications.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};

/// Why a use case of notifications failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// The link of an email is invalid.
    #[error("This link is invalid. Change your notification settings instead.")]
    BadLink,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for NotificationError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::BadLink => ErrorKind::Invalid.into(),
            Self::Store(error) => error.details(),
        }
    }
}
