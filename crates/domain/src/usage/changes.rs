//! The changes of a batch: new messages, messages that supersede the ledger's copy, and known ones.

use std::collections::{BTreeSet, HashMap};

use super::derived::Derived;
use super::message::{LedgerEntry, MessageKey, Model, UsageMessage};
use super::names::ModelName;
use crate::days::Zone;
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

/// The changes of a batch to the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerChanges {
    /// Messages that the ledger does not have.
    pub new: Vec<LedgerEntry>,
    /// Superseded copies in the ledger, each with the new copy.
    pub replaced: Vec<(LedgerEntry, LedgerEntry)>,
    /// Messages of which the ledger has the same or a superseding copy.
    pub known: usize,
}

impl LedgerChanges {
    /// Compares `incoming`, one copy of each message, with the ledger's copies of the same messages.
    pub fn between(stored: Vec<LedgerEntry>, incoming: Vec<LedgerEntry>) -> Self {
        let mut stored: HashMap<MessageKey, LedgerEntry> =
            stored.into_iter().map(|entry| (entry.message.key, entry)).collect();
        let mut changes = Self::default();
        for entry in incoming {
            match stored.remove(&entry.message.key) {
                None => changes.new.push(entry),
                Some(old) if entry.message.supersedes(&old.message) => changes.replaced.push((old, entry)),
                Some(_) => changes.known += 1,
            }
        }
        changes
    }

    /// Adds the effect of the changes on the roll-ups of an owner in `zone` to `derived`.
    pub fn derive(&self, derived: &mut Derived, zone: &Zone) {
        for entry in &self.new {
            derived.add(entry, zone);
        }
        for (old, new) in &self.replaced {
            derived.remove(old, zone);
            derived.add(new, zone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::testing::message;

    fn entry(id: &str, count: u64) -> LedgerEntry {
        LedgerEntry { message: message(id, count), cost: Cost::Unpriced }
    }

    #[test]
    fn changes_message_is_new_superseding_or_known() {
        let stored = vec![entry("same", 5), entry("grown", 5), entry("shrunk", 5)];
        let incoming = vec![entry("new", 1), entry("same", 5), entry("grown", 6), entry("shrunk", 4)];
        let changes = LedgerChanges::between(stored, incoming);
        assert_eq!(changes.new, [entry("new", 1)]);
        assert_eq!(changes.replaced, [(entry("grown", 5), entry("grown", 6))]);
        assert_eq!(changes.known, 2);

        let mut derived = Derived::default();
        changes.derive(&mut derived, &Zone::utc());
        assert_eq!((derived.totals.messages, derived.totals.tokens), (1, 2 + 2));
    }
}
