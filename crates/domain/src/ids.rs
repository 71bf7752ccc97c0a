//! Identifiers that cannot be swapped, and the port that mints them.

use std::fmt;

use uuid::Uuid;

/// Mints identifiers and random secrets.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new time-ordered UUID (version 7).
    fn fresh(&self) -> Uuid;

    /// 256 bits from the operating system's random generator.
    fn secret(&self) -> [u8; 32];
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Names one account for good, whatever its username becomes.
    UserId
}
id! {
    /// Names one signed-in session.
    SessionId
}
id! {
    /// Names one achievement of the catalogue, the same in every instance.
    AchievementId
}
