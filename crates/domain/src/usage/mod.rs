//! Usage: the ledger with one row per message, and the data derived from it.
//!
//! A sync request becomes an [`Intake`], which is compared with the ledger's copies. The [`LedgerChanges`] and their [`Derived`] delta
//! are written in one transaction under the account's lock (I1).

mod batch;
mod changes;
mod derived;
mod error;
#[cfg(test)]
mod first_sync_tests;
mod handover;
mod intake;
mod message;
mod names;
pub mod ports;
mod pricer;
mod quirks;
mod rebuild;
#[cfg(test)]
mod rebuild_tests;
mod report;
mod repriced_account;
mod repricing;
pub mod room;
mod selection;
mod service;
mod state;
mod sums;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tokens;

pub use batch::{SentMessage, SyncBatch, TokenConventions, Warning};
pub use changes::LedgerChanges;
pub use derived::{Derived, HourKey, HourSums, ProjectKey, ProjectSums, RollupKey};
pub use error::UsageError;
pub use handover::{Handover, IgnoredHandover};
pub use intake::{AcceptedMessage, AcceptedMessages, Intake, Rejection, RejectionReason, Rejections};
pub use message::{LedgerEntry, MessageKey, Model, Protocol, Reading, UsageMessage, fold_copies};
pub use names::{MachineId, ModelName, ProjectName, Provider, Source};
pub use pricer::Pricer;
pub use rebuild::RebuildReport;
pub use report::{AccountSummary, SyncReport};
pub use repriced_account::RepricedAccount;
pub use repricing::{Repriced, Repricing};
pub use selection::{InstantRange, UsageSelection};
pub use service::Usage;
pub(crate) use service::{hand_over, move_to, take_in};
pub use state::SyncState;
pub use sums::{CostStatus, MOST_TOKENS, Sums};
pub use tokens::{MAX_COUNT, MIN_EFFICIENCY_INPUT, TokenCounts, cache_efficiency};
