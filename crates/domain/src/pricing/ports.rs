//! Ports of pricing.

use async_trait::async_trait;
use thiserror::Error;
use time::OffsetDateTime;

use super::current::Edition;
use super::line::PriceRow;
use super::price_override::{PriceDecision, PriceDecisionId, PriceOverride};
use super::price_update::PriceUpdate;
use super::table::TableEntry;
use super::unpriced_model::UnpricedModel;
use crate::administration::AuditReason;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::usage::{Model, ModelName, Provider};

/// The live price table.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PriceSource: Send + Sync {
    /// The address without secrets.
    fn address(&self) -> &str;

    /// The current table, unless its `ETag` is still `known`.
    async fn fetch(&self, known: Option<String>) -> Result<FetchOutcome, SourceError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// The known edition.
    Unchanged,
    Table {
        /// The `ETag` of this edition, if any.
        etag: Option<String>,
        entries: Vec<TableEntry>,
    },
}

/// Why there is no table; the text is for operators.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The source cannot be reached or does not answer; a later attempt may succeed.
    #[error("the price table is not available: {0}")]
    Unavailable(String),
    /// The answer is not a price table.
    #[error("the answer is not a price table: {0}")]
    Nonsense(String),
}

/// The origin of the last accepted table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableOrigin {
    pub source: Option<String>,
    /// The `ETag` of that edition.
    pub etag: Option<String>,
    /// The models with a price in it.
    pub listed: Option<usize>,
}

/// Changes the stored prices. Every method but the first expects the lock, unless stated otherwise.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PriceRepository: Send {
    /// Takes the lock of prices until the end of the transaction.
    async fn lock(&mut self) -> Result<TableOrigin, StoreError>;

    /// The rows from live tables, ascending by instant.
    async fn live_rows(&mut self) -> Result<Vec<PriceRow>, StoreError>;

    /// Stores rows from a live table, known at `now`.
    async fn insert_live(&mut self, rows: &[PriceRow], now: OffsetDateTime) -> Result<(), StoreError>;

    /// Records the origin of the last accepted table.
    async fn set_origin(&mut self, origin: &TableOrigin) -> Result<(), StoreError>;

    /// Stores the decision of the administrator `by` at `now`; returns its number.
    async fn insert_decision(
        &mut self,
        decided: &PriceOverride,
        by: UserId,
        now: OffsetDateTime,
        reason: &AuditReason,
    ) -> Result<PriceDecisionId, StoreError>;

    async fn decision(&mut self, id: PriceDecisionId) -> Result<Option<PriceOverride>, StoreError>;

    /// The last decision on exactly this model and provider.
    async fn last_decision(
        &mut self,
        model: &ModelName,
        provider: Option<Provider>,
    ) -> Result<Option<PriceDecisionId>, StoreError>;

    /// Starts the next edition of the book, which other processes will notice; returns it.
    async fn next_edition(&mut self) -> Result<Edition, StoreError>;

    /// Records an attempt to update the book. Needs no lock.
    async fn insert_update(&mut self, update: &PriceUpdate) -> Result<(), StoreError>;
}

/// Stored models with their provider, and their canonical names.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ModelNames: Send + Sync {
    /// All models; `None` is a name that was never computed.
    async fn named(&self) -> Result<Vec<(Model, Option<ModelName>)>, StoreError>;

    /// Sets canonical names, in one statement.
    async fn name(&self, names: &[(Model, ModelName)]) -> Result<(), StoreError>;
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredPrices {
    /// This edition, or an earlier one.
    pub edition: Edition,
    /// The rows from live tables.
    pub rows: Vec<PriceRow>,
    /// The decisions of administrators, in order.
    pub overrides: Vec<PriceOverride>,
}

/// Reads the stored prices and the unpriced models.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PriceReader: Send + Sync {
    /// The stored edition. Cheap: one row by its key.
    async fn edition(&self) -> Result<Edition, StoreError>;

    async fn stored(&self) -> Result<StoredPrices, StoreError>;

    /// The decisions of administrators, in order.
    async fn decisions(&self) -> Result<Vec<PriceDecision>, StoreError>;

    /// The latest attempts to update the book, the last one first.
    async fn updates(&self, limit: u32) -> Result<Vec<PriceUpdate>, StoreError>;

    /// The models of messages without a price, of active accounts, those with the most tokens first.
    async fn unpriced_models(&self, limit: u32) -> Result<Vec<UnpricedModel>, StoreError>;
}
