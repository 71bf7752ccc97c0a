//! One viewer's feed as it happens.

use std::collections::VecDeque;
use std::sync::Arc;

use super::feed_item::{LiveActivity, Mark, Position};
use super::ports::{HeardActivities, MissedPage};
use super::resume::ResumePoint;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::UserId;

/// How many missed activities are read at a time: what bounds the memory of one who was away for long.
pub const MISSED: u32 = 100;

/// How many sent activities are remembered. What was read as missed may have been heard as well, if it was committed just
/// then; a queue of what was heard is shorter than this.
pub(super) const REMEMBERED: u32 = 256;

/// The activities of those whom a viewer follows: first what they missed, the oldest first, then everything as it is committed.
/// Each is sent once, also to a viewer who reconnects with the [`ResumePoint`] of any event.
pub struct LiveFeed {
    deps: Deps,
    heard: Box<dyn HeardActivities>,
    viewer: UserId,
    /// Where the viewer was cut off. The point still lists what this stream has not met.
    resumed: Option<(Mark, ResumePoint)>,
    /// Where the next page of missed activities begins.
    past: Option<Past>,
    missed: VecDeque<LiveActivity>,
    /// What this stream or the one before it sent, in that order; first what was committed before the first of them.
    sent: VecDeque<Mark>,
}

/// The missed activities that are still to be read.
#[derive(Debug, Clone, Copy)]
struct Past {
    since: Mark,
    after: Option<Position>,
}

/// An activity to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// The activity.
    pub activity: Arc<LiveActivity>,
    /// The id of the event.
    pub id: ResumePoint,
}

/// Where a feed begins.
#[derive(Debug)]
pub(super) enum Beginning {
    /// With what is committed from now on; the activities of the last minute are given.
    Now(Vec<Mark>),
    /// After the activity and what else the point lists.
    After(Mark, ResumePoint),
}

impl LiveFeed {
    pub(super) fn new(deps: Deps, heard: Box<dyn HeardActivities>, viewer: UserId, beginning: Beginning) -> Self {
        let (resumed, sent) = match beginning {
            Beginning::Now(recent) => (None, recent),
            Beginning::After(last, point) => (Some((last, point)), vec![last]),
        };
        let past = resumed.as_ref().map(|(last, _)| Past { since: *last, after: None });
        Self { deps, heard, viewer, resumed, past, missed: VecDeque::new(), sent: sent.into() }
    }

    /// Waits for the next activity; `None` when the stream ends: because the viewer has too many others, does not
    /// keep up, or the process ends. May be given up and called again.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, StoreError> {
        loop {
            while let Some(activity) = self.missed.pop_front() {
                if let Some(event) = self.unsent(Arc::new(activity)) {
                    return Ok(Some(event));
                }
            }
            if let Some(Past { since, after }) = self.past {
                let MissedPage { activities, rest } =
                    self.deps.reads().feed().missed(self.viewer, since, after, MISSED).await?;
                self.missed = activities.into();
                self.past = rest.map(|place| Past { since, after: Some(place) });
                continue;
            }
            // What the point lists was committed before this stream began; what was not met by now never will be.
            if let Some((_, point)) = &mut self.resumed {
                point.clear();
            }
            let Some(activity) = self.heard.next().await else { return Ok(None) };
            if let Some(event) = self.unsent(activity) {
                return Ok(Some(event));
            }
        }
    }

    /// The event of `activity`, unless it was sent before. From now on it was.
    fn unsent(&mut self, activity: Arc<LiveActivity>) -> Option<StreamEvent> {
        let mark = activity.mark;
        if self.sent.iter().any(|sent| sent.id == mark.id) {
            return None;
        }
        // Another process may have sent it on the stream that was cut off, before this process hears of it.
        let was_sent =
            self.resumed.as_mut().is_some_and(|(last, point)| point.remove(mark.id) || !mark.may_follow(last));
        if self.sent.len() >= REMEMBERED as usize {
            self.sent.pop_front();
        }
        self.sent.push_back(mark);
        // What was sent before the stream was cut off is known as long as the point goes on from there.
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
