//! What can go wrong when somebody signs in.

use thiserror::Error;
use time::Duration;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::store::StoreError;

/// Why a use case of sign-in failed; nothing was changed.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// No such account, or not its password: which of the two stays untold.
    #[error("The e-mail address, username or password is wrong.")]
    WrongCredentials,
    /// Too many tries under this name have failed; whether an account has it stays untold.
    #[error("Too many failed attempts to sign in.")]
    TooManyFailures {
        /// How long until the next try is let through.
        retry_after: Duration,
    },
    /// The token opens no session.
    #[error("Sign in to do this.")]
    NotSignedIn,
    /// Somebody has that address.
    #[error("This e-mail address is taken.")]
    EmailTaken,
    /// Somebody has that username.
    #[error("This username is taken.")]
    UsernameTaken(String),
    /// The caller has no such session.
    #[error("There is no such session.")]
    UnknownSession(String),
    /// A password could not be hashed.
    #[error("hashing failed: {0}")]
    Hashing(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for IdentityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongCredentials | Self::NotSignedIn => ErrorKind::Unauthenticated,
            Self::TooManyFailures { retry_after } => ErrorKind::RateLimited { retry_after: *retry_after },
            Self::EmailTaken | Self::UsernameTaken(_) => ErrorKind::Conflict,
            Self::UnknownSession(_) => ErrorKind::NotFound,
            Self::Hashing(_) => ErrorKind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::NotSignedIn => "not_signed_in",
            Self::EmailTaken => "email_taken",
            Self::UsernameTaken(_) => "username_taken",
            Self::UnknownSession(_) => "unknown_session",
            Self::Hashing(_) => "hashing_failed",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::EmailTaken => Some(Subject::unnamed("User", "email")),
            Self::UsernameTaken(name) => Some(Subject::new("User", "username", name.clone())),
            Self::UnknownSession(id) => Some(Subject::new("Session", "id", id.clone())),
            Self::WrongCredentials | Self::TooManyFailures { .. } | Self::NotSignedIn | Self::Hashing(_) => None,
            Self::Store(error) => error.subject(),
        }
    }
}
