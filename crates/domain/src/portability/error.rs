//! What can go wrong with taking data along.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::ids::UserId;
use crate::users::Username;

/// Why an export or an import failed; nothing was changed.
#[derive(Debug, Error)]
pub enum PortabilityError {
    /// There is no such account.
    #[error("There is no such user.")]
    UnknownUser(UserId),
    /// Nobody has that username.
    #[error("There is no account called {0}.")]
    UnknownUsername(Username),
    /// The account is being exported already.
    #[error("An export of this account is under way; wait for it to end.")]
    UnderWay,
    /// Somebody has that username.
    #[error("There is an account called {0} already.")]
    UsernameTaken(Username),
    /// The lifetime total would leave the range that is kept.
    #[error("The account's lifetime total would leave the range that is kept (2^62 tokens).")]
    OutOfRange,
    /// It would have more names than an account may have.
    #[error("The account would have more than {most} {kind}.")]
    TooManyNames {
        /// Of what: `models`.
        kind: &'static str,
        /// How many it may have.
        most: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for PortabilityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownUser(_) | Self::UnknownUsername(_) => ErrorKind::NotFound,
            Self::UnderWay | Self::UsernameTaken(_) => ErrorKind::Conflict,
            Self::OutOfRange | Self::TooManyNames { .. } => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownUser(_) | Self::UnknownUsername(_) => "unknown_user",
            Self::UnderWay => "export_under_way",
            Self::UsernameTaken(_) => "username_taken",
            Self::OutOfRange => "total_out_of_range",
            Self::TooManyNames { .. } => "too_many_names",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::UnknownUser(id) => Some(Subject::new("User", "id", id.to_string())),
            Self::UnknownUsername(name) | Self::UsernameTaken(name) => {
                Some(Subject::new("User", "username", name.to_string()))
            }
            Self::UnderWay => Some(Subject::unnamed("Export", "user_id")),
            Self::OutOfRange | Self::TooManyNames { .. } => None,
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
    fn each_error_of_taking_data_along_is_as_the_api_promises() {
        assert_promises([
            (
                PortabilityError::UnknownUser(UserId(Uuid::from_u128(7))),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "id", "00000000-0000-0000-0000-000000000007")),
                "There is no such user.",
            ),
            (
                PortabilityError::UnknownUsername(Username::trusted("eve")),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "username", "eve")),
                "There is no account called eve.",
            ),
            (
                PortabilityError::UnderWay,
                ErrorKind::Conflict,
                "export_under_way",
                Some(Subject::unnamed("Export", "user_id")),
                "An export of this account is under way; wait for it to end.",
            ),
            (
                PortabilityError::UsernameTaken(Username::trusted("ada")),
                ErrorKind::Conflict,
                "username_taken",
                Some(Subject::new("User", "username", "ada")),
                "There is an account called ada already.",
            ),
            (
                PortabilityError::OutOfRange,
                ErrorKind::Invalid,
                "total_out_of_range",
                None,
                "The account's lifetime total would leave the range that is kept (2^62 tokens).",
            ),
            (
                PortabilityError::TooManyNames { kind: "models", most: 5_000 },
                ErrorKind::Invalid,
                "too_many_names",
                None,
                "The account would have more than 5000 models.",
            ),
        ]);
    }
}
