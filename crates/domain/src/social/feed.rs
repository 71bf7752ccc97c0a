//! The feed: activities of the accounts that a viewer follows.

use std::sync::Arc;

use super::error::SocialError;
use super::feed_item::FeedItem;
use super::live::{FeedStart, LiveFeed, MAX_REMEMBERED};
use super::ports::ActivityHub;
use super::resume::ResumePoint;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{ActivityId, UserId};
use crate::page::{Page, PageRequest};

/// The use cases of the feed.
#[derive(Clone)]
pub struct Feed {
    deps: Deps,
    hub: Arc<dyn ActivityHub>,
}

impl Feed {
    /// Receives new activities from `hub`.
    pub fn new(deps: Deps, hub: Arc<dyn ActivityHub>) -> Self {
        Self { deps, hub }
    }

    /// A page of the activities of the accounts that `viewer` follows, newest first. With `before`, pages are counted from the
    /// activity that follows it.
    pub async fn page(
        &self,
        viewer: UserId,
        request: PageRequest,
        before: Option<ActivityId>,
    ) -> Result<Page<FeedItem>, SocialError> {
        match (self.deps.reads().feed().page(viewer, request, before).await?, before) {
            (Some(page), _) => Ok(page),
            (None, Some(before)) => Err(SocialError::UnknownActivity(before)),
            (None, None) => Err(StoreError::Internal("a feed without a cursor has no page".to_owned()).into()),
        }
    }

    /// The activities of the accounts that `viewer` follows, from now on. If the activity of `after` exists, the stream begins
    /// with everything not sent at that point.
    pub async fn live(&self, viewer: UserId, after: Option<ResumePoint>) -> Result<LiveFeed, SocialError> {
        let resumed = match after {
            Some(after) => self.deps.reads().feed().mark(after.last).await?.map(|mark| FeedStart::After(mark, after)),
            None => None,
        };
        let beginning = match resumed {
            Some(resumed) => resumed,
            None => FeedStart::Now(self.deps.reads().feed().recent(viewer, MAX_REMEMBERED).await?),
        };
        // The subscription begins before the past is read, so nothing is lost in between.
        let subscription = self.hub.subscribe(viewer).await?.ok_or(SocialError::NoRoom)?;
        Ok(LiveFeed::new(self.deps.clone(), subscription, viewer, beginning))
    }
}
