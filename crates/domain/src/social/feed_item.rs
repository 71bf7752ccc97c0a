//! An activity in the feed, and its position in the order of activities.

use time::OffsetDateTime;

use super::activity::ActivityKind;
use crate::ids::{ActivityId, UserId};
use crate::payload::StoredData;
use crate::users::{Username, WebUrl};

/// An activity as followers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    pub id: ActivityId,
    pub created_at: OffsetDateTime,
    pub kind: ActivityKind,
    pub data: StoredData,
    pub author: Author,
}

/// The author of an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub id: UserId,
    pub username: Username,
    /// The display name.
    pub name: Option<String>,
    pub image: Option<WebUrl>,
}

/// The position of a reader. An activity can be committed after a younger one, so a time alone does not determine what is
/// unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityMark {
    /// The activity read last.
    pub id: ActivityId,
    pub at: OffsetDateTime,
    /// The transaction that wrote it.
    pub transaction: i64,
    /// The oldest transaction that was open when it was written.
    pub horizon: i64,
}

impl ActivityMark {
    /// Whether a reader that has read `last` may not have read this activity yet.
    ///
    /// All transactions before the horizon of `last` were committed when `last` was written. The activities of one transaction
    /// are read by time and id. The time decides where transaction numbers cannot: after a restore they belong to another
    /// cluster.
    pub fn may_follow(&self, last: &Self) -> bool {
        (self.transaction >= last.horizon && self.transaction != last.transaction)
            || (self.at, self.id) > (last.at, last.id)
    }
}

/// An activity with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveActivity {
    pub item: FeedItem,
    pub mark: ActivityMark,
}

/// A position in the order of activities.
pub type FeedPosition = (OffsetDateTime, ActivityId);
