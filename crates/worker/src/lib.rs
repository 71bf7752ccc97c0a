//! Runs scheduled and queued jobs, and the commands of an operator. A server with an embedded database runs a [`Worker`] in its
//! own process.

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
pub use mail::check_mail_server;
pub use queue::LeaseConfig;
pub use run::Worker;
