//! A price override: a price set by an administrator, which precedes the tables.

use std::fmt;

use time::OffsetDateTime;

use super::rates::Prices;
use crate::administration::AuditReason;
use crate::ids::UserId;
use crate::usage::{ModelName, Provider};

/// The prices of a model by decision, from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOverride {
    /// The model, exactly as tools name it; it is not normalised.
    pub model: ModelName,
    /// `None` applies to every provider, and where the client names none.
    pub provider: Option<Provider>,
    /// Earlier decisions end here.
    pub valid_from: OffsetDateTime,
    /// Zeros are meant; `None` ends the override, and the tables count again.
    pub prices: Option<Prices>,
}

/// The ascending number of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceDecisionId(pub i64);

impl fmt::Display for PriceDecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An override with its author, time and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceDecision {
    pub id: PriceDecisionId,
    pub decided: PriceOverride,
    /// `None` once that account is purged.
    pub by: Option<UserId>,
    pub at: OffsetDateTime,
    pub reason: AuditReason,
}

/// A decision with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPriceDecision {
    pub decision: PriceDecision,
    /// Whether it is the last one on its model and provider and has prices, so that it can be ended.
    pub stands: bool,
}
