//! What reminders need from outside.

use async_trait::async_trait;
use time::Date;

use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::UserId;

/// Reads whose streak may be at risk.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait StreakReader: Send + Sync {
    /// The zones that people live in, UTC for those who named none.
    async fn zones(&self) -> Result<Vec<Zone>, StoreError>;

    /// Up to `most` people after `after`, in the order of their ids, who live in one of `places`, where it is the date beside
    /// it, were active on the two days before and not on that day, and were not told of it.
    async fn unfed(&self, places: &[(Zone, Date)], after: Option<UserId>, most: u32)
    -> Result<Vec<UserId>, StoreError>;
}
