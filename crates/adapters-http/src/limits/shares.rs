//! Shares of concurrent requests by client.
//!
//! A request takes a place in the share of its account and address before it takes a connection to the database. Requests beyond the
//! share wait in order of arrival; requests beyond the queue get a 429. A client that is slow, waits for a lock or sends many requests
//! does not delay others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::RateClass;
use super::client::Client;
use super::lines::{ClientQueues, HeldUnits, QueueFull};
use crate::error::{ApiError, ApiResult};

/// Requests that wait for a place, for each client.
const QUEUE: usize = 64;

/// Tokens of one address that are looked up at once: a quarter of the look-ups that share a statement, so that requests of other
/// addresses get into the next one.
const LOOK_UPS: u32 = 64;

/// Requests of one address whose token is looked up or waits for the look-up.
const LOOK_UP_QUEUE: usize = 2_048;

/// Sign-ins that wait for a place, for each address, as a multiple of the other requests: an office may sign in all at once.
const SIGN_IN_QUEUE_FACTOR: usize = 8;

/// Polls of device logins of one address that are answered at once.
const POLLS: u32 = 2;

/// How long a request waits for its place.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

/// Seconds after which a request beyond the queue can be retried.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Concurrent requests of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareSizes {
    /// Of one account.
    pub account: u32,
    /// Of all accounts at one address.
    pub address: u32,
    /// Of one address, without a token.
    pub anonymous: u32,
    /// Of one address, to routes that take credentials.
    pub sign_in: u32,
    /// Tokens of one address that are looked up.
    pub look_ups: u32,
}

impl ShareSizes {
    /// The shares of a pool of so many connections: a quarter to an account and three quarters to an address.
    pub fn of_pool(connections: usize) -> Self {
        let units = |connections: usize| u32::try_from(connections).unwrap_or(u32::MAX);
        let quarter = units(connections / 4).max(2);
        let address = units(connections).saturating_sub(units(connections / 4)).max(2);
        Self { account: quarter, address, anonymous: quarter, sign_in: 2, look_ups: LOOK_UPS }
    }
}

/// The shares of all clients, from the app's data as `Data<Shares>`; without it no request waits. Cheap to clone; clones share the
/// places.
#[derive(Clone)]
pub struct Shares(Arc<Places>);

struct Places {
    accounts: ClientQueues,
    addresses: ClientQueues,
    anonymous: ClientQueues,
    sign_in: ClientQueues,
    look_ups: ClientQueues,
    polls: ClientQueues,
}

/// The places of one request, free again when this is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held, not read")]
pub(crate) struct Seat {
    account: Option<HeldUnits>,
    address: HeldUnits,
}

impl Shares {
    /// Shares of these sizes.
    pub fn new(sizes: ShareSizes) -> Self {
        Self::with_queue(sizes, QUEUE, QUEUE_TIMEOUT)
    }

    fn with_queue(sizes: ShareSizes, queue: usize, wait: Duration) -> Self {
        let queue_of = |at_once: u32, queue| ClientQueues::new(at_once, at_once as usize + queue, wait);
        let lines = |at_once| queue_of(at_once, queue);
        Self(Arc::new(Places {
            accounts: lines(sizes.account),
            addresses: lines(sizes.address),
            anonymous: lines(sizes.anonymous),
            sign_in: queue_of(sizes.sign_in, queue * SIGN_IN_QUEUE_FACTOR),
            // These take a millisecond or a few, so a long line moves quickly.
            look_ups: ClientQueues::new(sizes.look_ups, LOOK_UP_QUEUE, wait),
            polls: queue_of(POLLS, LOOK_UP_QUEUE),
        }))
    }

