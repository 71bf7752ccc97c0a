//! Errors of users.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};

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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } => ErrorKind::NotFound,
            Self::Private => ErrorKind::Forbidden,
            Self::UsernameTaken(_) => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_user",
            Self::Private => "private_profile",
            Self::UsernameTaken(_) => "username_taken",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Unknown { field, value } => Some(Subject::new("User", field, value.clone())),
            Self::UsernameTaken(name) => Some(Subject::new("User", "username", name.clone())),
            Self::Private => None,
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn user_errors_keep_api_contract() {
        assert_promises([
            (
                UserError::unknown("eve"),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "username", "eve")),
                "There is no user with the username eve.",
            ),
            (
                UserError::Unknown { field: "id", value: "7".into() },
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "id", "7")),
                "There is no user with the id 7.",
            ),
            (
                UserError::Private,
                ErrorKind::Forbidden,
                "private_profile",
                None,
                "This profile is private. Only its followers can see it.",
            ),
            (
                UserError::UsernameTaken("ada".into()),
                ErrorKind::Conflict,
                "username_taken",
                Some(Subject::new("User", "username", "ada")),
                "The username ada is already in use. Choose another one.",
            ),
        ]);
    }
}
