//! Queues of requests, one for each client: a client has a number of units, and a request without one waits in order of arrival.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::key::Key;

/// The lines of one kind of client; a client without requests has none. Cheap to clone; clones share the lines.
#[derive(Clone)]
pub(crate) struct ClientQueues(Arc<ClientQueuesInner>);

struct ClientQueuesInner {
    units: u32,
    most_requests: usize,
    wait: Duration,
    by_client: Mutex<HashMap<Key, Line>>,
}

struct Line {
    units: Arc<Semaphore>,
    /// Requests that have units or wait for some.
    requests: usize,
}

/// Units of a client, free again when this is dropped.
pub(crate) struct HeldUnits {
    units: OwnedSemaphorePermit,
    present: Present,
}

/// A request in the line of `key`.
struct Present {
    lines: ClientQueues,
    key: Key,
}

/// The client has no unit left, and too many of its requests wait or one waited too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueFull;

impl ClientQueues {
    /// Gives each client `units`, and at most `most_requests` requests that use them or wait for at most `wait`.
    pub(crate) fn new(units: u32, most_requests: usize, wait: Duration) -> Self {
        Self(Arc::new(ClientQueuesInner { units: units.max(1), most_requests, wait, by_client: Mutex::default() }))
    }

    /// Waits for `count` units of `key`; more than a client has counts as all of them.
    pub(crate) async fn take(&self, key: Key, count: u32) -> Result<HeldUnits, QueueFull> {
        let (present, semaphore) = self.join(key).ok_or(QueueFull)?;
        let units = self.acquire(semaphore, count.min(self.0.units)).await?;
        Ok(HeldUnits { units, present })
    }

    async fn acquire(&self, semaphore: Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit, QueueFull> {
        match semaphore.clone().try_acquire_many_owned(count) {
            Ok(units) => Ok(units),
            Err(_) => match timeout(self.0.wait, semaphore.acquire_many_owned(count)).await {
                Ok(Ok(units)) => Ok(units),
                _ => Err(QueueFull),
            },
        }
    }

    fn join(&self, key: Key) -> Option<(Present, Arc<Semaphore>)> {
        let mut by_client = self.by_client();
        let new = || Line { units: Arc::new(Semaphore::new(self.0.units as usize)), requests: 0 };
        let line = by_client.entry(key).or_insert_with(new);
        if line.requests >= self.0.most_requests {
            return None;
        }
        line.requests += 1;
        Some((Present { lines: self.clone(), key }, line.units.clone()))
    }

    fn by_client(&self) -> MutexGuard<'_, HashMap<Key, Line>> {
        self.0.by_client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many clients have requests.
    #[cfg(test)]
    pub(super) fn clients(&self) -> usize {
        self.by_client().len()
    }
}

impl HeldUnits {
    /// Waits until `count` units are held in all; more than a client has counts as all of them.
    pub(crate) async fn grow_to(&mut self, count: u32) -> Result<(), QueueFull> {
        let lines = &self.present.lines;
        let held = u32::try_from(self.units.num_permits()).unwrap_or(u32::MAX);
        let missing = count.min(lines.0.units).saturating_sub(held);
        if missing > 0 {
            let more = lines.acquire(self.units.semaphore().clone(), missing).await?;
            self.units.merge(more);
        }
        Ok(())
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut by_client = self.lines.by_client();
        if let Some(line) = by_client.get_mut(&self.key) {
            line.requests -= 1;
            if line.requests == 0 {
                by_client.remove(&self.key);
            }
        }
    }
}

impl fmt::Debug for ClientQueues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientQueues").field("units", &self.0.units).finish_non_exhaustive()
    }
}

impl fmt::Debug for HeldUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldUnits").field("key", &self.present.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;

    const ADA: Key = Key::Address([1; 16]);

    fn lines(units: u32, most_requests: usize) -> ClientQueues {
        ClientQueues::new(units, most_requests, Duration::from_hours(1))
    }

    #[tokio::test]
    async fn line_held_units_grow_up_to_the_limit() {
        let lines = lines(10, 3);
        let mut first = lines.take(ADA, 4).await.expect("units");
        first.grow_to(6).await.expect("more units");
        first.grow_to(2).await.expect("never fewer");
        let mut second = lines.take(ADA, 4).await.expect("the rest");
        assert!(poll!(Box::pin(second.grow_to(5))).is_pending(), "none are left");
        drop(first);
        second.grow_to(1_000).await.expect("all of them");
        assert!(poll!(Box::pin(lines.take(ADA, 1))).is_pending());
    }

    #[tokio::test]
    async fn line_wait_beyond_timeout_is_refused() {
        let lines = ClientQueues::new(1, 3, Duration::ZERO);
        let held = lines.take(ADA, 1).await.expect("a unit");
        assert_eq!(lines.take(ADA, 1).await.err(), Some(QueueFull));
        drop(held);
        assert_eq!(lines.clients(), 0);
        lines.take(ADA, 1).await.expect("a unit");
    }
}
