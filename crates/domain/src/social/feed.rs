//! The feed: what happened to the people one follows.

use std::sync::Arc;

use super::error::SocialError;
use super::feed_item::FeedItem;
use super::live::{Beginning, LiveFeed, REMEMBERED};
use super::ports::ActivityHub;
use super::resume::ResumePoint;
use crate::deps::Deps;
use crate::ids::UserId;
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

    /// What happened to those whom `viewer` follows, the newest first.
    pub async fn page(&self, viewer: UserId, request: PageRequest) -> Result<Page<FeedItem>, SocialError> {
        Ok(self.deps.reads().feed().page(viewer, request).await?)
    }

    /// What happens to those whom `viewer` follows, from now on; first what was not sent yet at the point `after`, if its activity
    /// exists.
    pub async fn live(&self, viewer: UserId, after: Option<ResumePoint>) -> Result<LiveFeed, SocialError> {
        let resumed = match after {
            Some(after) => self.deps.reads().feed().mark(after.last).await?.map(|mark| Beginning::After(mark, after)),
            None => None,
        };
        let beginning = match resumed {
            Some(resumed) => resumed,
            None => Beginning::Now(self.deps.reads().feed().recent(viewer, REMEMBERED).await?),
        };
        // The hub keeps what happens from here on, so nothing is lost while the past is read.
        let heard = self.hub.subscribe(viewer).await?.ok_or(SocialError::NoRoom)?;
        Ok(LiveFeed::new(self.deps.clone(), heard, viewer, beginning))
    }
}
