//! One rate limit, for all its clients: the generic cell rate algorithm (ITU-T I.371).

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Stopwatch;
use super::buckets::Buckets;
use super::key::Key;
use super::quota::{Quota, RateExceeded};
use crate::error::whole_seconds;

const MINUTE_NANOS: u64 = 60_000_000_000;

/// The interval in nanoseconds at which clients with their whole limit are forgotten.
const SWEEP_INTERVAL_NANOS: u64 = MINUTE_NANOS;

/// A number of requests a minute for each client.
pub(super) struct Limiter {
    limit: NonZeroU32,
    /// The time after which one more request is available, in nanoseconds.
    refill: u64,
    buckets: Buckets,
    clock: Stopwatch,
    /// When clients were last swept, in nanoseconds of the clock.
    swept: AtomicU64,
}

impl Limiter {
    /// `per_minute` requests for each of at most `most` clients; `None` for 0, which is no limit.
    pub(super) fn new(per_minute: u32, most: usize, clock: Stopwatch) -> Option<Self> {
        let limit = NonZeroU32::new(per_minute)?;
        let swept = AtomicU64::new(clock.nanoseconds());
        Some(Self { limit, refill: MINUTE_NANOS / u64::from(per_minute), buckets: Buckets::new(most), clock, swept })
    }

    /// Counts a request of `key`, if it is not one too many.
    pub(super) fn count(&self, key: Key) -> Result<Quota, RateExceeded> {
        let now = self.clock.nanoseconds();
        self.sweep(now);
        let full_at = self.buckets.advance(key, |full_at| self.after_one_more(full_at, now))?;
        Ok(self.quota(full_at, now))
    }

    /// Whether a request of `key` would be counted now; returns the quota without it. Counts nothing, so concurrent calls do not
    /// disturb each other.
    pub(super) fn would_take(&self, key: Key) -> Result<Quota, RateExceeded> {
        let now = self.clock.nanoseconds();
        let full_at = self.buckets.full_at(key).max(now);
        self.after_one_more(full_at, now)?;
        Ok(self.quota(full_at, now))
    }

    /// When the whole limit of a client is available again after one more request at `now`; before it, that is at `full_at`.
    fn after_one_more(&self, full_at: u64, now: u64) -> Result<u64, RateExceeded> {
        let next = full_at.max(now) + self.refill;
        let wait = next.saturating_sub(now + self.whole());
        if wait == 0 {
            return Ok(next);
        }
        let quota = Quota { limit: self.limit, remaining: 0 };
        Err(RateExceeded { quota, retry_after: whole_seconds(Duration::from_nanos(wait)) })
    }

    /// What is left at `now` for a client whose whole limit is available again at `full_at`.
    fn quota(&self, full_at: u64, now: u64) -> Quota {
        let remaining = (now + self.whole()).saturating_sub(full_at) / self.refill;
        Quota { limit: self.limit, remaining: u32::try_from(remaining).unwrap_or(u32::MAX) }
    }

    /// The time in which the whole limit refills, in nanoseconds.
    fn whole(&self) -> u64 {
        self.refill * u64::from(self.limit.get())
    }

    /// Forgets clients with their whole limit, once per interval.
    fn sweep(&self, now: u64) {
        let last = self.swept.load(Ordering::Relaxed);
        let due = now >= last + SWEEP_INTERVAL_NANOS;
        if due && self.swept.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.buckets.forget_whole(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A limiter, and what moves its clock on by some milliseconds.
    fn limiter(per_minute: u32) -> (Limiter, impl Fn(u64)) {
        let elapsed = Arc::new(AtomicU64::new(5_000));
        let read = elapsed.clone();
        let clock = Stopwatch::new(move || Duration::from_millis(read.load(Ordering::SeqCst)));
        let limiter = Limiter::new(per_minute, 1000, clock).expect("a limit");
        let pass = move |millis| {
            elapsed.fetch_add(millis, Ordering::SeqCst);
        };
        (limiter, pass)
    }

    const ADA: Key = Key::Address([1; 16]);
    const BOB: Key = Key::Address([2; 16]);

    /// What is left, or when to come again.
    fn count(limiter: &Limiter, key: Key) -> Result<u32, u64> {
        limiter.count(key).map(|quota| quota.remaining).map_err(|too_many| too_many.retry_after)
    }

    #[test]
    fn limiter_allows_a_burst_then_the_steady_rate() {
        let (limiter, pass) = limiter(4);
        for left in [3, 2, 1, 0] {
            assert_eq!(count(&limiter, ADA), Ok(left));
        }
        assert_eq!(count(&limiter, ADA), Err(15));
        assert_eq!(count(&limiter, BOB), Ok(3), "others are not concerned");
        for (passes, answer) in [
            (0, Err(15)),
            (14_000, Err(1)),
            (999, Err(1)),
            (1, Ok(0)),
            (1, Err(15)),
            (15_000, Ok(0)),
            (60_000, Ok(3)),
            (600_000, Ok(3)),
        ] {
            pass(passes);
            assert_eq!(count(&limiter, ADA), answer, "{passes}");
        }
    }

    #[test]
    fn limiter_would_take_counts_no_request() {
        let (limiter, pass) = limiter(2);
        let would_take = || limiter.would_take(ADA).map(|quota| quota.remaining);
        for left in [1, 0] {
            for _ in 0..5 {
                assert_eq!(would_take(), Ok(left + 1));
            }
            assert_eq!(count(&limiter, ADA), Ok(left));
        }
        assert_eq!(would_take().map_err(|too_many| too_many.retry_after), Err(30));
        pass(30_000);
        assert_eq!(would_take(), Ok(1));
    }

    #[test]
    fn limiter_would_take_is_not_disturbed_by_concurrent_calls() {
        let (limiter, _) = limiter(2);
        assert_eq!(count(&limiter, ADA), Ok(1));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        assert_eq!(limiter.would_take(ADA).map(|quota| quota.remaining).ok(), Some(1));
                    }
                });
            }
        });
    }

    #[test]
    fn limiter_idle_client_is_evicted() {
        let (limiter, pass) = limiter(2);
        for key in 0..500_u128 {
            assert!(limiter.count(Key::Address(key.to_be_bytes())).is_ok());
        }
        assert_eq!(limiter.buckets.len(), 500);
        pass(120_000);
        assert!(limiter.count(BOB).is_ok());
        assert_eq!(limiter.buckets.len(), 1);
    }

    #[test]
    fn limiter_rate_zero_is_unlimited_and_largest_rate_is_accepted() {
        let clock = Stopwatch::new(|| Duration::ZERO);
        assert!(Limiter::new(0, 10, clock.clone()).is_none());
        let limiter = Limiter::new(u32::MAX, 10, clock).expect("a limit");
        assert_eq!(count(&limiter, ADA), Ok(u32::MAX - 1));
    }
}
