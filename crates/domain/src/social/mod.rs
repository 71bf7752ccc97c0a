//! Who follows whom. A public profile is followed at once; a private one is asked first. Whoever follows a person may see
//! what they used; the database says so in one place, `visible_to`, which every statement about somebody else's data reads.
//!
//! Followers stay when a profile turns private, until they are removed. When it turns public, whoever had asked
//! follows: there is nothing left to ask for.
//!
//! What happens to a person is written as an activity in the transaction that makes it happen. The feed shows it to followers,
//! page by page or as it is committed.

mod activity;
mod error;
mod feed;
mod feed_item;
mod follow;
mod live;
pub mod ports;
mod resume;
mod service;

pub(crate) use activity::unlock_data;
pub use activity::{
    Activity, ActivityKind, Happening, achievement_unlocked, badge_earned, level_up, rank_reached, streak_milestone,
};
pub use error::SocialError;
pub use feed::Feed;
pub use feed_item::{Author, FeedItem, LiveActivity, Mark, Position};
pub use follow::{Contact, Follow, FollowStats, Followed, Relation};
pub use live::{LiveFeed, MISSED, StreamEvent};
pub use resume::ResumePoint;
pub use service::Social;
