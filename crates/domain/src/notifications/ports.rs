//! Ports of notifications.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::Notification;
use super::listing::{NotificationPage, NotificationQuery, NotificationSelection};
use super::preferences::{Preferences, PreferencesChange};
use super::retention::{Forgotten, RetentionCutoffs};
use crate::error::StoreError;
use crate::ids::UserId;

/// Changes notifications and preferences.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait NotificationRepository: Send {
    /// Stores notifications for `user` and returns how many. Kinds that are switched off and repeated subjects are skipped. One
    /// statement.
    async fn insert(&mut self, user: UserId, content: &[Notification]) -> Result<u64, StoreError>;

    /// Marks notifications of `user` as read at `now` and returns how many changed. Unknown ids, those of other accounts and
    /// read ones are skipped. A row counts for one of several concurrent calls. One statement.
    async fn mark_read(
        &mut self,
        user: UserId,
        which: &NotificationSelection,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError>;

    /// Changes the preferences of `user` and returns the result. Concurrent changes of different preferences both take effect.
    /// One statement.
    async fn change_preferences(&mut self, user: UserId, change: &PreferencesChange)
    -> Result<Preferences, StoreError>;

    /// Removes expired notifications, oldest first: up to `most` read and as many unread ones. Rows locked by another
    /// transaction may be left.
    async fn forget(&mut self, kept: RetentionCutoffs, most: u32) -> Result<Forgotten, StoreError>;
}

/// Reads notifications and preferences.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait NotificationReader: Send + Sync {
    /// The page of `user`'s notifications. Two statements.
    async fn notifications(&self, user: UserId, listing: NotificationQuery) -> Result<NotificationPage, StoreError>;

    async fn preferences(&self, user: UserId) -> Result<Preferences, StoreError>;
}
