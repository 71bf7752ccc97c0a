//! One viewer's feed as it happens.

use std::collections::VecDeque;
use std::sync::Arc;

use time::OffsetDateTime;

use super::feed::{FeedItem, Mark};
use super::ports::{FeedReader, HeardActivities};
use crate::ids::{ActivityId, UserId};
use crate::store::StoreError;

/// How many missed activities are read at a time: what bounds the memory of one who was away for long.
pub const MISSED: u32 = 100;

/// How many activities are remembered as told. What was read as missed may have been heard as well, if it was committed just
/// then; a queue of what was heard is shorter than this.
const REMEMBERED: usize = 256;

/// What happens to those whom a viewer follows: first what they missed, the oldest first, then everything as it is committed.
/// Nothing is left out that the viewer may see; an activity that was under way when the last one was told may be told
/// twice to a viewer who comes back.
pub struct LiveFeed {
    reader: Arc<dyn FeedReader>,
    heard: Box<dyn HeardActivities>,
    viewer: UserId,
    /// What is still to be read of the past: from where, and after which activity.
    past: Option<(Mark, Option<Position>)>,
    missed: VecDeque<FeedItem>,
    told: VecDeque<ActivityId>,
}

/// A place in the order of activities.
pub type Position = (OffsetDateTime, ActivityId);

impl LiveFeed {
    pub(super) fn new(
        reader: Arc<dyn FeedReader>,
        heard: Box<dyn HeardActivities>,
        viewer: UserId,
        mark: Option<Mark>,
    ) -> Self {
        let told = mark.iter().map(|mark| mark.id).collect();
        Self { reader, heard, viewer, past: mark.map(|mark| (mark, None)), missed: VecDeque::new(), told }
    }

    /// Waits for the next activity; `None` when the viewer is told no more: because they listen elsewhere too often, do not
    /// keep up, or the process ends. May be given up and called again.
    pub async fn next(&mut self) -> Result<Option<Arc<FeedItem>>, StoreError> {
        loop {
            while let Some(item) = self.missed.pop_front() {
                if self.is_news(item.id) {
                    return Ok(Some(Arc::new(item)));
                }
            }
            if let Some((mark, after)) = self.past {
                self.missed = self.reader.missed(self.viewer, mark, after, MISSED).await?.into();
                self.past = self.missed.back().map(|last| (mark, Some((last.created_at, last.id))));
                continue;
            }
            match self.heard.next().await {
                Some(item) if !self.is_news(item.id) => {}
                heard => return Ok(heard),
            }
        }
    }

    /// Whether the activity was not told yet, which it is from now on.
    fn is_news(&mut self, id: ActivityId) -> bool {
        if self.told.contains(&id) {
            return false;
        }
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back(id);
        true
    }
}

impl std::fmt::Debug for LiveFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveFeed").field("viewer", &self.viewer).field("past", &self.past).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
