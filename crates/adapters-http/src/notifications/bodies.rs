//! Notifications as JSON.

use domain::notifications::{ListedNotification, NotificationPage};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;

/// A part of the caller's notifications.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inbox)]
pub(super) struct InboxBody {
    /// The newest first.
    notifications: Vec<NotificationBody>,
    /// The number of requested notifications.
    total: u64,
    /// The number of unread notifications.
    unread_count: u64,
}

/// One notification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
struct NotificationBody {
    id: Uuid,
    /// The kind, such as `new_follower`; later releases can add kinds.
    r#type: String,
    title: String,
    message: String,
    /// Details by name, which depend on the kind.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
    read: bool,
    read_at: Option<Instant>,
    created_at: Instant,
}

impl From<NotificationPage> for InboxBody {
    fn from(listed: NotificationPage) -> Self {
        Self {
            notifications: listed.notifications.into_iter().map(NotificationBody::from).collect(),
            total: listed.total,
            unread_count: listed.unread,
        }
    }
}

impl From<ListedNotification> for NotificationBody {
    fn from(received: ListedNotification) -> Self {
        Self {
            id: received.id.0,
            r#type: received.kind,
            title: received.title,
            message: received.message,
            // The database keeps nothing else.
            data: RawValue::from_string(received.data.0).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            read: received.read_at.is_some(),
            read_at: received.read_at.map(Instant::from),
            created_at: received.created_at.into(),
        }
    }
}

/// The outcome of marking notifications as read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkedRead)]
pub(super) struct MarkedBody {
    /// The number of notifications that were unread before.
    marked_count: u64,
}

impl From<u64> for MarkedBody {
    fn from(marked_count: u64) -> Self {
        Self { marked_count }
    }
}

/// What the document shows of a list.
pub(super) fn example() -> Value {
    json!({
        "notifications": [{
            "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "type": "new_follower", "title": "New follower",
            "message": "bob follows you.",
            "data": {"user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "bob"},
            "read": true, "read_at": "2026-11-22T13:00:00Z", "created_at": "2026-11-22T12:34:56.789Z",
        }],
        "total": 1, "unread_count": 0,
    })
}
