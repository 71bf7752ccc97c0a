//! Rate limits: the number of requests that a client can make in a minute.
//!
//! The route table states the [`RateClass`] of each route. A limit of N a minute allows N requests at once, then one every 60/N seconds.
//! Requests with a token are counted by account, others by address, as are all requests that take credentials. Counts are kept in the
//! memory of this process.
//!
//! Hundreds of users may share an address: an office, or the customers of a provider with carrier-grade NAT. Requests with right
//! credentials therefore do not count for their address ([`RateClass::SignIn`], [`RateClass::DevicePoll`]), and guessing does.

mod access;
mod attempt;
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
pub(crate) use attempt::accept;
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
    /// Routes that send email to any address: every request is counted by address.
    Auth,
    /// Routes that take credentials: requests that the handler does not [`accept`] are counted by address, together with those of
    /// [`RateClass::Auth`]. All are counted by address as [`RateClass::Default`] too, which limits requests with right credentials.
    SignIn,
    /// The poll of a device login: requests with an unknown code are counted by address, like invalid tokens.
    DevicePoll,
    /// Sync.
    Sync,
    /// All other routes.
    #[default]
    Default,
    /// Health checks of load balancers: not limited.
    Unlimited,
}

impl RateClass {
    /// Whether a request counts when it has ended, and only if the handler did not [`accept`] it.
    const fn counts_failures_only(self) -> bool {
        matches!(self, Self::SignIn | Self::DevicePoll)
    }

    /// Whether requests count for their address, with a token too.
    const fn is_by_address(self) -> bool {
        matches!(self, Self::Auth | Self::SignIn | Self::DevicePoll)
    }
}

/// Requests per minute, by class; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// [`RateClass::Auth`] and [`RateClass::SignIn`], by address.
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
    /// Invalid tokens and device codes, by address.
    strangers: Option<Limiter>,
    /// Polls of device logins, by device code.
    polls: Option<Limiter>,
}

impl Limits {
    /// The most clients that each limit keeps, about 5 MB. Beyond that, the half nearest to its whole limit is forgotten, so that clients
    /// at their limit stay limited and new clients are served.
    pub const MOST_CLIENTS: usize = 100_000;

    /// Polls of one device login in a minute: five times the advertised pace. Further ones are answered `slow_down` without a look-up.
    const POLLS: u32 = 60;

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
            polls: limiter(if rates.default == 0 { 0 } else { Self::POLLS }),
        }))
    }

    /// Counts one request of `key` to a route of `class`; `None` where there is no limit.
    fn count(&self, class: RateClass, key: Key) -> Option<Result<Quota, RateExceeded>> {
        Some(self.limiter(class)?.count(key))
    }

    /// Whether a request of `key` to a route of `class` would be counted now; `None` where there is no limit.
    fn would_count(&self, class: RateClass, key: Key) -> Option<Result<Quota, RateExceeded>> {
        Some(self.limiter(class)?.would_take(key))
    }

    fn limiter(&self, class: RateClass) -> Option<&Limiter> {
        match class {
            RateClass::Auth | RateClass::SignIn => self.0.auth.as_ref(),
            RateClass::DevicePoll => self.0.strangers.as_ref(),
            RateClass::Sync => self.0.sync.as_ref(),
            RateClass::Default => self.0.default.as_ref(),
            RateClass::Unlimited => None,
        }
    }

    /// Counts a poll with the device code of this hash; returns whether it is one too many.
    pub(crate) fn polls_too_often(&self, code: [u8; 32]) -> bool {
        self.0.polls.as_ref().is_some_and(|polls| polls.count(Key::DeviceCode(code)).is_err())
    }

    /// Whether a token from `address` may still be looked up.
    fn may_try_a_token(&self, address: Key) -> Result<(), RateExceeded> {
        self.0.strangers.as_ref().map_or(Ok(()), |strangers| strangers.would_take(address).map(drop))
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
