//! The rules of burntop: values, use cases and ports, without I/O, clock or randomness.
//!
//! Each context is a folder with one order: `mod.rs` (what it is), files named after its nouns (values and rules), `ports.rs`
//! (what it needs), `service.rs` (what it does). Contexts use each other's values and, through [`store::UnitOfWork`], their
//! repositories; never another context's service.

pub mod accounts;
pub mod achievements;
pub mod administration;
mod batch_outcome;
pub mod clock;
pub mod dashboard;
pub mod days;
pub mod deps;
pub mod display;
pub mod error;
pub mod identity;
pub mod ids;
pub mod insights;
pub mod jobs;
pub mod key_fingerprint;
pub mod leaderboard;
pub mod mail;
pub mod money;
pub mod network;
pub mod notifications;
pub mod page;
pub mod payload;
pub mod plausibility;
pub mod portability;
pub mod pricing;
pub mod progression;
pub mod projects;
pub mod referrals;
pub mod signed_token;
pub mod social;
pub mod store;
pub mod streaks;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod usage;
pub mod users;
pub mod weeks;
