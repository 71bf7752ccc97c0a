//! What notifications need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::Notification;
use super::listing::{Listed, Listing, Which};
use super::preferences::{Preferences, PreferencesChange};
use super::retention::{Forgotten, RetentionCutoffs};
use crate::error::StoreError;
use crate::ids::UserId;

/// Changes notifications that were written, and what people want to be told.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait NotificationRepository: Send {
    /// Tells `user`; says how many of `told` that were: what they do not want to be told, or were told before, is left out.
    /// One statement.
    async fn insert(&mut self, user: UserId, content: &[Notification]) -> Result<u64, StoreError>;

    /// Marks notifications of `user` as read at `now`, and says how many: those that are nobody's or somebody else's and
    /// those that were read before are left alone. Of many who do this at the same time each row counts for one. One
    /// statement.
    async fn mark_read(&mut self, user: UserId, which: &Which, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Changes what `user` wants to be told, and says what they want after it. Two changes at the same time both hold,
    /// as far as they are about different things. One statement.
    async fn change_preferences(&mut self, user: UserId, change: &PreferencesChange)
    -> Result<Preferences, StoreError>;

    /// Removes notifications that are not kept any more: up to `most` that were read and as many that were not, the oldest
    /// first. Some that somebody else is changing may be left for later.
    async fn forget(&mut self, kept: RetentionCutoffs, most: u32) -> Result<Forgotten, StoreError>;
}

/// Reads notifications and preferences.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait NotificationReader: Send + Sync {
    /// The part of `user`'s notifications that is asked for. Two statements.
    async fn notifications(&self, user: UserId, listing: Listing) -> Result<Listed, StoreError>;

    /// What `user` wants to be told.
    async fn preferences(&self, user: UserId) -> Result<Preferences, StoreError>;
}
