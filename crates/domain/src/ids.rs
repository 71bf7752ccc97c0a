//! Typed identifiers, and the port that creates them.

use std::fmt;

use uuid::Uuid;

/// Creates identifiers and random secrets.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new time-ordered UUID (version 7).
    fn fresh(&self) -> Uuid;

    /// 256 bits from the operating system's random generator.
    fn secret(&self) -> [u8; 32];
}

/// Ascending ids, each used once in the process, for tests.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingIds;

#[cfg(any(test, feature = "testing"))]
impl Ids for CountingIds {
    fn fresh(&self) -> Uuid {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 32);
        Uuid::from_u128(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).into())
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(self.fresh().as_bytes());
        secret
    }
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
    /// Permanent; the username can change.
    UserId
}
id! {
    SessionId
}
id! {
    ApiTokenId
}
id! {
    InvitationId
}
id! {
    ActivityId
}
id! {
    NotificationId
}
id! {
    ProjectId
}
id! {
    JobId
}
id! {
    /// The same on every instance.
    AchievementId
}
