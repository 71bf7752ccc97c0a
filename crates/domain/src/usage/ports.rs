//! Ports of usage.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::derived::Derived;
use super::handover::Handover;
use super::message::{LedgerEntry, MessageKey, Model};
use super::names::{MachineId, ProjectName, Source};
use super::repriced_account::RepricedAccount;
use super::room::NameUse;
use super::selection::InstantRange;
use super::state::SyncState;
use crate::accounts::Account;
#[cfg(doc)]
use crate::accounts::ports::AccountRepository;
#[cfg(doc)]
use crate::achievements::ports::ProgressRepository;
use crate::achievements::{AchievementFacts, ProgressEvents};
use crate::days::Window;
use crate::error::StoreError;
use crate::ids::UserId;

/// The number of changed roll-up rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RollupChanges {
    /// Created roll-up rows.
    pub new_rollups: usize,
    /// Changed or removed roll-up rows.
    pub updated_rollups: usize,
}

/// The last message of a page of a ledger; the next page starts after it.
pub type LedgerCursor = (Source, MessageKey);

/// What a sync states when it locks its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStart {
    pub machine: MachineId,
    pub source: Source,
    /// The messages whose stored copies are read with the lock.
    pub keys: Vec<MessageKey>,
    /// The projects of the messages, each once.
    pub projects: Vec<ProjectName>,
    /// Whether the sync sends tokens.
    pub has_usage: bool,
    pub at: OffsetDateTime,
}

impl SyncStart {
    /// The handover of the machine and the tool from an instant.
    pub fn handover(&self, from: OffsetDateTime) -> Handover {
        Handover { machine: self.machine.clone(), source: self.source.clone(), from }
    }
}

/// An account locked by a sync.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncLock {
    pub account: Account,
    /// Whether the syncing machine is one of the account's; there is a limit.
    pub machine_fits: bool,
    /// Those of [`SyncStart::projects`] that are projects of the account; there is a limit.
    pub projects: HashSet<ProjectName>,
    /// The stored copies of the messages of [`SyncStart::keys`], in any order.
    pub stored: Vec<LedgerEntry>,
    /// The instant of the machine's handover of the tool, if there is one.
    pub handover_from: Option<OffsetDateTime>,
}

/// The changes of a batch and their effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerWrite {
    pub new: Vec<LedgerEntry>,
    /// Messages whose stored copies are replaced.
    pub replacements: Vec<LedgerEntry>,
    /// The delta of the derived rows, which may include that of earlier writes.
    pub delta: Derived,
}

/// The result of recording a [`LedgerWrite`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedWrite {
    pub rollups: RollupChanges,
    /// The facts afterwards; `None` for an unknown account.
    pub facts: Option<(AchievementFacts, ProgressEvents)>,
}

/// Names that all accounts share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedNames {
    pub sources: BTreeSet<Source>,
    pub models: BTreeSet<Model>,
}

