//! Rate limits: the number of requests that a client can make in a minute.
//!
//! The route table states the [`RateClass`] of each route. A limit of N a minute allows N requests at once, then one every 60/N seconds.
//! Requests with a token are counted by account, others by address, as are all requests of the class [`RateClass::Auth`]. Counts are kept in the memory of this process.

mod access;
mod buckets;
mod client;
mod guard;
mod key;
mod limiter;
mod lines;
mod quota;
mod shares;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use access::{Access, SignInRequirement};
pub(crate) use client::Client;
pub(crate) use guard::{RouteGuard, take_seat};
pub(crate) use key::Key;
pub(crate) use lines::{ClientQueues, HeldUnits};
pub(crate) use quota::RateLimitHeaders;
pub use shares::{ShareSizes, Shares};

use limiter::Limiter;
use quota::{Quota, RateExceeded};

/// The rate limit of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateClass {
    /// Routes that take credentials: always counted by address.
    Auth,
    /// Sync.
    Sync,
    /// All other routes.
    #[default]
    Default,
    /// Health checks of load balancers: not limited.
    Unlimited,
}

/// Requests per minute, by class; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// [`RateClass::Auth`], by address.
    pub auth: u32,
    /// [`RateClass::Sync`], by account.
    pub sync: u32,
    /// [`RateClass::Default`], by account or address. Also the number of invalid tokens that an address can send.
    pub default: u32,
}

/// A monotonic clock.
#[derive(Clone)]
pub struct Stopwatch(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Stopwatch {
    /// A clock that reads `elapsed`.
    pub fn new(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(elapsed))
    }

    /// The clock of this machine.
    pub fn start() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }

    fn nanoseconds(&self) -> u64 {
        (self.0)().as_nanos().try_into().unwrap_or(u64::MAX)
    }
}

/// The limits of all classes, from the app's data as `Data<Limits>`; without it nothing is limited. Cheap to clone; clones count
/// together.
#[derive(Clone)]
pub struct Limits(Arc<Limiters>);

struct Limiters {
    auth: Option<Limiter>,
    sync: Option<Limiter>,
    default: Option<Limiter>,
    /// Invalid tokens, by address.
    strangers: Option<Limiter>,
}

impl Limits {
    /// The most clients that each limit keeps, about 5 MB. Beyond that, the half nearest to its whole limit is forgotten, so that clients
    /// at their limit stay limited and new clients are served.
    pub const MOST_CLIENTS: usize = 100_000;

    /// Limits at `rates`, by the clock of this machine.
    pub fn new(rates: Rates) -> Self {
        Self::timed(rates, &Stopwatch::start())
    }

    /// The same by another clock.
    pub fn timed(rates: Rates, clock: &Stopwatch) -> Self {
        let limiter = |per_minute| Limiter::new(per_minute, Self::MOST_CLIENTS, clock.clone());
        Self(Arc::new(Limiters {
            auth: limiter(rates.auth),
            sync: limiter(rates.sync),
            default: limiter(rates.default),
            strangers: limiter(rates.default),
        }))
    }

    /// Counts one request of `key` to a route of `class`; `None` where there is no limit.
    fn count(&self, class: RateClass, key: Key) -> Option<Result<Quota, RateExceeded>> {
        let limiter = match class {
            RateClass::Auth => &self.0.auth,
            RateClass::Sync => &self.0.sync,
            RateClass::Default => &self.0.default,
            RateClass::Unlimited => &None,
        };
        Some(limiter.as_ref()?.count(key))
    }

    /// Whether a token from `address` may still be looked up.
    fn may_try_a_token(&self, address: Key) -> Result<(), RateExceeded> {
        self.0.strangers.as_ref().map_or(Ok(()), |strangers| strangers.would_take(address))
    }

    /// Counts an invalid token from `address`.
    fn count_bad_token(&self, address: Key) {
        if let Some(strangers) = &self.0.strangers {
            // The next one is refused, this one was looked up already.
            let _ = strangers.count(address);
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}
