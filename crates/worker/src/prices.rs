//! Updates the price book and prices messages without a price, for jobs and for `worker run-once prices`.

use std::sync::Arc;

use adapters_postgres::Database;
use bootstrap::adapters::price_source;
use bootstrap::prices::shipped;
use bootstrap::{Settings, StartupError};
use domain::deps::Deps;
use domain::jobs::JobError;
use domain::pricing::{
    Editions, MaxChangedShare, ModelNaming, PriceRefresh, PriceUpdate, PriceUpdateOutcome, PricingError,
};
use domain::usage::{Repriced, Repricing, UsageError};

/// The use cases of prices.
#[derive(Clone)]
pub struct Prices {
    /// `None` if fetching is off.
    refresh: Option<PriceRefresh>,
    editions: Editions,
    naming: ModelNaming,
    repricing: Repricing,
}

impl Prices {
    /// Uses the live table that `settings` name, and the prices in `database`. A TLS implementation must be installed for rustls.
    pub fn new(settings: &Settings, database: &Database, deps: &Deps) -> Result<Self, StartupError> {
        let most = MaxChangedShare::parse(settings.pricing.max_changed_share).ok_or_else(|| StartupError::Other {
            doing: "preparing to fetch prices",
            reason: "pricing.max_changed_share must be from 0 to 1".to_owned(),
        })?;
        let book = shipped();
        let refresh = price_source(settings)?.map(|source| PriceRefresh::new(deps.clone(), source, most));
        Ok(Self {
            refresh,
            editions: Editions::new(deps.clone(), Arc::clone(&book)),
            naming: ModelNaming::new(Arc::new(database.clone()), Arc::clone(&book)),
            repricing: Repricing::new(deps.clone(), book),
        })
    }

    /// Updates the book from the live table; `None` if fetching is off. An unavailable or refused table is an outcome, not an
    /// error.
    pub async fn refresh(&self) -> Result<Option<PriceUpdate>, PricingError> {
        let Some(refresh) = &self.refresh else { return Ok(None) };
        let update = refresh.run().await?;
        match &update.outcome {
            PriceUpdateOutcome::Applied | PriceUpdateOutcome::Unchanged => {
                tracing::info!(outcome = update.outcome.name(), %update, "price update finished");
            }
            PriceUpdateOutcome::Refused(_) | PriceUpdateOutcome::Failed(_) => {
                tracing::warn!(outcome = update.outcome.name(), %update, "price update failed");
            }
        }
        Ok(Some(update))
    }

    /// Sets the canonical names of models by the current edition; models are counted under these names.
    pub async fn name_models(&self) -> Result<usize, PricingError> {
        self.editions.follow().await?;
        let models = self.naming.run().await?;
        if models > 0 {
            tracing::info!(models, "canonical model names changed");
        }
        Ok(models)
    }

    /// Prices messages by the current edition until none without a price is left whose model it knows, or `stop` returns true.
    pub async fn reprice(&self, stop: impl Fn() -> bool) -> Result<Repriced, UsageError> {
        self.editions.follow().await?;
        let repriced = self.repricing.run(stop).await?;
        if repriced.messages > 0 {
            let Repriced { accounts, messages, cost } = repriced;
            tracing::info!(accounts, messages, usd = %cost, "unpriced messages priced");
        }
        Ok(repriced)
    }

    /// Updates the book and prices messages; passes a line about each to `print`. Returns false if the table was unavailable or
    /// refused.
    pub async fn once(&self, stop: impl Fn() -> bool, mut print: impl FnMut(String)) -> Result<bool, JobError> {
        let update = self.refresh().await.map_err(JobError::new)?;
        print(update.as_ref().map_or_else(|| "fetching prices is off (PRICING_URL)".to_owned(), ToString::to_string));
        self.name_models().await.map_err(JobError::new)?;
        print(self.reprice(stop).await.map_err(JobError::new)?.to_string());
        Ok(update.is_none_or(|update| update.outcome.reason().is_none()))
    }
}
