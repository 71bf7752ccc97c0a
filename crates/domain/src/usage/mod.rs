//! The ledger: one row per message, counted once, and everything that is derived from it.

pub mod batch;
pub mod names;
pub mod ports;
pub mod tokens;

pub use batch::{Batch, Conventions, SentMessage};
pub use names::{MachineId, ModelName, Provider, Source};
pub use tokens::TokenCounts;
