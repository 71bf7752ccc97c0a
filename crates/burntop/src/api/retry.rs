//! When a request that failed is sent again.

use std::time::Duration;

use super::error::ApiError;
use crate::random;

/// Exponential backoff with full jitter. A wait that the server asks for comes first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    /// The attempts, the first one included.
    attempts: u32,
    /// The bound of the first wait; it doubles each time.
    base: Duration,
    /// The bound of all waits. A server that asks for a longer one is asked again by the next run.
    longest: Duration,
}

impl Retry {
    pub(crate) const SYNC: Self = Self { attempts: 6, base: Duration::from_secs(1), longest: Duration::from_mins(1) };

    /// Runs `request` until it succeeds, fails for good, or all attempts are used. `wait` sleeps before each further attempt.
    pub(crate) fn run<T>(
        self,
        mut wait: impl FnMut(Duration, &ApiError),
        mut request: impl FnMut() -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut attempt = 1;
        loop {
            let error = match request() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let delay = self.delay(attempt, error.retry_after(), random::fraction());
            let Some(delay) = delay.filter(|_| error.is_temporary()) else { return Err(error) };
            wait(delay, &error);
            attempt += 1;
        }
    }

    /// The wait after the failed attempt number `attempt`; `None` if there is no further one. `fraction` is random, below 1.
    fn delay(self, attempt: u32, wish: Option<Duration>, fraction: f64) -> Option<Duration> {
        if attempt >= self.attempts || wish.is_some_and(|wish| wish > self.longest) {
            return None;
        }
        let bound = self.base.saturating_mul(1 << attempt.min(16)) / 2;
        let jitter = bound.min(self.longest).mul_f64(fraction);
        // Clients that were sent away together come back spread over a second.
        Some(wish.map_or(jitter, |wish| wish + self.base.mul_f64(fraction)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { attempts: 4, base: Duration::from_secs(1), longest: Duration::from_secs(3) };

    fn busy(retry_after: Option<u64>) -> ApiError {
        let retry_after = retry_after.map(Duration::from_secs);
        ApiError::Answered { status: 503, detail: String::new(), code: None, retry_after }
    }

    #[test]
    fn retry_delay_doubles_up_to_bound() {
        let delays = (1..=4).map(|attempt| RETRY.delay(attempt, None, 1.0).map(|delay| delay.as_secs()));
        assert_eq!(delays.collect::<Vec<_>>(), [Some(1), Some(2), Some(3), None]);
        assert_eq!(RETRY.delay(1, None, 0.5), Some(Duration::from_millis(500)));
    }

    #[test]
    fn retry_delay_is_at_least_what_server_asks_for() {
        let wish = Some(Duration::from_secs(2));
        assert_eq!(RETRY.delay(1, wish, 0.0), wish);
        assert_eq!(RETRY.delay(1, wish, 0.5), Some(Duration::from_millis(2_500)));
        assert_eq!(RETRY.delay(1, Some(Duration::from_secs(4)), 0.0), None, "the next run asks again");
    }

    #[test]
    fn retry_ends_with_success_permanent_error_or_last_attempt() {
        let refused = ApiError::Answered { status: 422, detail: String::new(), code: None, retry_after: None };
        for (name, mut answers, expected, waits) in [
            ("success after two", vec![Ok(1), Err(busy(None)), Err(busy(Some(1)))], Ok(1), 2),
            ("permanent error", vec![Ok(1), Err(refused.clone())], Err(refused), 0),
            ("always busy", vec![Err(busy(None)); 9], Err(busy(None)), 3),
        ] {
            let mut waited = 0;
            let result = RETRY.run(|_, _| waited += 1, || answers.pop().expect("an answer"));
            assert_eq!((result, waited), (expected, waits), "{name}");
        }
    }
}