/// Stores messages and their derived data. Every method but the first expects the account's lock (I1).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LedgerRepository: Send {
    /// Locks like [`AccountRepository::lock`], and records the sync of the machine and the projects, unless they exceed
    /// [`MOST_MACHINES`](super::room::MOST_MACHINES) and [`MOST_PROJECT_NAMES`](super::room::MOST_PROJECT_NAMES). One round trip.
    async fn lock_for_sync(&mut self, user: UserId, start: &SyncStart) -> Result<Option<SyncLock>, StoreError>;

    /// The use of `names` by the account. Creates none.
    async fn name_use(&mut self, user: UserId, names: &SharedNames) -> Result<NameUse, StoreError>;

    /// Creates the missing ones of `names`: sources, then models, each in order. A transaction calls it once, after all locks of
    /// accounts, and creates names in no other way, so that transactions do not deadlock on names (I3).
    /// [`name_use`](Self::name_use) of the same names was called before, by any transaction of this process. Expects no lock.
    async fn make_names(&mut self, names: &SharedNames) -> Result<(), StoreError>;

    /// Creates the missing ones of `projects` up to [`MOST_PROJECT_NAMES`](super::room::MOST_PROJECT_NAMES) an account, in order.
    /// Returns those that the account has.
    async fn make_projects(
        &mut self,
        user: UserId,
        projects: &[ProjectName],
    ) -> Result<HashSet<ProjectName>, StoreError>;

    /// The stored copies of the messages with `keys`, in any order.
    async fn find(
        &mut self,
        user: UserId,
        source: &Source,
        keys: &[MessageKey],
    ) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Stores `new` messages and replaces the stored copies of `replacements`.
    async fn write(
        &mut self,
        user: UserId,
        new: &[LedgerEntry],
        replacements: &[LedgerEntry],
    ) -> Result<(), StoreError>;

    /// Does what [`write`](Self::write), [`apply_delta`](Self::apply_delta) and
    /// [`ProgressRepository::facts`] of `month` do one after the other, in one round trip.
    async fn record(&mut self, user: UserId, write: &LedgerWrite, month: Window) -> Result<RecordedWrite, StoreError>;

    /// Adds `delta` to the derived rows, and brings lifetime sums by tool and by model and the calendar up to date with them. Rows
    /// whose sums become zero are removed.
    async fn apply_delta(&mut self, user: UserId, delta: &Derived) -> Result<RollupChanges, StoreError>;

    /// Up to `limit` messages after `after`, by source and key.
    async fn page(
        &mut self,
        user: UserId,
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Up to `limit` messages within `reach` after `after`, by source and key.
    async fn page_within(
        &mut self,
        user: UserId,
        reach: &InstantRange,
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Up to `limit` messages that `handover` covers after `after`, by key.
    async fn page_covered(
        &mut self,
        user: UserId,
        handover: &Handover,
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Stores `handover` of a known tool. Of two handovers of a machine and a tool, the earlier one holds.
    async fn keep_handover(&mut self, user: UserId, handover: &Handover) -> Result<(), StoreError>;

    /// The handovers of all machines, in any order.
    async fn handovers(&mut self, user: UserId) -> Result<Vec<Handover>, StoreError>;

    /// Removes the handovers of `source`, or of all tools, on all machines. Returns whether there was one.
    async fn end_handovers(&mut self, user: UserId, source: Option<Source>) -> Result<bool, StoreError>;

    /// Up to `limit` messages of `models` without a price after `after`, by source and key.
    async fn page_unpriced(
        &mut self,
        user: UserId,
        models: &[Model],
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Records that messages of an account got a price. It is added to the record of the same account and edition.
    async fn insert_repriced(&mut self, repriced: &RepricedAccount) -> Result<(), StoreError>;

    /// Removes `entries`, each of which is stored.
    async fn remove(&mut self, user: UserId, entries: &[LedgerEntry]) -> Result<(), StoreError>;

    /// Removes projects without messages and machines without messages and handovers, and releases unused names of tools and models.
    async fn remove_idle_names(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Derives the lifetime sums by tool and by model and the calendar from the other derived rows. Returns whether any changed.
    async fn rebuild_summaries(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Records that the derived rows follow the rules of this release.
    async fn mark_rebuilt(&mut self, user: UserId) -> Result<(), StoreError>;

    /// The stored derived rows.
    async fn derived(&mut self, user: UserId) -> Result<Derived, StoreError>;
}

/// Reads what was synced.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SyncStateReader: Send + Sync {
    /// What the account has of the tool and the machine; the default for unknown ones.
    async fn sync_state(&self, user: UserId, source: &Source, machine: &MachineId) -> Result<SyncState, StoreError>;
}

/// Reads messages without a price, and records of later pricing.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UnpricedReader: Send + Sync {
    /// All models of messages without a price.
    async fn models_to_price(&self) -> Result<Vec<Model>, StoreError>;

    /// The accounts with messages of `models` without a price.
    async fn accounts_to_price(&self, models: &[Model]) -> Result<Vec<UserId>, StoreError>;

    /// Accounts whose messages were priced later, the latest first.
    async fn repriced(&self, limit: u32) -> Result<Vec<RepricedAccount>, StoreError>;
}
