//! An activity as followers see it, and its place among the others.

use time::OffsetDateTime;

use super::activity::ActivityKind;
use crate::ids::{ActivityId, UserId};
use crate::payload::StoredData;
use crate::users::{Username, WebUrl};

/// Something that happened to somebody, as those who follow them see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// Names the activity.
    pub id: ActivityId,
    /// When it happened.
    pub created_at: OffsetDateTime,
    /// What happened.
    pub kind: ActivityKind,
    /// The particulars.
    pub data: StoredData,
    /// Whom it happened to.
    pub author: Author,
}

/// Whom something happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The account.
    pub id: UserId,
    /// Its username.
    pub username: Username,
    /// The name to show.
    pub name: Option<String>,
    /// The picture.
    pub image: Option<WebUrl>,
}

/// Where a reader of activities has come to. An activity may be committed after one that is younger, so a time alone does
/// not say what came later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The activity that was read last.
    pub id: ActivityId,
    /// When it happened.
    pub at: OffsetDateTime,
    /// The transaction that wrote it.
    pub transaction: i64,
    /// The oldest transaction that was open when this activity was written.
    pub horizon: i64,
}

impl Mark {
    /// Whether a reader that has read `last` may not have read this activity yet.
    ///
    /// All transactions before the horizon of `last` were committed when `last` was written. The activities of one transaction are read
    /// in the order of time and id. The time tells where transaction numbers do not: after a restore they are from another
    /// count.
    pub fn may_follow(&self, last: &Self) -> bool {
        (self.transaction >= last.horizon && self.transaction != last.transaction)
            || (self.at, self.id) > (last.at, last.id)
    }
}

/// An activity with its place among those that are committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveActivity {
    /// What followers see.
    pub item: FeedItem,
    /// Its place.
    pub mark: Mark,
}

/// A place in the order of activities.
pub type Position = (OffsetDateTime, ActivityId);
