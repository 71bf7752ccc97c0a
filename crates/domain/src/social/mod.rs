//! Who follows whom. A public profile is followed at once; a private one is asked first. Whoever follows a person may see
//! what they used; the database says so in one place, `visible_to`, which every statement about somebody else's data reads.
//!
//! Followers stay when a profile turns private, until they are removed. When it turns public, whoever had asked
//! follows: there is nothing left to ask for.

mod activity;
mod error;
mod follow;
pub mod ports;
mod service;

pub(crate) use activity::unlock_data;
pub use activity::{Activity, ActivityKind, Happening, achievement_unlocked, badge_earned, level_up, streak_milestone};
pub use error::SocialError;
pub use follow::{Contact, Follow, FollowStats, Followed, Relation};
pub use service::Social;
