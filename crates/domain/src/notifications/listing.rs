//! What somebody was told, as they read it.

use time::OffsetDateTime;

use crate::ids::NotificationId;
use crate::payload::StoredData;

/// How many notifications can be named at once to be marked as read.
pub const MOST_MARKED: usize = 1_000;

/// Which part of somebody's notifications is asked for, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// How many at most, 1 to 100.
    pub limit: u32,
    /// How many newer ones are passed over.
    pub offset: u64,
    /// Whether to pass over those that were read.
    pub unread_only: bool,
}

/// A part of somebody's notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The part, the newest first.
    pub notifications: Vec<Received>,
    /// How many there are of what was asked for: all of them, or those that were not read.
    pub total: u64,
    /// How many were not read.
    pub unread: u64,
}

/// A notification that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Names it.
    pub id: NotificationId,
    /// The name of its kind, which may be one that only a newer release knows.
    pub kind: String,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    /// The particulars.
    pub data: StoredData,
    /// When it was written.
    pub created_at: OffsetDateTime,
    /// When it was marked as read; `None` while it is not.
    pub read_at: Option<OffsetDateTime>,
}

/// Which notifications to mark as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These, at most [`MOST_MARKED`].
    These(Vec<NotificationId>),
    /// All there are.
    All,
}
