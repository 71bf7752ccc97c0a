//! Decides on the retry of a failed job.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::error::ErrorKind;
use crate::ids::JobId;

/// The decision after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// It is retried at this instant.
    Retry(OffsetDateTime),
    /// It is dead, and kept for an operator.
    Dead,
}

/// The wait after the first failure, and the longest.
const FIRST: Duration = Duration::seconds(5);
const LONGEST: Duration = Duration::hours(1);

/// The wait after the `attempt`th attempt, from 1. It doubles each time, up to an hour. Its second half is random by the job's
/// id, so that jobs that failed together are not retried together.
pub fn backoff(id: JobId, attempt: u32) -> Duration {
    let whole = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST);
    whole / 2 + whole / 2 * chance(id.0, attempt)
}

/// A number from 0 up to, excluding, 1 that differs by id and attempt.
fn chance(id: Uuid, attempt: u32) -> f64 {
    // Fibonacci hashing spreads consecutive ids.
    let mixed = (id.as_u64_pair().1 ^ u64::from(attempt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    f64::from(u32::try_from(mixed >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// The decision on the job `id`, whose `attempt` of `attempts` failed at `now` with an error of `kind`. An error that waiting
/// cannot cure is final.
pub fn judge(kind: ErrorKind, id: JobId, attempt: u32, attempts: u32, now: OffsetDateTime) -> RetryDecision {
    match kind {
        ErrorKind::Invalid | ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Unauthenticated => {
            RetryDecision::Dead
        }
        _ if attempt >= attempts => RetryDecision::Dead,
        ErrorKind::RateLimited { retry_after } => RetryDecision::Retry(now + retry_after.max(backoff(id, attempt))),
        ErrorKind::Conflict | ErrorKind::Unavailable | ErrorKind::Collided | ErrorKind::Internal => {
            RetryDecision::Retry(now + backoff(id, attempt))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::testing::NOW;

    const ID: JobId = JobId(Uuid::from_u128(7));

    #[test]
    fn backoff_doubles_up_to_an_hour() {
        for (attempt, whole) in
            [(1, 5), (2, 10), (3, 20), (4, 40), (8, 640), (10, 2_560), (11, 3_600), (40, 3_600), (u32::MAX, 3_600)]
        {
            for id in 0..100 {
                let wait = backoff(JobId(Uuid::from_u128(id)), attempt).as_seconds_f64();
                let whole = f64::from(whole);
                assert!((whole / 2.0..whole).contains(&wait), "{attempt}: {wait}");
            }
        }
    }

    #[test]
    fn backoff_spreads_jobs_that_fail_together() {
        let mut waits: Vec<_> = (0..100).map(|id| backoff(JobId(Uuid::from_u128(id)), 5)).collect();
        waits.sort_unstable();
        waits.dedup();
        assert_eq!(waits.len(), 100);
        let spread = *waits.last().expect("a wait") - waits[0];
        assert!(spread > Duration::seconds(30), "{spread}");
    }

    #[test]
    fn judge_permanent_error_or_last_attempt_is_dead() {
        let soon = RetryDecision::Retry(NOW + backoff(ID, 2));
        for (kind, attempt, verdict) in [
            (ErrorKind::Unavailable, 2, soon),
            (ErrorKind::Internal, 2, soon),
            (ErrorKind::Conflict, 2, soon),
            (ErrorKind::RateLimited { retry_after: Duration::HOUR }, 2, RetryDecision::Retry(NOW + Duration::HOUR)),
            (ErrorKind::RateLimited { retry_after: Duration::ZERO }, 2, soon),
            (ErrorKind::Unavailable, 3, RetryDecision::Dead),
            (ErrorKind::RateLimited { retry_after: Duration::HOUR }, 3, RetryDecision::Dead),
            (ErrorKind::Invalid, 1, RetryDecision::Dead),
            (ErrorKind::NotFound, 1, RetryDecision::Dead),
            (ErrorKind::Forbidden, 1, RetryDecision::Dead),
            (ErrorKind::Unauthenticated, 1, RetryDecision::Dead),
        ] {
            assert_eq!(judge(kind, ID, attempt, 3, NOW), verdict, "{kind:?} {attempt}");
        }
    }
}
