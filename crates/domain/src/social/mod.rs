//! Social: follows, requests, activities and the feed.
//!
//! A public profile is followed at once; a private one takes a request. A follower may see the account's usage: the SQL function
//! `visible_to` decides, and every statement about another account's data reads it (I7). Followers stay when a profile turns
//! private, until they are removed. When it turns public, all waiting requests are accepted.
//!
//! An activity is written in the transaction that causes it. The feed shows it to followers, as pages or as it is committed.

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
    Activity, ActivityKind, NewActivity, achievement_unlocked, badge_earned, level_up, rank_reached, streak_milestone,
};
pub use error::SocialError;
pub use feed::Feed;
pub use feed_item::{ActivityMark, Author, FeedItem, FeedPosition, LiveActivity};
pub use follow::{Contact, Follow, FollowOutcome, FollowStats, Relation};
pub use live::{LiveFeed, MISSED_PAGE_SIZE, StreamEvent};
pub use resume::ResumePoint;
pub use service::Social;
