//! Plausibility: whether the usage of an account can be believed.
//!
//! Every hour all accounts are looked at for [`Evidence`] of a few kinds; what is found is kept as [`Reason`]s, each with a
//! score. They are advice for their owner and for administrators, and change nothing: nobody leaves a board because of one.
//! What a change of the usage refutes is gone with the next look.

mod evidence;
pub mod ports;
mod service;

pub use evidence::{Evidence, Finding, Kind, Limits, Shared};
pub use ports::{Flags, Reason, StandingFlag, Suspect};
pub use service::{Checked, Plausibility, PlausibilityError};
