//! What kinds of failure there are, and those of the database; each edge decides what to do with a kind.

use std::error::Error;

use time::Duration;

/// What went wrong, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request makes no sense, whoever asks.
    Invalid,
    /// Who asks is not known.
    Unauthenticated,
    /// Who asks is known and may not.
    Forbidden,
    /// The thing asked for does not exist, or not for the caller.
    NotFound,
    /// The thing exists already, or changed meanwhile.
    Conflict,
    /// Too much, too fast.
    RateLimited {
        /// How long until it may be tried again.
        retry_after: Duration,
    },
    /// Something this needs is away for now; a later try may succeed.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// The thing an error is about, as the API names it in `details`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The kind of thing, such as `User`.
    pub resource: &'static str,
    /// The field that was looked up or collided.
    pub field: &'static str,
    /// The value asked for; `None` where echoing it would tell a stranger something.
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
    /// What kind of failure this is.
    fn kind(&self) -> ErrorKind;

    /// A stable name for logs and metrics, in `snake_case`.
    fn code(&self) -> &'static str;

    /// What it is about, where it is about one thing.
    fn subject(&self) -> Option<Subject> {
        None
    }
}

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or has no connection free; asking later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A unique constraint refused a row; a race that an earlier check lost.
    #[error("a row collided with {constraint}")]
    Conflict {
        /// The constraint's name in the schema, such as `users_email_key`.
        constraint: String,
    },
    /// It gave the transaction up because it collided with others (a deadlock, or changes that cannot be put in an order):
    /// nothing was changed, and the same again may succeed.
    #[error("the transaction collided with others: {0}")]
    Collided(String),
    /// It refused, or answered something that makes no sense: a defect of ours.
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
    fn each_error_of_the_store_says_whether_asking_later_may_help() {
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
