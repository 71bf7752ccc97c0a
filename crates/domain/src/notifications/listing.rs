//! Pages of notifications.

use time::OffsetDateTime;

use crate::ids::NotificationId;
use crate::payload::StoredData;

/// The most notifications that can be marked as read by id at once.
pub const MOST_MARKED: usize = 1_000;

/// A page of an account's notifications, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationQuery {
    /// The most notifications, 1 to 100.
    pub limit: u32,
    /// How many newer ones are skipped.
    pub offset: u64,
    /// Whether read notifications are skipped.
    pub unread_only: bool,
}

/// The result of a [`NotificationQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationPage {
    /// The page, newest first.
    pub notifications: Vec<ListedNotification>,
    /// All notifications that match the listing.
    pub total: u64,
    /// All unread notifications.
    pub unread: u64,
}

/// A stored notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedNotification {
    pub id: NotificationId,
    /// The name of its kind. A newer release may have written one that this release does not know.
    pub kind: String,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    pub data: StoredData,
    pub created_at: OffsetDateTime,
    /// `None` while it is unread.
    pub read_at: Option<OffsetDateTime>,
}

/// The notifications to mark as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationSelection {
    /// At most [`MOST_MARKED`].
    These(Vec<NotificationId>),
    All,
}
