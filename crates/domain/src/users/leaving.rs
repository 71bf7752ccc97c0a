//! Leaving: an account that its owner deletes can come back for a while, and is gone for good after it.

use std::ops::AddAssign;

use time::{Duration, OffsetDateTime};

/// How long an account that was deleted can come back: its owner signs in.
pub const GRACE: Duration = Duration::days(30);

/// Whether an account is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// Its owner deleted it at this instant.
    Left(OffsetDateTime),
}

impl Presence {
    /// Whether its owner may sign in at `now`.
    pub fn can_sign_in(self, now: OffsetDateTime) -> bool {
        match self {
            Self::Here => true,
            Self::Left(at) => at > gone_by(now),
        }
    }
}

/// Accounts that were deleted at this instant or before are gone for good at `now`.
pub fn gone_by(now: OffsetDateTime) -> OffsetDateTime {
    now - GRACE
}

/// What was removed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Accounts, with everything they owned.
    pub accounts: u64,
    /// Messages of their ledgers.
    pub messages: u64,
    /// Rows of any other kind.
    pub others: u64,
}

impl AddAssign for Purged {
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
    fn who_left_may_come_back_for_thirty_days_and_not_a_moment_longer() {
        let now = datetime!(2026-11-22 12:00 UTC);
        for (presence, can_sign_in) in [
            (Presence::Here, true),
            (Presence::Left(now), true),
            (Presence::Left(now + Duration::minutes(1)), true),
            (Presence::Left(now - GRACE + Duration::MICROSECOND), true),
            (Presence::Left(now - GRACE), false),
            (Presence::Left(OffsetDateTime::UNIX_EPOCH), false),
        ] {
            assert_eq!(presence.can_sign_in(now), can_sign_in, "{presence:?}");
        }
        assert_eq!(gone_by(datetime!(2026-03-31 0:00 UTC)), datetime!(2026-03-01 0:00 UTC), "days, not months");
    }
}
