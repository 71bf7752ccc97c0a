//! The listeners of this process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use domain::ids::UserId;
use domain::social::LiveActivity;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Limits on listeners and their queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubLimits {
    /// Listeners of this process; beyond it, subscribing is refused.
    pub listeners: usize,
    /// Listeners of one account; a further one replaces the oldest.
    pub per_viewer: usize,
    /// Activities that wait for a listener; beyond it, the listener is removed.
    pub queue: usize,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self { listeners: 5_000, per_viewer: 5, queue: 64 }
    }
}

/// All listeners, with a queue each.
pub(super) struct Listeners {
    limits: HubLimits,
    closed: bool,
    count: usize,
    next: u64,
    /// The oldest first.
    by_viewer: HashMap<UserId, VecDeque<Listener>>,
}

struct Listener {
    number: u64,
    queue: mpsc::Sender<Arc<LiveActivity>>,
}

impl Listeners {
    pub(super) fn new(limits: HubLimits) -> Self {
        Self { limits, closed: false, count: 0, next: 0, by_viewer: HashMap::new() }
    }

    /// Adds a listener of `viewer`, replacing the oldest one at the limit of the account; `None` when the process is full.
    pub(super) fn add(&mut self, viewer: UserId) -> Option<(u64, mpsc::Receiver<Arc<LiveActivity>>)> {
        if self.closed {
            return None;
        }
        if let Some(theirs) = self.by_viewer.get_mut(&viewer)
            && theirs.len() >= self.limits.per_viewer
            && theirs.pop_front().is_some()
        {
            self.count -= 1;
        }
        if self.count >= self.limits.listeners {
            self.remove_if_empty(viewer);
            return None;
        }
        let (queue, items) = mpsc::channel(self.limits.queue);
        self.next += 1;
        self.count += 1;
        self.by_viewer.entry(viewer).or_default().push_back(Listener { number: self.next, queue });
        Some((self.next, items))
    }

    pub(super) fn remove(&mut self, viewer: UserId, number: u64) {
        self.keep(viewer, |listener| listener.number != number);
    }

    /// Sends `item` to every listener of `viewer`. A listener with a full queue is removed; it still receives its queue.
    pub(super) fn send(&mut self, viewer: UserId, item: &Arc<LiveActivity>) {
        self.keep(viewer, |listener| listener.queue.try_send(item.clone()).is_ok());
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The viewers with listeners, once each.
    pub(super) fn viewers(&self) -> Vec<Uuid> {
        self.by_viewer.keys().map(|viewer| viewer.0).collect()
    }

    /// Removes all listeners and accepts no more.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.count = 0;
        self.by_viewer.clear();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn keep(&mut self, viewer: UserId, keep: impl FnMut(&Listener) -> bool) {
        let Some(theirs) = self.by_viewer.get_mut(&viewer) else { return };
        let before = theirs.len();
        theirs.retain(keep);
        self.count -= before - theirs.len();
        self.remove_if_empty(viewer);
    }

    fn remove_if_empty(&mut self, viewer: UserId) {
        if self.by_viewer.get(&viewer).is_some_and(VecDeque::is_empty) {
            self.by_viewer.remove(&viewer);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::ActivityId;
    use domain::payload::StoredData;
    use domain::social::{ActivityKind, ActivityMark, Author, FeedItem};
    use domain::users::Username;
    use mpsc::error::TryRecvError;

    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));
    const LIMITS: HubLimits = HubLimits { listeners: 3, per_viewer: 2, queue: 2 };

    fn item() -> Arc<LiveActivity> {
        let author = Author { id: BOB, username: Username::trusted("bob"), name: None, image: None };
        let (id, kind, data) = (ActivityId(Uuid::nil()), ActivityKind::LevelUp, StoredData("{}".into()));
        let at = time::OffsetDateTime::UNIX_EPOCH;
        let mark = ActivityMark { id, at, transaction: 3, horizon: 3 };
        Arc::new(LiveActivity { item: FeedItem { id, created_at: at, kind, data, author }, mark })
    }

    #[test]
    fn listener_beyond_the_account_limit_replaces_the_oldest_and_a_full_process_refuses() {
        let mut listeners = Listeners::new(LIMITS);
        let (_, mut first) = listeners.add(ADA).expect("room");
        let (_, mut second) = listeners.add(ADA).expect("room");
        let (_, mut third) = listeners.add(ADA).expect("in the place of the first");
        assert_eq!(first.try_recv(), Err(TryRecvError::Disconnected));
        let (bob, _queue) = listeners.add(BOB).expect("room");
        assert!(listeners.add(BOB).is_none(), "three are the most");
        assert_eq!(listeners.viewers().len(), 2);
        listeners.send(ADA, &item());
        assert!(second.try_recv().is_ok() && third.try_recv().is_ok());
        listeners.remove(BOB, bob);
        listeners.remove(BOB, bob);
        assert_eq!(listeners.viewers(), [ADA.0]);
        assert!(listeners.add(BOB).is_some());
    }

    #[test]
    fn listener_with_a_full_queue_is_removed_after_its_queue() {
        let mut listeners = Listeners::new(LIMITS);
        let (_, mut slow) = listeners.add(ADA).expect("room");
        for _ in 0..5 {
            listeners.send(ADA, &item());
        }
        assert!(listeners.viewers().is_empty());
        assert!(slow.try_recv().is_ok() && slow.try_recv().is_ok());
        assert_eq!(slow.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn closed_listeners_end_and_accept_no_more() {
        let mut listeners = Listeners::new(LIMITS);
        let (number, mut queue) = listeners.add(ADA).expect("room");
        listeners.close();
        assert_eq!(queue.try_recv(), Err(TryRecvError::Disconnected));
        listeners.remove(ADA, number);
        assert!(listeners.add(ADA).is_none() && listeners.is_closed());
    }
}
