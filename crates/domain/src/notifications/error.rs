//! Errors of notifications.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};

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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadLink => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadLink => "bad_link",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::BadLink => None,
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn notification_errors_keep_api_contract() {
        assert_promises([(
            NotificationError::BadLink,
            ErrorKind::Invalid,
            "bad_link",
            None,
            "This link is invalid. Change your notification settings instead.",
        )]);
    }
}
