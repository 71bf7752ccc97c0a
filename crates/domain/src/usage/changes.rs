//! The changes of a batch: new messages, messages that supersede the ledger's copy, and known ones.

use std::collections::HashMap;

use super::derived::Derived;
use super::message::{LedgerEntry, MessageKey};
use crate::days::Zone;

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
    use crate::pricing::Cost;
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
