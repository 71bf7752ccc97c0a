//! The results of an account's referrals.

use time::OffsetDateTime;

use crate::ids::UserId;
use crate::progression::{EventXp, Level};
use crate::users::{Username, WebUrl};

/// The most referred accounts that are listed.
pub const MAX_LISTED_USERS: u32 = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferralStats {
    /// The referred accounts by level, the nearest first.
    pub totals: [u64; 3],
    /// The XP paid for them.
    pub xp: EventXp,
    /// The accounts that came by this account's own code, newest first, up to [`MAX_LISTED_USERS`].
    pub people: Vec<ReferredUser>,
    pub clicks: ClickStats,
}

/// An account that came by this account's own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredUser {
    pub id: UserId,
    pub username: Username,
    /// The display name.
    pub name: Option<String>,
    pub image: Option<WebUrl>,
    /// `None` if the profile is private and the referrer does not follow it.
    pub seen: Option<ReferredDetails>,
}

/// The fields of a referred account that only a visible profile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferredDetails {
    pub level: Level,
    /// When the code was used.
    pub joined_at: OffsetDateTime,
    /// Whether the account has ever synced a message.
    pub is_active: bool,
    /// The XP that the referrer was paid for it.
    pub xp: EventXp,
}

/// Clicks on the link of a code. A visitor counts once a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClickStats {
    pub total: u64,
    /// The clicks that led to a registration.
    pub converted: u64,
}

impl ClickStats {
    /// The share of converted clicks, 0 to 1; 0 without clicks.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn conversion_rate(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.converted as f64 / self.total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_rate_without_clicks_is_zero() {
        for (total, converted, rate) in [(0, 0, 0.0), (4, 0, 0.0), (4, 1, 0.25), (4, 4, 1.0)] {
            assert!(
                (ClickStats { total, converted }.conversion_rate() - rate).abs() < f64::EPSILON,
                "{converted}/{total}"
            );
        }
    }
}
