//! The state of a rate limit by client, bounded in number.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key::Key;

/// For each client, the instant at which its whole limit is available again, in nanoseconds. An unknown client has it already.
pub(super) struct Buckets {
    full_at: Mutex<HashMap<Key, u64>>,
    most: usize,
}

impl Buckets {
    /// No more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { full_at: Mutex::default(), most }
    }

    /// Replaces the instant of `key` with the one that `next` returns for it, unless `next` refuses. Returns the new instant.
    pub(super) fn advance<E>(&self, key: Key, next: impl FnOnce(u64) -> Result<u64, E>) -> Result<u64, E> {
        let mut full_at = self.lock();
        let known = full_at.get(&key).copied();
        let next = next(known.unwrap_or_default())?;
        if known.is_none() && full_at.len() >= self.most {
            forget_half(&mut full_at);
        }
        full_at.insert(key, next);
        Ok(next)
    }

    /// The instant of `key`.
    pub(super) fn full_at(&self, key: Key) -> u64 {
        self.lock().get(&key).copied().unwrap_or_default()
    }

    /// Forgets the clients that have their whole limit at `now`.
    pub(super) fn forget_whole(&self, now: u64) {
        let mut buckets = self.lock();
        buckets.retain(|_, full_at| *full_at > now);
        let wanted = buckets.len() * 2;
        buckets.shrink_to(wanted);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, u64>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets about half of the clients, the ones nearest to their whole limit: single requests of many addresses are forgotten, clients
/// at their limit are kept. Half at a time, so that the scan is amortised over as many new clients.
fn forget_half(full_at: &mut HashMap<Key, u64>) {
    let mut excess = full_at.len().div_ceil(2);
    let mut ends: Vec<u64> = full_at.values().copied().collect();
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
        buckets.advance(Key::Address(key.to_be_bytes()), |_| Ok::<_, ()>(full_at)).expect("it is let through");
    }

    fn known(buckets: &Buckets) -> Vec<u128> {
        let keys = buckets.lock();
        let number = |key: &Key| if let Key::Address(key) = key { u128::from_be_bytes(*key) } else { 0 };
        let mut keys: Vec<u128> = keys.keys().map(number).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn buckets_nearest_to_full_are_evicted_first() {
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
    fn buckets_never_exceed_their_limit() {
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
    fn buckets_full_ones_are_evicted() {
        let buckets = Buckets::new(10);
        for (key, full_at) in [(1, 10), (2, 20), (3, 21)] {
            put(&buckets, key, full_at);
        }
        buckets.forget_whole(20);
        assert_eq!(known(&buckets), [3]);
    }
}
