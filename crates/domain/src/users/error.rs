//! Errors of users.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};

/// Why a use case of profiles failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum UserError {
    #[error("There is no user with the {field} {value}.")]
    Unknown {
        /// The looked-up field.
        field: &'static str,
        /// The looked-up value.
        value: String,
    },
    /// The profile is hidden from the caller.
    #[error("This profile is private. Only its followers can see it.")]
    Private,
    #[error("The username {0} is already in use. Choose another one.")]
    UsernameTaken(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserError {
    pub fn unknown(username: impl Into<String>) -> Self {
        Self::Unknown { field: "username", value: username.into() }
    }
}

impl DomainError for UserError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::Unknown { field, value } => ErrorKind::NotFound.about("User", field, value),
            Self::Private => ErrorKind::Forbidden.into(),
            Self::UsernameTaken(name) => ErrorKind::Conflict.about("User", "username", name),
            Self::Store(error) => error.details(),
        }
    }
}
