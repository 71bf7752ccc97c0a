//! Administrators: who they are, what they decide, and the log of all of it.
//!
//! Whatever only an administrator may do takes an [`Administrator`], here and in other contexts, and only [`Administration::admit`]
//! makes one. Each act is written to the audit log in the transaction that does it ([`AdminAction::record`]), so neither is there without
//! the other. Who makes administrators is the operator, by the worker's commands, which are written down as well.

mod administrator;
mod audit;
mod error;
mod flag;
pub mod ports;
mod queue;
mod reason;
mod service;
#[cfg(test)]
mod service_tests;

pub use administrator::{Administrator, ListedAdministrator};
pub use audit::{AdminAction, AdminActionKind, AuditActor, AuditEntry, AuditFilter, AuditRecord, AuditTarget};
pub use error::AdministrationError;
pub use flag::{Flag, FlagOrder, FlagState};
pub use queue::QueueView;
pub use reason::Reason;
pub use service::Administration;
