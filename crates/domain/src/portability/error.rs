//! What can go wrong with taking data along.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
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
    fn details(&self) -> ErrorDetails {
        match self {
            Self::UnknownUser(id) => ErrorKind::NotFound.about("User", "id", id),
            Self::UnknownUsername(name) => ErrorKind::NotFound.about("User", "username", name),
            Self::UsernameTaken(name) => ErrorKind::Conflict.about("User", "username", name),
            Self::UnderWay => ErrorKind::Conflict.in_field("Export", "user_id"),
            Self::OutOfRange | Self::TooManyNames { .. } => ErrorKind::Invalid.into(),
            Self::Store(error) => error.details(),
        }
    }
}
