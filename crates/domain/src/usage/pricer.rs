//! Decides the cost of messages: at a sync, at a repricing, at a rebuild.

use std::collections::{BTreeSet, HashMap};

use super::message::{LedgerEntry, Model, UsageMessage};
use super::names::ModelName;
use crate::money::Usd;
use crate::pricing::{Cost, PriceBook, PricedModel};

/// The most models without a price that are listed.
const MAX_LISTED_MODELS: usize = 100;

/// Prices messages by one edition of the book. Each model is looked up once.
pub struct Pricer<'book> {
    book: &'book PriceBook,
    found: HashMap<Model, Option<PricedModel<'book>>>,
    unpriced: BTreeSet<ModelName>,
}

impl<'book> Pricer<'book> {
    pub fn new(book: &'book PriceBook) -> Self {
        Self { book, found: HashMap::new(), unpriced: BTreeSet::new() }
    }

    /// `message` with its cost at its own time.
    pub fn price(&mut self, message: UsageMessage) -> LedgerEntry {
        // A message without tokens costs nothing, whatever the model, and never waits for a price.
        if message.tokens.is_empty() {
            return LedgerEntry { message, cost: Cost::Priced(Usd::ZERO) };
        }
        let model = match self.found.get(&message.model) {
            Some(model) => model,
            None => self
                .found
                .entry(message.model.clone())
                .or_insert_with(|| self.book.find(&message.model.name, message.model.provider.as_ref())),
        };
        let cost = model.as_ref().map_or(Cost::Unpriced, |model| model.cost(&message.tokens, message.at));
        if cost == Cost::Unpriced {
            self.unpriced.insert(message.model.name.clone());
        }
        LedgerEntry { message, cost }
    }

    /// The first hundred models, by name, for which a message found no price.
    pub fn unpriced_models(self) -> Vec<ModelName> {
        self.unpriced.into_iter().take(MAX_LISTED_MODELS).collect()
    }
}
