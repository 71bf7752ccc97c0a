//! Ports of streaks.

use async_trait::async_trait;
use time::Date;

use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::UserId;

/// Reads the accounts whose streak may be at risk.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait StreakReader: Send + Sync {
    /// The zones of accounts; UTC for accounts without one.
    async fn zones(&self) -> Result<Vec<Zone>, StoreError>;

    /// Up to `most` accounts after `after`, by id, whose zone is in `places` with its current date. They were active on the two
    /// days before, are not active on that day, and have no notification of it yet.
    async fn at_risk(
        &self,
        places: &[(Zone, Date)],
        after: Option<UserId>,
        most: u32,
    ) -> Result<Vec<UserId>, StoreError>;
}
