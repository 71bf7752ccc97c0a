//! The result of a sync.

use super::batch::Warning;
use super::intake::Rejection;
use super::names::ModelName;
use crate::achievements::Unlock;
use crate::money::Usd;
use crate::progression::{Level, SettleOutcome};
use crate::streaks::Streak;

/// The figures of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSummary {
    /// Lifetime tokens.
    pub tokens: i64,
    /// Lifetime cost, without unpriced tokens.
    pub cost: Usd,
    /// The current streaks.
    pub streak: Streak,
    pub level: Level,
    pub achievements: u32,
    /// The rank on the newest board of all time by tokens.
    pub rank: Option<u32>,
}

impl AccountSummary {
    pub(crate) fn of(earned: &SettleOutcome) -> Self {
        let SettleOutcome { account, streak, rank, .. } = earned;
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

/// The result of a sync. `received = new + updated + duplicates + rejected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport {
    pub received: usize,
    /// Messages stored for the first time.
    pub new: usize,
    /// Messages that replaced the stored copy.
    pub updated: usize,
    /// Messages that were known already, superseded by another copy, or set aside by a handover.
    pub duplicates: usize,
    /// The duplicates that a handover of this machine sets aside.
    pub set_aside: usize,
    /// Stored messages that left the ledger because of this sync's handover.
    pub handed_over: u64,
    pub rejected: usize,
    /// The first hundred rejections.
    pub rejections: Vec<Rejection>,
    /// Created roll-up rows.
    pub new_rollups: usize,
    /// Changed roll-up rows.
    pub updated_rollups: usize,
    /// The sent models without a price, by name.
    pub unpriced_models: Vec<ModelName>,
    /// Invalid parts of the request that were ignored.
    pub warnings: Vec<Warning>,
    pub standing: AccountSummary,
    /// Whether this sync raised the level.
    pub leveled_up: bool,
    /// The achievements unlocked by this sync, each once.
    pub unlocks: Vec<Unlock>,
}
