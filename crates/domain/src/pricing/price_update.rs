//! An attempt to bring the price book up to date, as it is recorded.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

/// One attempt to bring the book up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceUpdate {
    /// Which attempt.
    pub id: Uuid,
    /// When; also the instant from which new rows are valid.
    pub at: OffsetDateTime,
    /// Where the table is.
    pub source: String,
    /// What its server calls this edition.
    pub etag: Option<String>,
    /// What came of it.
    pub outcome: PriceUpdateOutcome,
    /// Models with a usable price.
    pub listed: usize,
    /// Models that the book did not know; what would have been added where the table was refused.
    pub added: usize,
    /// Models whose price is another than before; what would have changed where the table was refused.
    pub changed: usize,
    /// How many entries were refused.
    pub refused: usize,
    /// The first of them, each with the reason.
    pub refusals: Vec<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceUpdateOutcome {
    /// The book has new rows.
    Applied,
    /// The table says what the book says already.
    Unchanged,
    /// The table as a whole was not believed, for this reason.
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

    /// Why, where something is wrong.
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
            PriceUpdateOutcome::Failed(reason) => write!(f, "prices as before: {reason}"),
            PriceUpdateOutcome::Refused(reason) => write!(f, "prices as before, the table was refused: {reason}"),
            PriceUpdateOutcome::Unchanged if *listed == 0 => f.write_str("prices as before: the table has not changed"),
            PriceUpdateOutcome::Unchanged => {
                write!(f, "prices as before: {listed} models listed, {refused} entries refused")
            }
            PriceUpdateOutcome::Applied => {
                write!(f, "{added} new models, {changed} new prices: {listed} models listed, {refused} entries refused")
            }
        }
    }
}
