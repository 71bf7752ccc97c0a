//! Places for exports: each holds a database connection and its snapshot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::network::ClientNetwork;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Exports of a process at a time.
const PLACES: usize = 4;

/// Concurrent exports of one network: half, so that one network cannot take all places.
const PLACES_OF_NETWORK: usize = PLACES / 2;

/// The time that a request waits for a place before it gets a 503.
const PLACE_TIMEOUT: Duration = Duration::from_secs(2);

/// The time for which places stay contended after a request waited: longer than the `Retry-After` of the 503.
const CONTENTION_PERIOD: Duration = Duration::from_mins(2);

/// The places of a process. Cheap to clone; clones share them.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    taken: HashMap<Option<ClientNetwork>, usize>,
    last_wait: Option<Instant>,
}

impl Places {
    /// A place for a client of `network`; `None` when there is none within a moment. Most exports are small.
    pub(super) async fn take(&self, network: Option<ClientNetwork>) -> Option<Place> {
        let waits = async {
            loop {
                // Made before the look, so that a place that becomes free in between is not missed.
                let freed = self.0.freed.notified();
                if let Some(place) = self.try_take(network) {
                    return place;
                }
                freed.await;
            }
        };
        timeout(PLACE_TIMEOUT, waits).await.ok()
    }

    fn try_take(&self, network: Option<ClientNetwork>) -> Option<Place> {
        let mut state = self.state();
        let of_network = state.taken.get(&network).copied().unwrap_or_default();
        if of_network >= PLACES_OF_NETWORK || state.taken.values().sum::<usize>() >= PLACES {
            state.last_wait = Some(Instant::now());
            return None;
        }
        state.taken.insert(network, of_network + 1);
        drop(state);
        Some(Place { places: self.clone(), network })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken, until it is dropped.
pub(super) struct Place {
    places: Places,
    network: Option<ClientNetwork>,
}

impl Place {
    /// Whether a request waits for a place, or waited recently.
    pub(super) fn is_contended(&self) -> bool {
        self.places.state().last_wait.is_some_and(|last| last.elapsed() < CONTENTION_PERIOD)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        if let Some(taken) = state.taken.get_mut(&self.network) {
            *taken -= 1;
            if *taken == 0 {
                state.taken.remove(&self.network);
            }
        }
        drop(state);
        self.places.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(last: u8) -> ClientNetwork {
        ClientNetwork::new([192, 0, 2, last].into())
    }

    #[test]
    fn export_places_of_network_are_half() {
        let places = Places::default();
        let mut taken: Vec<Place> = (0..2).map(|_| places.try_take(Some(network(1))).expect("a place")).collect();
        assert!(!taken[0].is_contended(), "no request has waited yet");
        assert!(places.try_take(Some(network(1))).is_none());
        assert!(taken[0].is_contended());
        taken.push(places.try_take(Some(network(2))).expect("a place"));
        taken.push(places.try_take(None).expect("a place"));
        assert!(places.try_take(Some(network(3))).is_none(), "all are taken");
        drop(taken.remove(0));
        assert!(places.try_take(Some(network(3))).is_some());
        assert!(places.try_take(Some(network(1))).is_some(), "one of its two is free");
        drop(taken);
        assert!(places.state().taken.is_empty());
    }

    #[actix_web::test]
    async fn export_freed_place_goes_to_waiting_request() {
        let places = Places::default();
        let taken: Vec<Place> = (0..2).map(|_| places.try_take(Some(network(1))).expect("a place")).collect();
        let (waiting, ()) = tokio::join!(places.take(Some(network(1))), async { drop(taken) });
        assert!(waiting.is_some());
    }
}
