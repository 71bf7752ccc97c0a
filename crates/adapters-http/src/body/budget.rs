//! A budget of bytes: how much of large bodies the process holds at once, whoever sends them.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{ApiError, ApiResult};

/// The bytes that large bodies may take together. Clones share one budget; who waits is served in order.
#[derive(Debug, Clone)]
pub struct ByteBudget {
    kilobytes: Arc<Semaphore>,
    total: u32,
    patience: Duration,
}

/// Something that holds a part of the budget as long as it lives.
#[derive(Debug)]
pub struct Admitted<T> {
    value: T,
    part: Part,
}

/// A part of the budget; goes back when it is dropped.
#[derive(Debug)]
pub struct Part {
    _permit: OwnedSemaphorePermit,
}

impl ByteBudget {
    /// A budget of `bytes`. Who waits longer than `patience` is sent away with a 503.
    pub fn new(bytes: usize, patience: Duration) -> Self {
        let total = kilobytes(bytes);
        Self { kilobytes: Arc::new(Semaphore::new(total as usize)), total, patience }
    }

    /// Waits for a part of `bytes`; more than there is counts as all of it.
    pub(super) async fn take(&self, bytes: usize) -> ApiResult<OwnedSemaphorePermit> {
        let part = kilobytes(bytes).min(self.total);
        match timeout(self.patience, self.kilobytes.clone().acquire_many_owned(part)).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(ApiError::unavailable()),
        }
    }
}

impl Default for ByteBudget {
    fn default() -> Self {
        Self::new(256 << 20, Duration::from_secs(30))
    }
}

fn kilobytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX).clamp(1, 1 << 28)
}

impl<T> Admitted<T> {
    pub(super) fn new(value: T, part: OwnedSemaphorePermit) -> Self {
        Self { value, part: Part { _permit: part } }
    }

    /// The value, and the part of the budget to keep until the work on it is done.
    pub fn into_parts(self) -> (T, Part) {
        (self.value, self.part)
    }
}

impl<T> Deref for Admitted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[actix_web::test]
    async fn who_finds_the_budget_spent_waits_and_is_then_sent_away() {
        let budget = ByteBudget::new(10 << 10, Duration::from_millis(20));
        let all = budget.take(usize::MAX).await.expect("the whole budget is free");
        assert_eq!(budget.take(1).await.map_err(|error| error.code()).err(), Some(ErrorCode::Unavailable));
        drop(all);
        assert!(budget.take(1).await.is_ok());
    }
}
