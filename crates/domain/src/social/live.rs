//! The live feed of a viewer.

use std::collections::VecDeque;
use std::sync::Arc;

use super::feed_item::{ActivityMark, FeedPosition, LiveActivity};
use super::ports::{ActivitySubscription, MissedPage};
use super::resume::ResumePoint;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::UserId;

/// The missed activities that are read at a time, which bounds the memory after a long absence.
pub const MISSED_PAGE_SIZE: u32 = 100;

/// The sent activities that are remembered. An activity that is committed during the reading of missed ones arrives in both
/// ways; the queue of the subscription is shorter than this.
pub(super) const MAX_REMEMBERED: u32 = 256;

/// The activities of the accounts that a viewer follows: first the missed ones, oldest first, then each as it is committed. Each
/// is sent once, also to a client that reconnects with the [`ResumePoint`] of any event (I6).
pub struct LiveFeed {
    deps: Deps,
    subscription: Box<dyn ActivitySubscription>,
    viewer: UserId,
    /// The position of the previous stream. The point lists what this stream has not met yet.
    resumed: Option<(ActivityMark, ResumePoint)>,
    /// Where the next page of missed activities begins.
    past: Option<Past>,
    missed: VecDeque<LiveActivity>,
    /// The activities sent by this stream or the previous one, in order; at first those committed before.
    sent: VecDeque<ActivityMark>,
}

/// The missed activities that are still to be read.
#[derive(Debug, Clone, Copy)]
struct Past {
    since: ActivityMark,
    after: Option<FeedPosition>,
}

/// An activity to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    pub activity: Arc<LiveActivity>,
    /// The id of the event.
    pub id: ResumePoint,
}

/// The beginning of a feed.
#[derive(Debug)]
pub(super) enum FeedStart {
    /// New activities only; those of the last minute are given.
    Now(Vec<ActivityMark>),
    /// After the activity, except for what the point lists.
    After(ActivityMark, ResumePoint),
}

impl LiveFeed {
    pub(super) fn new(
        deps: Deps,
        subscription: Box<dyn ActivitySubscription>,
        viewer: UserId,
        beginning: FeedStart,
    ) -> Self {
        let (resumed, sent) = match beginning {
            FeedStart::Now(recent) => (None, recent),
            FeedStart::After(last, point) => (Some((last, point)), vec![last]),
        };
        let past = resumed.as_ref().map(|(last, _)| Past { since: *last, after: None });
        Self { deps, subscription, viewer, resumed, past, missed: VecDeque::new(), sent: sent.into() }
    }

    /// Waits for the next activity. `None` ends the stream: the viewer has too many streams, does not keep up, or the process is
    /// shutting down. Cancel safe.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, StoreError> {
        loop {
            while let Some(activity) = self.missed.pop_front() {
                if let Some(event) = self.unsent(Arc::new(activity)) {
                    return Ok(Some(event));
                }
            }
            if let Some(Past { since, after }) = self.past {
                let MissedPage { activities, rest } =
                    self.deps.reads().feed().missed(self.viewer, since, after, MISSED_PAGE_SIZE).await?;
                self.missed = activities.into();
                self.past = rest.map(|place| Past { since, after: Some(place) });
                continue;
            }
            // The listed activities were committed before this stream began; those not met by now never will be.
            if let Some((_, point)) = &mut self.resumed {
                point.clear();
            }
            let Some(activity) = self.subscription.next().await else { return Ok(None) };
            if let Some(event) = self.unsent(activity) {
                return Ok(Some(event));
            }
        }
    }

    /// The event of `activity`, unless it was sent before. It counts as sent from now on.
    fn unsent(&mut self, activity: Arc<LiveActivity>) -> Option<StreamEvent> {
        let mark = activity.mark;
        if self.sent.iter().any(|sent| sent.id == mark.id) {
            return None;
        }
        // Another process may have sent it on the previous stream before this process received it.
        let was_sent =
            self.resumed.as_mut().is_some_and(|(last, point)| point.remove(mark.id) || !mark.may_follow(last));
        if self.sent.len() >= MAX_REMEMBERED as usize {
            self.sent.pop_front();
        }
        self.sent.push_back(mark);
        // The point keeps its list as long as it continues from the same activity.
        let id = match &self.resumed {
            Some((last, point)) if last.may_follow(&mark) => ResumePoint::new(last, &self.sent, Some(point)),
            resumed => ResumePoint::new(&mark, &self.sent, resumed.as_ref().map(|(_, point)| point)),
        };
        (!was_sent).then_some(StreamEvent { activity, id })
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
