//! What a sync is answered with.

use super::batch::Warning;
use super::intake::Rejection;
use super::names::ModelName;
use crate::achievements::Unlock;
use crate::money::Usd;
use crate::progression::{Earned, Level};
use crate::streaks::Streak;

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its lifetime tokens.
    pub tokens: i64,
    /// Its lifetime cost, without unpriced tokens.
    pub cost: Usd,
    /// Its streaks as of now.
    pub streak: Streak,
    /// Its XP and level.
    pub level: Level,
    /// How many achievements are unlocked.
    pub achievements: u32,
    /// Its rank on the newest board of all time by tokens; `None` when it has none.
    pub rank: Option<u32>,
}

impl AccountSummary {
    /// Where an account stands after a change.
    pub(crate) fn of(earned: &Earned) -> Self {
        let Earned { account, streak, rank, .. } = earned;
        Self {
            tokens: account.totals.tokens,
            cost: account.totals.cost,
            streak: *streak,
            level: account.level(),
            achievements: account.achievements,
            rank: *rank,
        }
    }
}

/// What a sync did. `received = new + updated + duplicates + rejected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport {
    /// How many messages were sent.
    pub received: usize,
    /// How many were stored for the first time.
    pub new: usize,
    /// How many replaced the stored copy.
    pub updated: usize,
    /// How many were known already, or lost to another copy.
    pub duplicates: usize,
    /// How many were set aside.
    pub rejected: usize,
    /// The first hundred of them.
    pub rejections: Vec<Rejection>,
    /// How many roll-up rows came into being.
    pub new_rollups: usize,
    /// How many roll-up rows changed.
    pub updated_rollups: usize,
    /// The sent models that have no price, by name.
    pub unpriced_models: Vec<ModelName>,
    /// What was wrong with the request and was ignored.
    pub warnings: Vec<Warning>,
    /// Where the account stands now.
    pub standing: AccountSummary,
    /// Whether this sync reached a higher level.
    pub leveled_up: bool,
    /// What this sync unlocked, each achievement once.
    pub unlocks: Vec<Unlock>,
}
