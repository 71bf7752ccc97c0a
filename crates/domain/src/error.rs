//! What kinds of failure there are; each edge decides what to do with a kind.

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
