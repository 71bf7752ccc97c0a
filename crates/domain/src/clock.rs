//! The time, asked for through a port so that rules and tests own it.

use time::OffsetDateTime;

/// Tells the time.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current instant in UTC, cut to microseconds (what the database keeps).
    fn now(&self) -> OffsetDateTime;
}

/// A clock that always says the same instant; for tests.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub OffsetDateTime);

#[cfg(any(test, feature = "testing"))]
impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}
