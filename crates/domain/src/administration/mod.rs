//! Administration: administrators, their decisions, and the audit log.
//!
//! A use case for administrators takes an [`Administrator`], here and in other contexts; only [`Administration::admit`] makes
//! one. An action and its log entry are written in one transaction ([`AdminAction::record`]). The operator grants and revokes
//! the role with commands of the worker, which are logged too.

mod administrator;
mod audit;
mod audit_retention;
mod error;
mod flag;
mod invitations;
mod listed_user;
pub mod ports;
mod queue;
mod reason;
mod service;
#[cfg(test)]
mod service_tests;
mod users;

pub use administrator::{Administrator, ListedAdministrator};
pub use audit::{AdminAction, AdminActionKind, AuditActor, AuditEntry, AuditFilter, AuditRecord, AuditTarget};
pub use audit_retention::AuditRetention;
pub use error::AdministrationError;
pub use flag::{Flag, FlagOrder, FlagState};
pub use invitations::Invitations;
pub use listed_user::{ListedUser, UserState};
pub use queue::QueueView;
pub use reason::AuditReason;
pub use service::Administration;
pub use users::{PasswordLink, UserAdministration};
