//! Errors of PostgreSQL in the terms of the domain.

use diesel::result::{DatabaseErrorKind, Error};
use domain::error::StoreError;
use thiserror::Error as ThisError;

/// Why no connection could be opened.
#[derive(Debug, Clone, ThisError)]
#[error("{message}")]
pub struct ConnectError {
    /// PostgreSQL's error code, where it answered at all (`28P01`: wrong password, `3D000`: no such database).
    pub sqlstate: Option<String>,
    /// The message of PostgreSQL or of the operating system.
    pub message: String,
}

/// A URL that cannot be used.
pub(crate) fn invalid_url(reason: &str) -> ConnectError {
    ConnectError { sqlstate: None, message: format!("invalid database URL: {reason}") }
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(error: tokio_postgres::Error) -> Self {
        let sqlstate = error.code().map(|code| code.code().to_owned());
        let reason = std::error::Error::source(&error).map(ToString::to_string);
        Self { sqlstate, message: reason.map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}")) }
    }
}

/// The domain's view of a failed statement.
pub(crate) fn store_error(error: Error) -> StoreError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
            StoreError::Conflict { constraint: info.constraint_name().unwrap_or_default().to_owned() }
        }
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, info) => {
            StoreError::Collided(info.message().to_owned())
        }
        // 40P01: diesel does not pass on this code.
        Error::DatabaseError(_, info) if info.message() == "deadlock detected" => {
            StoreError::Collided(info.message().to_owned())
        }
        // The connection is gone or the server shuts down: the statement may succeed later.
        Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection, info) => {
            StoreError::Unavailable(info.message().to_owned())
        }
        Error::DatabaseError(_, info) if is_going_away(info.message()) => {
            StoreError::Unavailable(info.message().to_owned())
        }
        Error::BrokenTransactionManager => StoreError::Unavailable("the transaction was cut off".to_owned()),
        other => StoreError::Internal(other.to_string()),
    }
}

/// Whether the same statement may succeed later: the server stops or starts (class 57P), has no connection left (53300), or
/// ended the statement for a time limit (55P03, 57014, 25P03). diesel passes on the text alone, not the error code.
fn is_going_away(message: &str) -> bool {
    [
        "terminating connection",
        "the database system is",
        "too many clients",
        "remaining connection slots",
        "canceling statement due to",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}
