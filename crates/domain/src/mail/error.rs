//! Errors of mail.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};

/// Why an email was not sent. The reasons are for an operator and contain no secrets.
#[derive(Debug, Error)]
pub enum MailError {
    /// The mail server refuses the email permanently: a retry would fail too.
    #[error("the email is refused: {0}")]
    Refused(String),
    /// The mail server is unreachable, refuses temporarily, or rejects the login.
    #[error("the email cannot be sent now: {0}")]
    Unavailable(String),
    /// The email could not be rendered: a defect of the program.
    #[error("the email could not be written: {0}")]
    Unwritten(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for MailError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::Refused(_) => ErrorKind::Invalid.into(),
            Self::Unavailable(_) => ErrorKind::Unavailable.into(),
            Self::Unwritten(_) => ErrorKind::Internal.into(),
            Self::Store(error) => error.details(),
        }
    }
}
