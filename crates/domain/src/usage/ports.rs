//! What the ledger needs from outside.

use std::collections::BTreeSet;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::derived::Derived;
use super::message::{Entry, MessageKey, Model};
use super::names::{MachineId, Source};
use super::repriced_account::RepricedAccount;
use super::room::NameUse;
use super::selection::Reach;
use crate::accounts::Account;
#[cfg(doc)]
use crate::accounts::ports::AccountRepository;
use crate::error::StoreError;
use crate::ids::UserId;

/// What moving the derived rows did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// How many roll-up rows came into being.
    pub new_rollups: usize,
    /// How many roll-up rows changed or went away.
    pub updated_rollups: usize,
}

/// Where a reading of a whole ledger goes on: after this message.
pub type Cursor = (Source, MessageKey);

/// An account whose lock a sync holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncLock {
    /// The account.
    pub account: Account,
    /// Whether the machine that syncs is one of its machines: there is room for only so many.
    pub machine_fits: bool,
}

/// Names that all accounts share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedNames {
    /// Tools.
    pub sources: BTreeSet<Source>,
    /// Models.
    pub models: BTreeSet<Model>,
}

/// Stores messages and what is derived from them. Every method but the first expects the lock of the account to be held.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LedgerRepository: Send {
    /// Locks like [`AccountRepository::lock`], and notes that `machine` syncs at `at`, and whether it sends tokens, unless it is one more
    /// than [`MOST_MACHINES`](super::room::MOST_MACHINES). One round trip.
    async fn lock_for_sync(
        &mut self,
        user: UserId,
        machine: &MachineId,
        has_usage: bool,
        at: OffsetDateTime,
    ) -> Result<Option<SyncLock>, StoreError>;

    /// How the account uses `names`. Makes none.
    async fn name_use(&mut self, user: UserId, names: &SharedNames) -> Result<NameUse, StoreError>;

    /// Makes those of `names` that nobody has used yet: first sources, then models, each in the order of the names. A
    /// transaction does this once and after it has the locks of its accounts, and makes no name in another way, so no two wait
    /// for each other's names in a circle. To be done after [`name_use`](Self::name_use) of the same names, by any transaction
    /// of this process; expects no lock.
    async fn make_names(&mut self, names: &SharedNames) -> Result<(), StoreError>;

    /// The stored copies of the messages with `keys`, in any order.
    async fn find(&mut self, user: UserId, source: &Source, keys: &[MessageKey]) -> Result<Vec<Entry>, StoreError>;

    /// Stores `new` messages and puts `replacements` in the place of their stored copies.
    async fn write(&mut self, user: UserId, new: &[Entry], replacements: &[Entry]) -> Result<(), StoreError>;

    /// Adds `difference` to the derived rows; rows that come to nothing go away.
    async fn apply_delta(&mut self, user: UserId, delta: &Derived) -> Result<Moved, StoreError>;

    /// Up to `limit` messages after `cursor`, in the order of source and key.
    async fn page(&mut self, user: UserId, after: Option<Cursor>, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// The same of the messages within `reach` alone.
    async fn page_within(
        &mut self,
        user: UserId,
        reach: &Reach,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The same of the messages of `models` that have no price.
    async fn page_unpriced(
        &mut self,
        user: UserId,
        models: &[Model],
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Records that messages of an account got a price; adds to what is recorded of the same account and edition.
    async fn note_repriced(&mut self, repriced: &RepricedAccount) -> Result<(), StoreError>;

    /// Removes `entries`, each of which is stored.
    async fn remove(&mut self, user: UserId, entries: &[Entry]) -> Result<(), StoreError>;

    /// Removes the machines, and frees the names of tools and models, that no message is left of.
    async fn remove_idle_names(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Records that the derived rows follow the rules of this release.
    async fn mark_rebuilt(&mut self, user: UserId) -> Result<(), StoreError>;

    /// The derived rows as they are stored.
    async fn derived(&mut self, user: UserId) -> Result<Derived, StoreError>;
}

/// Reads what has no price, and what got one.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UnpricedReader: Send + Sync {
    /// All models of messages without a price.
    async fn models_to_price(&self) -> Result<Vec<Model>, StoreError>;

    /// The accounts with messages of `models` that have no price.
    async fn accounts_to_price(&self, models: &[Model]) -> Result<Vec<UserId>, StoreError>;

    /// Whose messages got a price that they had not, the latest first.
    async fn repriced(&self, limit: u32) -> Result<Vec<RepricedAccount>, StoreError>;
}
