//! The record of an attempt to update the price book.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

/// An attempt to update the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceUpdate {
    pub id: Uuid,
    /// Also the instant from which new rows are valid.
    pub at: OffsetDateTime,
    /// The address of the table.
    pub source: String,
    /// The `ETag` of this edition.
    pub etag: Option<String>,
    pub outcome: PriceUpdateOutcome,
    /// Models with a usable price.
    pub listed: usize,
    /// Models that the book did not know. If the table was refused, those that it would have added.
    pub added: usize,
    /// Models with another price than before. If the table was refused, those that it would have changed.
    pub changed: usize,
    pub refused: usize,
    /// The first refused entries, each with the reason.
    pub refusals: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceUpdateOutcome {
    /// The book has new rows.
    Applied,
    /// The table has no new prices.
    Unchanged,
    /// The table was refused as a whole, for this reason.
    Refused(String),
    /// There was no table, for this reason.
    Failed(String),
}

impl PriceUpdateOutcome {
    /// Its name in the database and in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
        }
    }

    /// The outcome of this name; `reason` is for those that have one.
    pub fn named(name: &str, reason: String) -> Option<Self> {
        let all = [Self::Applied, Self::Unchanged, Self::Refused(reason.clone()), Self::Failed(reason)];
        all.into_iter().find(|outcome| outcome.name() == name)
    }

    /// The reason of a refusal or failure.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Applied | Self::Unchanged => None,
            Self::Refused(reason) | Self::Failed(reason) => Some(reason),
        }
    }
}

impl fmt::Display for PriceUpdate {
    /// One line for an operator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listed, added, changed, refused, .. } = self;
        match &self.outcome {
            PriceUpdateOutcome::Failed(reason) => write!(f, "prices unchanged: {reason}"),
            PriceUpdateOutcome::Refused(reason) => write!(f, "prices unchanged, the table was refused: {reason}"),
            PriceUpdateOutcome::Unchanged if *listed == 0 => f.write_str("prices unchanged: the table has not changed"),
            PriceUpdateOutcome::Unchanged => {
                write!(f, "prices unchanged: {listed} models listed, {refused} entries refused")
            }
            PriceUpdateOutcome::Applied => {
                write!(f, "{added} new models, {changed} new prices: {listed} models listed, {refused} entries refused")
            }
        }
    }
}
