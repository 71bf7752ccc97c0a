//! Rate limits: how many requests a client may make in a minute.
//!
//! Each route belongs to a [`Class`], which the route table says beside its documentation. A limit of N a minute is N at
//! once, then one more every 60/N seconds. Accounts are counted on their own, everybody else by address. What is counted
//! lives in this process alone and is forgotten when it ends.

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

pub use access::Access;
pub(crate) use client::Client;
pub(crate) use guard::{RouteGuard, take_seat};
pub(crate) use key::Key;
pub(crate) use lines::{Held, Lines};
pub(crate) use quota::RateLimitHeaders;
pub use shares::{ShareSizes, Shares};

use limiter::Limiter;
use quota::{Quota, TooMany};

/// Which limit a route is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    /// Routes that take credentials: counted by address, whoever calls.
    Auth,
    /// Sending usage.
    Sync,
    /// Everything that does not say otherwise.
    #[default]
    Default,
    /// Health, which load balancers ask: not limited.
    Unlimited,
}

/// Requests per minute, by class; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// [`Class::Auth`], by address.
    pub auth: u32,
    /// [`Class::Sync`], by account.
    pub sync: u32,
    /// [`Class::Default`], by account or address. Also how many tokens that open nothing an address may try.
    pub default: u32,
}

/// A clock that never goes back, unlike the one that tells people the time: says how long ago some moment was.
#[derive(Clone)]
pub struct Stopwatch(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Stopwatch {
    /// A clock that says what `elapsed` says.
    pub fn new(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(elapsed))
    }

    /// The clock of this machine.
    pub fn start() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }
}

impl governor::clock::Clock for Stopwatch {
    type Instant = Duration;

    fn now(&self) -> Duration {
        (self.0)()
    }
}

/// The limits of all classes. Put into the app's data as `Data<Limits>`; without it nothing is limited. Cheap to clone;
/// clones count together.
#[derive(Clone)]
pub struct Limits(Arc<Limiters>);

struct Limiters {
    auth: Option<Limiter>,
    sync: Option<Limiter>,
    default: Option<Limiter>,
    /// Tokens that opened nothing, by address.
    strangers: Option<Limiter>,
}

impl Limits {
    /// The most clients that are known at once, for each limit: about 5 MB. Beyond, the half of them that is nearest to
    /// its full rate again is forgotten, so that whoever is at the limit stays there and nobody new is turned away.
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
    fn count(&self, class: Class, key: Key) -> Option<Result<Quota, TooMany>> {
        let limiter = match class {
            Class::Auth => &self.0.auth,
            Class::Sync => &self.0.sync,
            Class::Default => &self.0.default,
            Class::Unlimited => &None,
        };
        Some(limiter.as_ref()?.count(key))
    }

    /// Whether a token from `address` may still be looked up.
    fn may_try_a_token(&self, address: Key) -> Result<(), TooMany> {
        self.0.strangers.as_ref().map_or(Ok(()), |strangers| strangers.would_take(address))
    }

    /// Counts a token from `address` that opened nothing.
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
