//! What can go wrong with taking data along.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::ids::UserId;
use crate::store::StoreError;
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for PortabilityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownUser(_) | Self::UnknownUsername(_) => ErrorKind::NotFound,
            Self::UnderWay | Self::UsernameTaken(_) => ErrorKind::Conflict,
            Self::OutOfRange => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownUser(_) | Self::UnknownUsername(_) => "unknown_user",
            Self::UnderWay => "export_under_way",
            Self::UsernameTaken(_) => "username_taken",
            Self::OutOfRange => "total_out_of_range",
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
            Self::OutOfRange => None,
            Self::Store(error) => error.subject(),
        }
    }
}
