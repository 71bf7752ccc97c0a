//! The quota of a client, and its headers.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::rc::Rc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The remaining requests of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// Requests per minute.
    pub(super) limit: NonZeroU32,
    /// Requests that would be served at once.
    pub(super) remaining: u32,
}

/// A request beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RateExceeded {
    pub(super) quota: Quota,
    /// Seconds after which the next one is served, at least 1.
    pub(super) retry_after: u64,
}

impl Quota {
    /// Seconds after which the whole limit is available again without further requests.
    fn reset(self) -> u64 {
        let limit = u64::from(self.limit.get());
        (60 * limit.saturating_sub(u64::from(self.remaining))).div_ceil(limit)
    }
}

/// The quota that the route's guard stores for the headers of the answer, in the request's extensions. The answer to a panic or a
/// timeout has the headers too, although the guard does not see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateLimitHeaders(Rc<Cell<Option<Quota>>>);

impl RateLimitHeaders {
    pub(super) fn set(&self, quota: Quota) {
        self.0.set(Some(quota));
    }

    /// Writes the headers, if the route was limited.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Some(quota) = self.0.get() else { return };
        headers.insert(LIMIT, HeaderValue::from(quota.limit.get()));
        headers.insert(REMAINING, HeaderValue::from(quota.remaining));
        headers.insert(RESET, HeaderValue::from(quota.reset()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_resets_after_a_refill_for_each_request() {
        for (limit, remaining, reset) in [
            (10, 10, 0),
            (10, 9, 6),
            (10, 0, 60),
            (600, 599, 1),
            (600, 0, 60),
            (7, 6, 9),
            (1, 0, 60),
            (u32::MAX, 0, 60),
        ] {
            let quota = Quota { limit: NonZeroU32::new(limit).expect("a limit"), remaining };
            assert_eq!(quota.reset(), reset, "{remaining} of {limit}");
        }
    }
}
