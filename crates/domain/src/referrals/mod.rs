//! Referrals. Each account has a code. An account that registers with a code, or enters it within a day, gets a permanent
//! referrer. The first sync of the referred account pays XP to its referral chain, once.
//!
//! Referrals form no circle. A use case that changes several accounts locks the [`ReferralChain`] (I2).

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
pub use referral_chain::PaidXp;
pub(crate) use referral_chain::{NewReferral, ReferralChain};
pub use referred_by::ReferredBy;
pub use service::{Referrals, WINDOW};
pub use stats::{ClickStats, MAX_LISTED_USERS, ReferralStats, ReferredDetails, ReferredUser};
