//! Errors of PostgreSQL in the terms of the domain.

use diesel::result::{DatabaseErrorKind, Error};
use domain::error::StoreError;
use thiserror::Error as ThisError;

use crate::error_codes::split_code;

/// Why no connection could be opened, or why PostgreSQL refused a statement of the start.
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
        if let Some(refused) = error.as_db_error() {
            let (_, text) = split_code(refused.message());
            let message = format!("{}: {text}", refused.severity());
            return Self { sqlstate: Some(refused.code().code().to_owned()), message };
        }
        let reason = std::error::Error::source(&error).map(ToString::to_string);
        Self {
            sqlstate: None,
            message: reason.map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}")),
        }
    }
}

impl From<&Error> for ConnectError {
    fn from(error: &Error) -> Self {
        let message = match error {
            Error::DatabaseError(_, info) => info.message().to_owned(),
            other => other.to_string(),
        };
        let (sqlstate, text) = split_code(&message);
        Self { sqlstate: sqlstate.map(str::to_owned), message: text.to_owned() }
    }
}

/// The domain's view of a failed statement.
pub(crate) fn store_error(error: Error) -> StoreError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
            StoreError::Conflict { constraint: info.constraint_name().unwrap_or_default().to_owned() }
        }
        // The connection is gone: the statement may succeed later.
        Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection, info) => {
            StoreError::Unavailable(info.message().to_owned())
        }
        Error::DatabaseError(_, info) => {
            let message = info.message().to_owned();
            let (code, _) = split_code(&message);
            match code {
                Some(code) if code.starts_with("40") => StoreError::Collided(message),
                Some(code) if passes(code) => StoreError::Unavailable(message),
                _ => StoreError::Internal(message),
            }
        }
        Error::BrokenTransactionManager => StoreError::Unavailable("the transaction was cut off".to_owned()),
        other => StoreError::Internal(other.to_string()),
    }
}

/// Whether the statement that failed with this SQLSTATE may succeed later, because the cause is the state of the server (appendix A
/// of the PostgreSQL manual).
fn passes(code: &str) -> bool {
    // Connection; resources such as disk, memory and connections; the server stops, starts, or cancelled the statement.
    const CLASSES: [&str; 3] = ["08", "53", "57"];
    // The server is a standby, or was made read-only because its disk is nearly full; a time limit of a transaction; a lock that was
    // not available in time.
    const CODES: [&str; 4] = ["25006", "25P03", "25P04", "55P03"];
    CLASSES.iter().any(|class| code.starts_with(class)) || CODES.contains(&code)
}
