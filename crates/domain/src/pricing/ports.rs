//! What prices need from outside.

use async_trait::async_trait;
use thiserror::Error;
use time::OffsetDateTime;

use super::current::Edition;
use super::line::PriceRow;
use super::price_override::{Decision, DecisionId, Override};
use super::price_update::PriceUpdate;
use super::table::TableEntry;
use super::unpriced_model::UnpricedModel;
use crate::administration::Reason;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::usage::{Model, ModelName, Provider};

/// The live price table.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PriceSource: Send + Sync {
    /// Where it is, without anything secret.
    fn address(&self) -> &str;

    /// The table as it is now, unless it is still the edition that its server calls `known`.
    async fn fetch(&self, known: Option<String>) -> Result<Fetched, SourceError>;
}

/// What a source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The edition that is known already.
    Unchanged,
    /// A table.
    Table {
        /// What its server calls this edition, if it says so.
        etag: Option<String>,
        /// All entries.
        entries: Vec<TableEntry>,
    },
}

/// Why there is no table; the text is for operators.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The source cannot be reached or does not answer; asking later may help.
    #[error("the price table cannot be had: {0}")]
    Unavailable(String),
    /// What it answered is no price table.
    #[error("this is no price table: {0}")]
    Nonsense(String),
}

/// Where the last table that was accepted came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The address.
    pub source: Option<String>,
    /// What its server calls that edition.
    pub etag: Option<String>,
    /// How many models it priced.
    pub listed: Option<usize>,
}

/// Changes the prices that are stored. Every method but the first expects the lock to be held, unless it says otherwise.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PriceRepository: Send {
    /// Waits until nobody else changes prices, and keeps it so until the end of the transaction.
    async fn lock(&mut self) -> Result<Origin, StoreError>;

    /// The rows from live tables, in the order of their instants.
    async fn live_rows(&mut self) -> Result<Vec<PriceRow>, StoreError>;

    /// Stores rows from a live table, known at `now`.
    async fn insert_live(&mut self, rows: &[PriceRow], now: OffsetDateTime) -> Result<(), StoreError>;

    /// Notes where the last accepted table came from.
    async fn set_origin(&mut self, origin: &Origin) -> Result<(), StoreError>;

    /// Stores what the administrator `by` decided at `now`; returns which decision it is.
    async fn insert_decision(
        &mut self,
        decided: &Override,
        by: UserId,
        now: OffsetDateTime,
        reason: &Reason,
    ) -> Result<DecisionId, StoreError>;

    /// What was decided by the decision `id`.
    async fn decision(&mut self, id: DecisionId) -> Result<Option<Override>, StoreError>;

    /// Which decision was the last for exactly this model and provider.
    async fn last_decision(
        &mut self,
        model: &ModelName,
        provider: Option<Provider>,
    ) -> Result<Option<DecisionId>, StoreError>;

    /// Opens the next edition of the book, which other processes will notice; returns it.
    async fn next_edition(&mut self) -> Result<Edition, StoreError>;

    /// Records an attempt to bring the book up to date. Needs no lock.
    async fn insert_update(&mut self, update: &PriceUpdate) -> Result<(), StoreError>;
}

/// The names of models that are stored, each with its provider, and the canonical names that models are counted by.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ModelNames: Send + Sync {
    /// All of them; `None` is a canonical name that was never computed.
    async fn named(&self) -> Result<Vec<(Model, Option<ModelName>)>, StoreError>;

    /// Gives models other canonical names, in one statement.
    async fn name(&self, names: &[(Model, ModelName)]) -> Result<(), StoreError>;
}

/// The prices that are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredPrices {
    /// Which edition this is, or an earlier one.
    pub edition: Edition,
    /// The rows from live tables.
    pub rows: Vec<PriceRow>,
    /// What administrators decided, in the order in which they did.
    pub overrides: Vec<Override>,
}

/// Reads the prices that are stored, and what has none.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PriceReader: Send + Sync {
    /// The edition that is stored. Cheap: one row by its key.
    async fn edition(&self) -> Result<Edition, StoreError>;

    /// Everything that is stored of prices.
    async fn stored(&self) -> Result<StoredPrices, StoreError>;

    /// What administrators decided, in the order in which they did.
    async fn decisions(&self) -> Result<Vec<Decision>, StoreError>;

    /// The latest attempts to bring the book up to date, the last one first.
    async fn updates(&self, limit: u32) -> Result<Vec<PriceUpdate>, StoreError>;

    /// The models of messages without a price, those with the most tokens first. Of accounts that are there.
    async fn unpriced_models(&self, limit: u32) -> Result<Vec<UnpricedModel>, StoreError>;
}
