use crate::achievements::ports::ProgressSums;
use crate::days::Zone;
use crate::ids::UserId;
use crate::progression::{EventXp, Level, xp};
use crate::referrals::ReferredBy;
use crate::usage::Sums;

/// The state of an account, as it is read under its lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The zone of its days; `None` counts as UTC.
    pub zone: Option<Zone>,
    /// The lifetime totals.
    pub totals: Sums,
    pub active_days: u32,
    /// The longest streak, in days.
    pub longest_streak: u32,
    /// The XP of events. XP of usage is computed.
    pub event_xp: EventXp,
    /// The number of unlocked achievements.
    pub achievements: u32,
    /// The account that referred this one.
    pub referred_by: Option<ReferredBy>,
    /// Whether the derived rows follow the rules of an older release. They must be rebuilt before they change.
    pub is_rebuild_due: bool,
}

impl Account {
    pub fn level(&self) -> Level {
        Level::of(xp(self.totals.tokens, self.active_days, self.event_xp))
    }

    /// The referring account, if the XP of the referral is not paid yet.
    pub fn unpaid_referrer(&self) -> Option<UserId> {
        self.referred_by.filter(|by| !by.is_paid).map(|by| by.referrer)
    }

    /// The stored sums of its progress.
    pub fn progress(&self) -> ProgressSums {
        let Self { active_days, longest_streak, event_xp, achievements, .. } = *self;
        ProgressSums { active_days, longest_streak, event_xp, achievements }
    }
}
