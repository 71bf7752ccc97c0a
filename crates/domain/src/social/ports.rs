//! What following needs from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::follow::{Contact, Follow, FollowStats};
use crate::ids::UserId;
use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// Stores who follows whom and who asks to. A transaction that touches both removes the request first.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait FollowRepository: Send {
    /// Saves a follow; says whether it is new.
    async fn insert(&mut self, follow: &Follow) -> Result<bool, StoreError>;

    /// Removes a follow; says whether there was one.
    async fn remove(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Whether `follower` follows `following`.
    async fn exists(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Saves a request; says whether it is new.
    async fn insert_request(&mut self, request: &Follow) -> Result<bool, StoreError>;

    /// Removes a request; says whether there was one.
    async fn remove_request(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError>;

    /// Turns all requests to follow `following` into follows from `now`.
    async fn accept_all(&mut self, following: UserId, now: OffsetDateTime) -> Result<(), StoreError>;
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
