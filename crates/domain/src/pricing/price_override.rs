//! An override: the price of a model that an administrator decides, which comes before whatever a table says.

use std::fmt;

use time::OffsetDateTime;

use super::rates::Prices;
use crate::administration::Reason;
use crate::ids::UserId;
use crate::usage::{ModelName, Provider};

/// What a model costs by decision, from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The model, exactly as tools name it; no normalisation applies.
    pub model: ModelName,
    /// Whose price it is; `None` is anybody's, also where the client names no provider.
    pub provider: Option<Provider>,
    /// From when on, whatever was decided before for the time after it.
    pub valid_from: OffsetDateTime,
    /// The prices, of which zeros are meant; `None` ends the override, and the tables count again.
    pub prices: Option<Prices>,
}

/// Numbers what was decided, in the order in which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(pub i64);

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An override with who decided it, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which decision it is.
    pub id: DecisionId,
    /// What was decided.
    pub decided: Override,
    /// By whom; `None` once that account is gone for good.
    pub by: Option<UserId>,
    /// When.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: Reason,
}

/// A decision among all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDecision {
    /// The decision.
    pub decision: Decision,
    /// Whether it is the last word on its model and provider, and not the end of an override: what can be ended.
    pub stands: bool,
}
