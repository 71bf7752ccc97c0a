//! Deletion of accounts: an account can be restored for a while and is purged after it.

use std::ops::AddAssign;

use time::{Duration, OffsetDateTime};

/// How long a deleted account can be restored, by signing in.
pub const GRACE_PERIOD: Duration = Duration::days(30);

/// Whether an account is active or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Here,
    /// Deleted at this instant.
    Left(OffsetDateTime),
    /// Hidden by an administrator.
    Suspended,
}

/// Why an administrator hid an account. It is hidden like a deleted one, and signing in does not restore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspension {
    /// Kept until an administrator enables it.
    Disabled,
    /// Purged after the grace period.
    Deleted,
}

impl Suspension {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

impl Presence {
    /// Whether a sign-in is possible at `now`.
    pub fn can_sign_in(self, now: OffsetDateTime) -> bool {
        match self {
            Self::Here => true,
            Self::Left(at) => at > gone_by(now),
            Self::Suspended => false,
        }
    }
}

/// Accounts deleted at this instant or before cannot be restored at `now`.
pub fn gone_by(now: OffsetDateTime) -> OffsetDateTime {
    now - GRACE_PERIOD
}

/// The purged rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PurgeReport {
    /// Accounts with everything they owned.
    pub accounts: u64,
    /// Messages of their ledgers.
    pub messages: u64,
    /// Rows of any other kind.
    pub others: u64,
}

impl AddAssign for PurgeReport {
    fn add_assign(&mut self, other: Self) {
        self.accounts += other.accounts;
        self.messages += other.messages;
        self.others += other.others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn presence_deleted_account_can_sign_in_for_30_days() {
        let now = datetime!(2026-11-22 12:00 UTC);
        for (presence, can_sign_in) in [
            (Presence::Here, true),
            (Presence::Left(now), true),
            (Presence::Left(now + Duration::minutes(1)), true),
            (Presence::Left(now - GRACE_PERIOD + Duration::MICROSECOND), true),
            (Presence::Left(now - GRACE_PERIOD), false),
            (Presence::Left(OffsetDateTime::UNIX_EPOCH), false),
            (Presence::Suspended, false),
        ] {
            assert_eq!(presence.can_sign_in(now), can_sign_in, "{presence:?}");
        }
        assert_eq!(gone_by(datetime!(2026-03-31 0:00 UTC)), datetime!(2026-03-01 0:00 UTC), "days, not months");
    }
}
