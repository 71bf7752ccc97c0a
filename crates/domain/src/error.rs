//! The kinds of errors, and the errors of the database. Each edge decides how to handle a kind.

use std::error::Error;

use time::Duration;

/// The kind of a failure, for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is invalid for every caller.
    Invalid,
    /// The caller is not authenticated.
    Unauthenticated,
    /// The caller is authenticated and has no permission.
    Forbidden,
    /// The object does not exist, or is hidden from the caller.
    NotFound,
    /// The object exists already, or changed meanwhile.
    Conflict,
    RateLimited {
        /// Until the next attempt is permitted.
        retry_after: Duration,
    },
    /// A dependency is unavailable; a later attempt may succeed.
    Unavailable,
    /// A defect of the program.
    Internal,
}

/// The object of an error, as the API names it in `details`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The kind of object, such as `User`.
    pub resource: &'static str,
    /// The field that was looked up or collided.
    pub field: &'static str,
    /// The value; `None` if echoing it would reveal something.
    pub value: Option<String>,
}

impl Subject {
    /// The `resource` whose `field` is `value`.
    pub fn new(resource: &'static str, field: &'static str, value: impl Into<String>) -> Self {
        Self { resource, field, value: Some(value.into()) }
    }

    /// The `resource` whose `field` collided, without the value.
    pub fn unnamed(resource: &'static str, field: &'static str) -> Self {
        Self { resource, field, value: None }
    }
}

/// An error of a use case. The text of [`ErrorKind::Unavailable`] and [`ErrorKind::Internal`] errors is for the log only.
pub trait DomainError: Error + Send + Sync + 'static {
    fn kind(&self) -> ErrorKind;

    /// A stable name for logs and metrics, in `snake_case`.
    fn code(&self) -> &'static str;

    /// The object concerned, if there is one.
    fn subject(&self) -> Option<Subject> {
        None
    }
}

/// Why the database did not execute a request.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable, or no connection is free; a later attempt may succeed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A unique constraint refused a row: another transaction was faster than an earlier check.
    #[error("a row collided with {constraint}")]
    Conflict {
        /// The constraint's name in the schema, such as `users_email_key`.
        constraint: String,
    },
    /// The database aborted the transaction because of others (a deadlock or a serialisation failure). Nothing was changed, and
    /// a retry may succeed (I10).
    #[error("the transaction collided with others: {0}")]
    Collided(String),
    /// The database refused, or returned something unexpected: a defect of the program.
    #[error("the database failed: {0}")]
    Internal(String),
}

impl StoreError {
    /// The code of [`Collided`](Self::Collided), which each context passes on.
    pub(crate) const COLLIDED: &'static str = "store_collided";
}

impl DomainError for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) | Self::Collided(_) => ErrorKind::Unavailable,
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store_unavailable",
            Self::Conflict { .. } => "store_conflict",
            Self::Collided(_) => Self::COLLIDED,
            Self::Internal(_) => "store_failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn store_errors_state_whether_retry_may_help() {
        assert_promises([
            (
                StoreError::Unavailable("away".into()),
                ErrorKind::Unavailable,
                "store_unavailable",
                None,
                "the database is not available: away",
            ),
            (
                StoreError::Conflict { constraint: "users_email_key".into() },
                ErrorKind::Conflict,
                "store_conflict",
                None,
                "a row collided with users_email_key",
            ),
            (
                StoreError::Collided("deadlock detected".into()),
                ErrorKind::Unavailable,
                "store_collided",
                None,
                "the transaction collided with others: deadlock detected",
            ),
            (
                StoreError::Internal("no such column".into()),
                ErrorKind::Internal,
                "store_failed",
                None,
                "the database failed: no such column",
            ),
        ]);
    }
}
