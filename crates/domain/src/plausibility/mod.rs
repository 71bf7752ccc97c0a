//! Plausibility: an hourly check of all accounts for implausible usage.
//!
//! The check finds [`Evidence`] of a few kinds and stores it as [`FlagReason`]s with a score. Reasons inform the account's owner and
//! administrators and have no other effect: only an administrator's flag hides an account from boards. A reason that no longer
//! holds disappears with the next check.

mod evidence;
pub mod ports;
mod service;

pub use evidence::{Evidence, EvidenceKind, Finding, Limits, Shared};
pub use ports::{FlagReason, Flags, StandingFlag, Suspect};
pub use service::{CheckReport, Plausibility, PlausibilityError};
