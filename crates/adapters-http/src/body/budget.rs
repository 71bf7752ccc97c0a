//! The budget of bytes for bodies: in total, of one account, and of one address. A body is charged for the bytes that have arrived.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{ApiError, ApiResult};
use crate::limits::{Client, ClientQueues, HeldUnits};

/// Bodies of one client that are read or wait for budget.
const MOST_BODIES: usize = 1_024;

/// The bytes of all bodies in progress, from the app's data as `Data<ByteBudget>`; without it the defaults hold. Cheap to clone; clones
/// share one budget. A body without room waits in order of arrival.
#[derive(Debug, Clone)]
pub struct ByteBudget {
    kilobytes: Arc<Semaphore>,
    total: u32,
    wait: Duration,
    accounts: ClientQueues,
    addresses: ClientQueues,
}

/// The part of the budget that one body takes; free again when it is dropped.
#[derive(Debug)]
pub struct Charge {
    budget: ByteBudget,
    in_all: Option<OwnedSemaphorePermit>,
    account: Option<HeldUnits>,
    address: HeldUnits,
    bytes: usize,
}

/// Something that holds a part of the budget as long as it lives.
#[derive(Debug)]
pub struct Budgeted<T> {
    value: T,
    charge: Charge,
}

impl ByteBudget {
    /// A budget of `bytes`, of which an account has half and an address three quarters, but each at least `largest`, the size of
    /// the largest body. A body waits for room for at most `wait`.
    pub fn new(bytes: usize, largest: usize, wait: Duration) -> Self {
        let bytes = bytes.max(largest);
        let lines = |share: usize| ClientQueues::new(kilobytes(share.max(largest)), MOST_BODIES, wait);
        let total = kilobytes(bytes);
        Self {
            kilobytes: Arc::new(Semaphore::new(total as usize)),
            total,
            wait,
            accounts: lines(bytes / 2),
            addresses: lines(bytes / 4 * 3),
        }
    }

    /// An empty charge for the body of `request`: 429 when the client has too many bodies in progress.
    pub(super) async fn charge(&self, request: &HttpRequest) -> ApiResult<Charge> {
        let client = Client::of(request);
        let account = match client.account {
            Some(account) => Some(self.accounts.take(account, 0).await?),
            None => None,
        };
        let address = self.addresses.take(client.address, 0).await?;
        Ok(Charge { budget: self.clone(), in_all: None, account, address, bytes: 0 })
    }
}

impl Default for ByteBudget {
    fn default() -> Self {
        Self::new(256 << 20, 128 << 20, Duration::from_secs(30))
    }
}

impl Charge {
    /// How many bytes are charged.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Waits until `bytes` are charged in total: 429 when the client's share has no room in time, 503 when the budget has none.
    pub(crate) async fn grow_to(&mut self, bytes: usize) -> ApiResult<()> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let wanted = kilobytes(bytes);
        if let Some(account) = &mut self.account {
            account.grow_to(wanted).await?;
        }
        self.address.grow_to(wanted).await?;
        let held = self.in_all.as_ref().map_or(0, |permit| u32::try_from(permit.num_permits()).unwrap_or(u32::MAX));
        let missing = wanted.min(self.budget.total).saturating_sub(held);
        if missing > 0 {
            let kilobytes = self.budget.kilobytes.clone();
            let more = timeout(self.budget.wait, kilobytes.acquire_many_owned(missing)).await;
            let more = more.ok().and_then(Result::ok).ok_or_else(ApiError::unavailable)?;
            match &mut self.in_all {
                Some(permit) => permit.merge(more),
                None => self.in_all = Some(more),
            }
        }
        self.bytes = bytes;
        Ok(())
    }
}

fn kilobytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX).clamp(1, 1 << 28)
}

impl<T> Budgeted<T> {
    pub(crate) fn new(value: T, charge: Charge) -> Self {
        Self { value, charge }
    }

    /// The value, and its part of the budget, to keep until the work on it is done.
    pub fn into_parts(self) -> (T, Charge) {
        (self.value, self.charge)
    }
}

impl<T> Deref for Budgeted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use actix_web::test::TestRequest;

    /// A request from the host with that last part.
    fn from(host: u8) -> HttpRequest {
        TestRequest::default().peer_addr(([192, 0, 2, host], 40_000).into()).to_http_request()
    }

    fn budget(kilobytes: usize, largest: usize) -> ByteBudget {
        ByteBudget::new(kilobytes << 10, largest << 10, Duration::from_millis(20))
    }

    #[actix_web::test]
    async fn body_budget_exhausted_is_503_until_a_body_ends() {
        let budget = budget(4, 3);
        let mut first = budget.charge(&from(1)).await.expect("a charge");
        first.grow_to(3 << 10).await.expect("room");
        let mut second = budget.charge(&from(2)).await.expect("a charge");
        second.grow_to(1 << 10).await.expect("the rest");
        assert_eq!(second.grow_to(2 << 10).await.map_err(|error| error.code()), Err(ErrorCode::Unavailable));
        assert_eq!(second.bytes(), 1 << 10);
        drop(first);
        second.grow_to(2 << 10).await.expect("room again");
    }

    #[actix_web::test]
    async fn body_budget_of_address_is_three_quarters() {
        let budget = budget(8, 2);
        let mut first = budget.charge(&from(1)).await.expect("a charge");
        first.grow_to(6 << 10).await.expect("room");
        let mut second = budget.charge(&from(1)).await.expect("a charge");
        assert_eq!(second.grow_to(1).await.map_err(|error| error.code()), Err(ErrorCode::RateLimited));
        let mut other = budget.charge(&from(2)).await.expect("a charge");
        other.grow_to(2 << 10).await.expect("room of another address");
    }

    #[actix_web::test]
    async fn body_budget_unstarted_body_is_not_charged() {
        let budget = budget(4, 4);
        let charges: Vec<_> = futures_util::future::join_all(
            (0..500).map(|_| async { budget.charge(&from(1)).await.expect("a charge") }),
        )
        .await;
        let mut other = budget.charge(&from(2)).await.expect("a charge");
        other.grow_to(4 << 10).await.expect("the whole budget");
        drop(charges);
    }
}
