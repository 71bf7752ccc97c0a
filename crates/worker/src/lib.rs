//! What runs beside the server: jobs by schedule and on demand, and the commands of an operator. The server runs a [`Worker`]
//! in its own process where it has an embedded database.

mod attempt;
pub mod cleanup;
mod handlers;
pub mod import;
mod mail;
pub mod prices;
mod queue;
pub mod rebuild;
mod run;
pub mod schedule;

pub use handlers::{Handlers, Work};
pub use queue::LeaseConfig;
pub use run::Worker;
