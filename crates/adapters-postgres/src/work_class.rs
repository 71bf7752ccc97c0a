//! Classes of work, each with connections of its own and limits on how long PostgreSQL waits for it.

use std::time::Duration;

/// What the connections of a pool are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkClass {
    /// Requests of clients.
    Requests,
    /// Authentication, sign-in and registration.
    SignIn,
    /// Whether the database answers.
    Health,
    /// Jobs of the worker, and commands of an operator.
    Jobs,
}

/// Time limits of PostgreSQL. Beyond them a request gets 503 and a job is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Waiting for one lock.
    lock: Duration,
    /// One statement.
    statement: Duration,
    /// A transaction without a running statement.
    idle_in_transaction: Duration,
}

impl WorkClass {
    pub(crate) const fn timeouts(self) -> Timeouts {
        let (lock, statement, idle_in_transaction) = match self {
            // A sync waits for the one before it of the same account, which may be a whole history.
            Self::Requests => (20, 30, 60),
            Self::SignIn => (5, 10, 30),
            Self::Health => (2, 2, 2),
            // A refresh of the boards of a million accounts is one transaction.
            Self::Jobs => (300, 900, 300),
        };
        Timeouts {
            lock: Duration::from_secs(lock),
            statement: Duration::from_secs(statement),
            idle_in_transaction: Duration::from_secs(idle_in_transaction),
        }
    }
}

impl Timeouts {
    /// The statements that set them for a connection.
    pub(crate) fn as_sql(self) -> String {
        format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            self.lock.as_millis(),
            self.statement.as_millis(),
            self.idle_in_transaction.as_millis()
        )
    }
}
