use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
use crate::ids::UserId;
use crate::users::Username;

/// The error of an export or an import, which then has changed nothing.
#[derive(Debug, Error)]
pub enum PortabilityError {
    #[error("There is no such user.")]
    UnknownUser(UserId),
    #[error("There is no account called {0}.")]
    UnknownUsername(Username),
    #[error("An export of this account is already running. Wait for it to end.")]
    UnderWay,
    #[error("There is already an account called {0}.")]
    UsernameTaken(Username),
    #[error("The account's lifetime total would exceed 2^62 tokens.")]
    OutOfRange,
    /// The account would have more names than its limit.
    #[error("The account would have more than {most} {kind}.")]
    TooManyNames {
        /// What the names stand for, in the plural: `models`, `tools` or `machines`.
        kind: &'static str,
        /// The limit.
        most: usize,
    },
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
