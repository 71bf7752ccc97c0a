//! What can go wrong with notifications.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};

/// Why a use case of notifications failed; nothing was changed.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// The link of an email is not one of ours, or was changed on its way.
    #[error("This link does not work. Change what you are told in your settings.")]
    BadLink,
    /// The store failed.
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
    fn each_error_of_notifications_is_as_the_api_promises() {
        assert_promises([(
            NotificationError::BadLink,
            ErrorKind::Invalid,
            "bad_link",
            None,
            "This link does not work. Change what you are told in your settings.",
        )]);
    }
}
