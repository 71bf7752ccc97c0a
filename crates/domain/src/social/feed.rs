//! The feed: what happened to the people one follows.

use std::sync::Arc;

use time::OffsetDateTime;

use super::activity::ActivityKind;
use super::error::SocialError;
use super::live::LiveFeed;
use super::ports::{ActivityHub, FeedReader};
use crate::data::StoredData;
use crate::ids::{ActivityId, UserId};
use crate::page::{Page, PageRequest};
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
    /// Tells the store which activities were not committed yet when this one was written.
    pub horizon: i64,
}

/// The use cases of the feed.
#[derive(Clone)]
pub struct Feed {
    reader: Arc<dyn FeedReader>,
    hub: Arc<dyn ActivityHub>,
}

impl Feed {
    /// Reads pages from `reader` and hears of what happens from `hub`.
    pub fn new(reader: Arc<dyn FeedReader>, hub: Arc<dyn ActivityHub>) -> Self {
        Self { reader, hub }
    }

    /// What happened to those whom `viewer` follows, the newest first.
    pub async fn page(&self, viewer: UserId, request: PageRequest) -> Result<Page<FeedItem>, SocialError> {
        Ok(self.reader.page(viewer, request).await?)
    }

    /// What happens to those whom `viewer` follows, from now on; first what was committed after the activity `after`, if there is
    /// such an activity.
    pub async fn live(&self, viewer: UserId, after: Option<ActivityId>) -> Result<LiveFeed, SocialError> {
        // From here on the hub keeps what happens, so nothing is lost while the past is read.
        let heard = self.hub.subscribe(viewer).await?.ok_or(SocialError::NoRoom)?;
        let mark = match after {
            Some(after) => self.reader.mark(after).await?,
            None => None,
        };
        Ok(LiveFeed::new(self.reader.clone(), heard, viewer, mark))
    }
}
