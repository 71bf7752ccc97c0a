//! Errors of mail.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError};

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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(_) => ErrorKind::Invalid,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Unwritten(_) => ErrorKind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "email_refused",
            Self::Unavailable(_) => "mail_unavailable",
            Self::Unwritten(_) => "email_unwritten",
            Self::Store(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn mail_errors_state_whether_retry_may_help() {
        assert_promises([
            (
                MailError::Refused("550 no such mailbox".into()),
                ErrorKind::Invalid,
                "email_refused",
                None,
                "the email is refused: 550 no such mailbox",
            ),
            (
                MailError::Unavailable("451 try later".into()),
                ErrorKind::Unavailable,
                "mail_unavailable",
                None,
                "the email cannot be sent now: 451 try later",
            ),
            (
                MailError::Unwritten("no such template".into()),
                ErrorKind::Internal,
                "email_unwritten",
                None,
                "the email could not be written: no such template",
            ),
        ]);
    }
}
