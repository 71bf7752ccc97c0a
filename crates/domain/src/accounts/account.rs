//! An account as its lock shows it.

use crate::achievements::ports::ProgressSums;
use crate::days::Zone;
use crate::ids::UserId;
use crate::progression::{EventXp, Level, xp};
use crate::referrals::ReferredBy;
use crate::usage::Sums;

/// The state of an account that its usage and progress depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The zone its days are counted in; `None` while its owner has set none, which counts as UTC.
    pub zone: Option<Zone>,
    /// Its lifetime totals.
    pub totals: Sums,
    /// How many days are active.
    pub active_days: u32,
    /// The longest run of active days ever.
    pub longest_streak: u32,
    /// XP awarded for events.
    pub event_xp: EventXp,
    /// How many achievements are unlocked.
    pub achievements: u32,
    /// By whom its owner came, if by somebody.
    pub referred_by: Option<ReferredBy>,
    /// Whether its derived rows follow the rules of an older release and are to be rebuilt before they are changed.
    pub is_rebuild_due: bool,
}

impl Account {
    /// How far it has come.
    pub fn level(&self) -> Level {
        Level::of(xp(self.totals.tokens, self.active_days, self.event_xp))
    }

    /// Who is still to be paid for its owner having come, if anybody.
    pub fn unpaid_referrer(&self) -> Option<UserId> {
        self.referred_by.filter(|by| !by.is_paid).map(|by| by.referrer)
    }

    /// What is kept of its progress.
    pub fn progress(&self) -> ProgressSums {
        let Self { active_days, longest_streak, event_xp, achievements, .. } = *self;
        ProgressSums { active_days, longest_streak, event_xp, achievements }
    }
}
