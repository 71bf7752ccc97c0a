//! What a person's referrals have come to.

use time::OffsetDateTime;

use crate::ids::UserId;
use crate::progression::{EventXp, Level};
use crate::users::{Username, WebUrl};

/// How many referred people are listed.
pub const LISTED: u32 = 100;

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferralStats {
    /// How many people came, by level, the nearest first.
    pub totals: [u64; 3],
    /// The XP paid for them.
    pub xp: EventXp,
    /// Those who came by the person's own code, the newest first, up to [`LISTED`].
    pub people: Vec<ReferredPerson>,
    /// Who followed the link.
    pub clicks: ClickStats,
}

/// Somebody who came by the person's own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredPerson {
    /// The account.
    pub id: UserId,
    /// Its username.
    pub username: Username,
    /// The name to show.
    pub name: Option<String>,
    /// The picture.
    pub image: Option<WebUrl>,
    /// The rest; `None` when their profile is private and not for the referrer.
    pub seen: Option<ReferredSeen>,
}

/// What is told of a referred person whose profile the referrer may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferredSeen {
    /// How far they have come.
    pub level: Level,
    /// When they signed up by the code, or named it.
    pub joined_at: OffsetDateTime,
    /// Whether they have ever synced a message.
    pub is_active: bool,
    /// The XP that the referrer was paid for them.
    pub xp: EventXp,
}

/// Who followed the link of a code: one visitor counts once a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClickStats {
    /// How many clicks.
    pub total: u64,
    /// For how many somebody signed up.
    pub converted: u64,
}

impl ClickStats {
    /// The share of clicks for which somebody signed up, 0 to 1; 0 without clicks.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn conversion_rate(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.converted as f64 / self.total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_click_converts_nobody() {
        for (total, converted, rate) in [(0, 0, 0.0), (4, 0, 0.0), (4, 1, 0.25), (4, 4, 1.0)] {
            assert!(
                (ClickStats { total, converted }.conversion_rate() - rate).abs() < f64::EPSILON,
                "{converted}/{total}"
            );
        }
    }
}
