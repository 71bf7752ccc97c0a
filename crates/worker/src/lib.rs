//! Runs scheduled and queued jobs, and the commands of an operator. A server with an embedded database runs a [`Worker`] in its
//! own process.

mod attempt;
pub mod backup;
pub mod cleanup;
mod handlers;
pub mod import;
mod mail;
pub mod metrics;
pub mod prices;
mod queue;
pub mod rebuild;
mod run;
pub mod schedule;

pub use handlers::{Handlers, JobRunner};
pub use queue::LeaseConfig;
pub use run::Worker;
