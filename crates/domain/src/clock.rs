//! The port for the current time, so that tests can set it.

use time::OffsetDateTime;

/// Returns the current time.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current instant in UTC, truncated to microseconds, the precision of the database.
    fn now(&self) -> OffsetDateTime;
}

/// A clock that always returns the same instant, for tests.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub OffsetDateTime);

#[cfg(any(test, feature = "testing"))]
impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}
