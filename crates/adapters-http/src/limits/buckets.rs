//! The state of rate limits by client, bounded in number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use super::key::Key;

/// For each client, the instant at which its whole limit is available again. Clones share the buckets.
///
/// governor's own stores grow without bound, and only let requests be counted, not given back.
#[derive(Clone)]
pub(super) struct Buckets {
    full_at: Arc<Mutex<HashMap<Key, Nanos>>>,
    most: usize,
}

impl Buckets {
    /// No more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { full_at: Arc::default(), most }
    }

    /// Undoes the count of a request of `key`, which takes `refill` to refill.
    pub(super) fn give_back(&self, key: Key, refill: Duration) {
        if let Some(full_at) = self.lock().get_mut(&key) {
            *full_at = Nanos::from(full_at.as_u64().saturating_sub(Nanos::from(refill).as_u64()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Nanos>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Buckets {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, judge: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut full_at = self.lock();
        let (answer, next) = judge(full_at.get(key).copied())?;
        if full_at.len() >= self.most && !full_at.contains_key(key) {
            forget_half(&mut full_at);
        }
        full_at.insert(*key, next);
        Ok(answer)
    }
}

impl ShrinkableKeyedStateStore<Key> for Buckets {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut buckets = self.lock();
        buckets.retain(|_, full_at| *full_at > drop_below);
        let wanted = buckets.len() * 2;
        buckets.shrink_to(wanted);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// Forgets about half of the clients, the ones nearest to their whole limit: single requests of many addresses are forgotten, clients
/// at their limit are kept. Half at a time, so that the scan is amortised over as many new clients.
fn forget_half(full_at: &mut HashMap<Key, Nanos>) {
    let mut excess = full_at.len().div_ceil(2);
    let mut ends: Vec<Nanos> = full_at.values().copied().collect();
    let Some(last) = excess.checked_sub(1) else { return };
    let (_, median, _) = ends.select_nth_unstable(last);
    full_at.retain(|_, end| {
        let goes = excess > 0 && *end <= *median;
        excess -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets `key` have its whole rate again at `full_at`.
    fn put(buckets: &Buckets, key: u128, full_at: u64) {
        let put = |_| Ok::<_, ()>(((), Nanos::from(full_at)));
        buckets.measure_and_replace(&Key::Address(key.to_be_bytes()), put).expect("it is let through");
    }

    fn known(buckets: &Buckets) -> Vec<u128> {
        let keys = buckets.lock();
        let number = |key: &Key| if let Key::Address(key) = key { u128::from_be_bytes(*key) } else { 0 };
        let mut keys: Vec<u128> = keys.keys().map(number).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn clients_nearest_to_their_whole_limit_are_forgotten_first() {
        let buckets = Buckets::new(4);
        for (key, full_at) in [(1, 900), (2, 20), (3, 800), (4, 10)] {
            put(&buckets, key, full_at);
        }
        put(&buckets, 2, 30);
        assert_eq!(known(&buckets), [1, 2, 3, 4], "a known client needs no room");
        put(&buckets, 5, 40);
        assert_eq!(known(&buckets), [1, 3, 5]);
    }

    #[test]
    fn there_are_never_more_than_allowed() {
        for most in [1, 2, 3, 10] {
            let buckets = Buckets::new(most);
            for key in 0..100 {
                put(&buckets, key, 7);
                assert!(buckets.len() <= most, "{most}");
            }
            assert!(known(&buckets).contains(&99), "the newest is known");
        }
    }

    #[test]
    fn client_with_its_whole_limit_is_forgotten() {
        let buckets = Buckets::new(10);
        for (key, full_at) in [(1, 10), (2, 20), (3, 21)] {
            put(&buckets, key, full_at);
        }
        buckets.retain_recent(Nanos::from(20));
        assert_eq!(known(&buckets), [3]);
    }
}
