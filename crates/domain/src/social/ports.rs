//! Ports of following and of the feed.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::feed_item::{ActivityMark, FeedItem, FeedPosition, LiveActivity};
use super::follow::{Contact, Follow, FollowStats};
use crate::error::StoreError;
use crate::ids::{ActivityId, UserId};
use crate::page::{Page, PageRequest};

/// Stores follows, requests and their counts. A transaction that changes both removes the request first. A follow changes only
/// under the locks of both accounts (I2).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FollowRepository: Send {
    /// Saves a follow; returns whether it is new.
    async fn insert(&mut self, follow: &Follow) -> Result<bool, StoreError>;

    /// Removes a follow; returns whether it existed.
    async fn remove(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    async fn exists(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Whether `follower` has a waiting request to follow `following`.
    async fn has_requested(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Saves a request; returns whether it is new.
    async fn insert_request(&mut self, request: &Follow) -> Result<bool, StoreError>;

    /// Removes a request; returns whether it existed.
    async fn remove_request(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Turns all requests to follow `following` into follows from `now`.
    async fn accept_all(&mut self, following: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Adds `user` to the counts of others, or removes it: the account is restored or deleted.
    async fn set_counted(&mut self, user: UserId, counted: bool) -> Result<(), StoreError>;

    /// Recounts followers, followed accounts and activities of `user`; returns whether the counts were wrong.
    async fn recount(&mut self, user: UserId) -> Result<bool, StoreError>;
}

/// Reads follows. Lists are newest first, with two statements each. The lists of an account that `viewer` (`None` is anonymous)
/// may not see are empty. Listed accounts that the viewer may not see lack bio and level.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FollowReader: Send + Sync {
    async fn followers(
        &self,
        user: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError>;

    async fn following(
        &self,
        user: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError>;

    /// Accounts that request to follow `owner`.
    async fn requests(&self, owner: UserId, page: PageRequest) -> Result<Page<Contact>, StoreError>;

    /// The counts of `user`; `None` if `viewer` may not see them.
    async fn stats(&self, user: UserId, viewer: Option<UserId>) -> Result<Option<FollowStats>, StoreError>;
}

/// Reads activities of the accounts that a viewer follows and may see.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FeedReader: Send + Sync {
    /// A page, newest first, of the activities before `before`; `None` if that activity does not exist. `total` counts all
    /// activities. One statement.
    async fn page(
        &self,
        viewer: UserId,
        page: PageRequest,
        before: Option<ActivityId>,
    ) -> Result<Option<Page<FeedItem>>, StoreError>;

    /// The position of the activity `id`, if it exists.
    async fn mark(&self, id: ActivityId) -> Result<Option<ActivityMark>, StoreError>;

    /// The positions of up to `limit` activities of the last minute, and of those that a still open transaction may precede. Two
    /// statements.
    async fn recent(&self, viewer: UserId, limit: u32) -> Result<Vec<ActivityMark>, StoreError>;

    /// Up to `limit` activities that [may follow](Mark::may_follow) `mark`, oldest first, after the position `after`. One
    /// statement.
    async fn missed(
        &self,
        viewer: UserId,
        mark: ActivityMark,
        after: Option<FeedPosition>,
        limit: u32,
    ) -> Result<MissedPage, StoreError>;
}

/// A page of missed activities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MissedPage {
    /// Activities of kinds that this release knows.
    pub activities: Vec<LiveActivity>,
    /// Where the next page begins; `None` after the last.
    pub rest: Option<FeedPosition>,
}

/// Delivers activities as any process commits them.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ActivityHub: Send + Sync {
    /// Subscribes `viewer`; the viewer's oldest subscription ends if there are too many. `None` if this process has reached its
    /// limit or is shutting down.
    async fn subscribe(&self, viewer: UserId) -> Result<Option<Box<dyn ActivitySubscription>>, StoreError>;
}

/// A subscription: activities of accounts that the viewer follows and may see at that moment.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ActivitySubscription: Send {
    /// Waits for the next activity; `None` at the end. Cancel safe.
    async fn next(&mut self) -> Option<Arc<LiveActivity>>;
}
