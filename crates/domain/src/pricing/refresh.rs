//! Updates the price book from the live table. A new model or another price gets a row from now on; an implausible table changes
//! nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use time::OffsetDateTime;

use super::book::PriceBook;
use super::error::PricingError;
use super::line::PriceRow;
use super::ports::{FetchOutcome, PriceSource, SourceError, TableOrigin};
use super::price_update::{PriceUpdate, PriceUpdateOutcome};
use super::rates::Prices;
use super::table::{PriceTable, TableEntry};
use crate::deps::Deps;
use crate::usage::{ModelName, Provider};

/// The refused entries that are recorded by name.
const NAMED_REFUSALS: usize = 100;

/// The largest share of known prices that one table may change, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct MaxChangedShare(f64);

impl MaxChangedShare {
    /// A share from 0 to 1; `None` for any other number.
    pub fn parse(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// Whether `changed` of `known` exceeds the share.
    fn is_exceeded(self, changed: usize, known: usize) -> bool {
        let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        float(changed) > self.0 * float(known)
    }
}

/// Updates the book from the live table.
#[derive(Clone)]
pub struct PriceRefresh {
    deps: Deps,
    source: Arc<dyn PriceSource>,
    most: MaxChangedShare,
}

impl PriceRefresh {
    /// Fetches from `source`; a table that changes more than the share `most` is refused.
    pub fn new(deps: Deps, source: Arc<dyn PriceSource>, most: MaxChangedShare) -> Self {
        Self { deps, source, most }
    }

    /// Fetches the table and stores its new rows. Returns the outcome, which is recorded too; a failed source is an outcome, not
    /// an error. Concurrent runs store each row once.
    pub async fn run(&self) -> Result<PriceUpdate, PricingError> {
        let mut tx = self.deps.begin().await?;
        let origin = tx.prices().lock().await?;
        // The lock is not held during the network call (I12).
        drop(tx);
        let source = self.source.address().to_owned();
        let known = origin.etag.filter(|_| origin.source.as_ref() == Some(&source));
        let fetched = self.source.fetch(known.clone()).await;
        let attempt = PriceUpdate {
            id: self.deps.ids.fresh(),
            at: self.deps.now(),
            source,
            etag: known,
            outcome: PriceUpdateOutcome::Unchanged,
            listed: 0,
            added: 0,
            changed: 0,
            refused: 0,
            refusals: Vec::new(),
        };
        match fetched {
            Ok(FetchOutcome::Table { etag, entries }) => self.take_in(PriceUpdate { etag, ..attempt }, entries).await,
            Ok(FetchOutcome::Unchanged) => self.record(attempt).await,
            Err(error @ (SourceError::Unavailable(_) | SourceError::Nonsense(_))) => {
                self.record(PriceUpdate { outcome: PriceUpdateOutcome::Failed(error.to_string()), ..attempt }).await
            }
        }
    }

    async fn record(&self, update: PriceUpdate) -> Result<PriceUpdate, PricingError> {
        let mut tx = self.deps.begin().await?;
        tx.prices().insert_update(&update).await?;
        tx.commit().await?;
        Ok(update)
    }

    async fn take_in(&self, attempt: PriceUpdate, entries: Vec<TableEntry>) -> Result<PriceUpdate, PricingError> {
        let table = PriceTable::read(entries);
        let mut tx = self.deps.begin().await?;
        let origin = tx.prices().lock().await?;
        // Under the lock, so that rows stored by a concurrent run are known.
        let known = KnownPrices::of(PriceBook::shipped_rows().chain(tx.prices().live_rows().await?));
        let news = PriceChanges::of(&known, &table, attempt.at);
        let last = origin.listed.filter(|_| origin.source.as_ref() == Some(&attempt.source));
        let outcome = match news.objection(last.unwrap_or(known.0.len()), self.most) {
            Some(reason) => PriceUpdateOutcome::Refused(reason),
            None if news.rows.is_empty() => PriceUpdateOutcome::Unchanged,
            None => PriceUpdateOutcome::Applied,
        };
        let name = |entry: &super::table::RefusedEntry| {
            let short: String = entry.model.chars().filter(|c| !c.is_control()).take(ModelName::LONGEST).collect();
            format!("{short}: {}", entry.problem)
        };
        let update = PriceUpdate {
            outcome,
            listed: news.listed,
            added: news.added,
            changed: news.changed,
            refused: table.refused.len(),
            refusals: table.refused.iter().take(NAMED_REFUSALS).map(name).collect(),
            ..attempt
        };
        if update.outcome == PriceUpdateOutcome::Applied {
            tx.prices().insert_live(&news.rows, update.at).await?;
            tx.prices().next_edition().await?;
        }
        if update.outcome.reason().is_none() {
            let (source, etag) = (Some(update.source.clone()), update.etag.clone());
            tx.prices().set_origin(&TableOrigin { source, etag, listed: Some(update.listed) }).await?;
        }
        tx.prices().insert_update(&update).await?;
        tx.commit().await?;
        Ok(update)
    }
}

/// The prices of tables so far, by model and provider.
struct KnownPrices(HashMap<(ModelName, Provider), BTreeMap<OffsetDateTime, Prices>>);

impl KnownPrices {
    /// The prices of `rows`; of several for the same instant the last one counts.
    fn of(rows: impl IntoIterator<Item = PriceRow>) -> Self {
        let mut known: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        for PriceRow { model, provider, valid_from, prices } in rows {
            known.entry((model, provider)).or_default().insert(valid_from, prices);
        }
        Self(known)
    }

    /// The price of a model at a provider at `now`; its first price if that is later.
    fn at(&self, model: &ModelName, provider: &Provider, now: OffsetDateTime) -> Option<&Prices> {
        let history = self.0.get(&(model.clone(), provider.clone()))?;
        let in_effect = history.range(..=now).next_back().or_else(|| history.first_key_value());
        in_effect.map(|(_, prices)| prices)
    }
}

/// The changes that a table brings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct PriceChanges {
    /// A row for each new model and each changed price.
    rows: Vec<PriceRow>,
    listed: usize,
    added: usize,
    changed: usize,
}

impl PriceChanges {
    /// The changes of `table` at `now` against `known`.
    fn of(known: &KnownPrices, table: &PriceTable, now: OffsetDateTime) -> Self {
        let mut news = Self { listed: table.listed.len(), ..Self::default() };
        for listed in &table.listed {
            match known.at(&listed.model, &listed.provider, now) {
                Some(prices) if *prices == listed.prices => continue,
                Some(_) => news.changed += 1,
                None => news.added += 1,
            }
            news.rows.push(PriceRow {
                model: listed.model.clone(),
                provider: listed.provider.clone(),
                valid_from: now,
                prices: listed.prices.clone(),
            });
        }
        news
    }

    /// Why the whole table is implausible, if the previous one listed `last` models.
    fn objection(&self, last: usize, most: MaxChangedShare) -> Option<String> {
        let Self { listed, added, changed, .. } = *self;
        if listed == 0 || listed < last / 2 {
            return Some(format!("it lists {listed} models, and the last one {last}"));
        }
        let known = listed - added;
        most.is_exceeded(changed, known).then(|| {
            format!("it changes {changed} of {known} known prices, more than pricing.max_changed_share allows")
        })
    }
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