    /// Waits for the places of a request of `client`; 429 when too many of its requests wait already.
    ///
    /// The account's comes first: a request that waits for its own account takes no place of its address.
    pub(crate) async fn take(&self, client: Client) -> ApiResult<Seat> {
        let places = &*self.0;
        let account = match client.account {
            Some(account) => Some(places.accounts.take(account, 1).await?),
            None => None,
        };
        let line = match (client.class, client.account) {
            (RateClass::Auth | RateClass::SignIn, _) => &places.sign_in,
            (RateClass::DevicePoll, _) => &places.polls,
            (_, Some(_)) => &places.addresses,
            (_, None) => &places.anonymous,
        };
        Ok(Seat { account, address: line.take(client.address, 1).await? })
    }

    /// Waits for the place of a look-up of the token that a request from `client` carries.
    pub(super) async fn take_look_up(&self, client: Client) -> ApiResult<HeldUnits> {
        Ok(self.0.look_ups.take(client.address, 1).await?)
    }
}

impl From<QueueFull> for ApiError {
    fn from(_: QueueFull) -> Self {
        Self::too_many_at_once(RETRY_AFTER_SECONDS)
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shares").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::limits::key::Key;
    use std::task::Poll;

    use futures_util::poll;

    const ADA: Key = Key::Address([1; 16]);
    const BOB: Key = Key::Address([2; 16]);
    const OFFICE: Key = Key::Address([9; 16]);

    fn shares(queue: usize) -> Shares {
        let sizes = ShareSizes { account: 2, address: 3, anonymous: 2, sign_in: 1, look_ups: 1 };
        Shares::with_queue(sizes, queue, Duration::from_hours(1))
    }

    fn client(class: RateClass, account: Option<Key>, address: Key) -> Client {
        Client { class, account, address }
    }

    #[tokio::test]
    async fn share_exhausted_queues_requests_and_refuses_beyond_the_queue() {
        let shares = shares(1);
        let ada = client(RateClass::Default, None, ADA);
        let first = shares.take(ada).await.expect("a place");
        let _second = shares.take(ada).await.expect("a place");
        let mut third = Box::pin(shares.take(ada));
        assert!(poll!(&mut third).is_pending());
        let refused = shares.take(ada).await.map_err(|error| error.code());
        assert_eq!(refused.err(), Some(ErrorCode::RateLimited));
        shares.take(client(RateClass::Default, None, BOB)).await.expect("another client has places of its own");
        drop(first);
        assert!(matches!(poll!(&mut third), Poll::Ready(Ok(_))));
    }

    #[tokio::test]
    async fn share_dropped_request_leaves_the_queue() {
        let shares = shares(1);
        let ada = client(RateClass::Auth, None, ADA);
        let first = shares.take(ada).await.expect("a place");
        for _ in 0..3 {
            let mut dropped = Box::pin(shares.take(ada));
            assert!(poll!(&mut dropped).is_pending(), "the queue has room again");
        }
        drop(first);
        shares.take(ada).await.expect("a place");
        assert_eq!(shares.0.sign_in.clients(), 0, "a client without requests takes no memory");
    }

    #[tokio::test]
    async fn share_waiting_request_takes_no_place_of_its_address() {
        let shares = shares(10);
        let ada = client(RateClass::Default, Some(ADA), OFFICE);
        let _held = [shares.take(ada).await.expect("a place"), shares.take(ada).await.expect("a place")];
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(shares.take(ada))).collect();
        for request in &mut waiting {
            assert!(poll!(request).is_pending());
        }
        let bob = client(RateClass::Default, Some(BOB), OFFICE);
        let _third = shares.take(bob).await.expect("the address has a place left");
        assert!(poll!(Box::pin(shares.take(bob))).is_pending(), "and then none");
        shares.take(client(RateClass::Default, None, OFFICE)).await.expect("anonymous requests are counted apart");
        shares.take(client(RateClass::Auth, None, OFFICE)).await.expect("and so are sign-ins");
    }

    #[test]
    fn share_of_one_address_leaves_places_to_others() {
        for (connections, account, address) in [(30, 7, 23), (8, 2, 6), (4, 2, 3), (1, 2, 2)] {
            let sizes = ShareSizes::of_pool(connections);
            assert_eq!((sizes.account, sizes.address, sizes.anonymous), (account, address, account), "{connections}");
        }
    }
}
