//! Who came by whom. Everybody has a code; who signs up with it, or names it within a day, has a referrer for good. The
//! first sync of the newcomer pays XP to the referrer, to theirs and to theirs again, once.
//!
//! Nobody is their own referrer, however many people are in between. Whoever changes several accounts at once locks the
//! [`ReferralChain`], in the order of the ids.

mod click;
mod code;
mod degree;
mod error;
pub mod ports;
mod referral_chain;
mod referred_by;
mod service;
#[cfg(test)]
mod service_tests;
mod stats;

pub use click::{CLICK_LIMITS, ClickLimits, Visitor, VisitorNetwork, VisitorSalt};
pub use code::ReferralCode;
pub use degree::Degree;
pub use error::ReferralError;
pub use referral_chain::Paid;
pub(crate) use referral_chain::{Join, ReferralChain};
pub use referred_by::ReferredBy;
pub use service::{Referrals, WINDOW};
pub use stats::{ClickStats, LISTED, ReferralStats, ReferredPerson, ReferredSeen};
