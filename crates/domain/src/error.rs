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
    /// The database aborted the transaction in favour of another; an attempt at once may succeed (I10).
    Collided,
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

/// What an edge needs to know of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDetails {
    pub kind: ErrorKind,
    /// The object concerned, if there is one.
    pub subject: Option<Subject>,
}

impl From<ErrorKind> for ErrorDetails {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, subject: None }
    }
}

impl ErrorKind {
    /// An error of this kind about the `resource` whose `field` is `value`.
    pub(crate) fn about(
        self,
        resource: &'static str,
        field: &'static str,
        value: &(impl ToString + ?Sized),
    ) -> ErrorDetails {
        ErrorDetails { kind: self, subject: Some(Subject { resource, field, value: Some(value.to_string()) }) }
    }

    /// An error of this kind about the `field` of a `resource`, without the value.
    pub(crate) fn in_field(self, resource: &'static str, field: &'static str) -> ErrorDetails {
        ErrorDetails { kind: self, subject: Some(Subject { resource, field, value: None }) }
    }
}

/// An error of a use case. The text of an error that is not the caller's (unavailable, collided, internal) is for the log only.
pub trait DomainError: Error + Send + Sync + 'static {
    fn details(&self) -> ErrorDetails;

    fn kind(&self) -> ErrorKind {
        self.details().kind
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

impl DomainError for StoreError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::Unavailable(_) => ErrorKind::Unavailable.into(),
            Self::Conflict { .. } => ErrorKind::Conflict.into(),
            Self::Collided(_) => ErrorKind::Collided.into(),
            Self::Internal(_) => ErrorKind::Internal.into(),
        }
    }
}
