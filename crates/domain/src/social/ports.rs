//! What following and the feed need from outside.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::feed_item::{FeedItem, LiveActivity, Mark, Position};
use super::follow::{Contact, Follow, FollowStats};
use crate::error::StoreError;
use crate::ids::{ActivityId, UserId};
use crate::page::{Page, PageRequest};

/// Stores who follows whom and who asks to, and keeps count. A transaction that touches both removes the request first.
/// Follows of two people come and go under the locks of both accounts.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FollowRepository: Send {
    /// Saves a follow; says whether it is new.
    async fn insert(&mut self, follow: &Follow) -> Result<bool, StoreError>;

    /// Removes a follow; says whether there was one.
    async fn remove(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Whether `follower` follows `following`.
    async fn exists(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Whether `follower` has asked to follow `following` and waits for the answer.
    async fn has_requested(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Saves a request; says whether it is new.
    async fn insert_request(&mut self, request: &Follow) -> Result<bool, StoreError>;

    /// Removes a request; says whether there was one.
    async fn remove_request(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Turns all requests to follow `following` into follows from `now`.
    async fn accept_all(&mut self, following: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Counts `user` among the followers and the followed people of others, or not any more: who comes back, or leaves.
    async fn set_counted(&mut self, user: UserId, counted: bool) -> Result<(), StoreError>;

    /// Counts the followers, followed people and activities of `user` anew; says whether the counts were wrong.
    async fn recount(&mut self, user: UserId) -> Result<bool, StoreError>;
}

/// Reads who follows whom. Lists are the newest first, two statements each. Of a person whom `viewer` (nobody, when
/// anonymous) may not see, lists are empty; of people in a list whom they may not see, bio and level are left out.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FollowReader: Send + Sync {
    /// Who follows `person`.
    async fn followers(
        &self,
        person: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError>;

    /// Whom `person` follows.
    async fn following(
        &self,
        person: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError>;

    /// Who asks to follow `owner`.
    async fn requests(&self, owner: UserId, page: PageRequest) -> Result<Page<Contact>, StoreError>;

    /// The counts of `person`; `None` when `viewer` may not see them.
    async fn stats(&self, person: UserId, viewer: Option<UserId>) -> Result<Option<FollowStats>, StoreError>;
}

/// Reads what happened to those whom a viewer follows and may see.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FeedReader: Send + Sync {
    /// A page of it, the newest first. One statement.
    async fn page(&self, viewer: UserId, page: PageRequest) -> Result<Page<FeedItem>, StoreError>;

    /// The mark that the activity `id` sets; `None` when there is no such activity.
    async fn mark(&self, id: ActivityId) -> Result<Option<Mark>, StoreError>;

    /// The marks of up to `limit` activities of the last minute, and of those that a transaction which is still open may precede.
    /// Two statements.
    async fn recent(&self, viewer: UserId, limit: u32) -> Result<Vec<Mark>, StoreError>;

    /// Up to `limit` activities that [may follow](Mark::may_follow) `mark`, the oldest first, going on after `after`. One
    /// statement.
    async fn missed(
        &self,
        viewer: UserId,
        mark: Mark,
        after: Option<Position>,
        limit: u32,
    ) -> Result<MissedPage, StoreError>;
}

/// A page of missed activities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MissedPage {
    /// Those of a kind that this release knows.
    pub activities: Vec<LiveActivity>,
    /// Where the next page goes on; `None` after the last.
    pub rest: Option<Position>,
}

/// Hears of activities as they are committed, by whichever process.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ActivityHub: Send + Sync {
    /// Begins to listen for `viewer`, whose oldest listener ends if there are too many; `None` when this process has no room
    /// for another or is about to end.
    async fn subscribe(&self, viewer: UserId) -> Result<Option<Box<dyn HeardActivities>>, StoreError>;
}

/// What one listener hears: activities of those whom the viewer follows and may see at that moment.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait HeardActivities: Send {
    /// Waits for the next; `None` when there will be none. May be given up and called again.
    async fn next(&mut self) -> Option<Arc<LiveActivity>>;
}
