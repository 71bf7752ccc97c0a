//! What insights need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::days::Zone;
use crate::ids::UserId;
use crate::store::StoreError;
use crate::weeks::Week;

/// Reads whose last week was not summed up yet.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait WeeklyReader: Send + Sync {
    /// Up to `most` people after `after`, in the order of their ids, who live in one of `places`, were active in the week
    /// beside it or in the one before, and were not told of it; with their week.
    async fn unsummed(
        &self,
        places: &[(Zone, Week)],
        after: Option<UserId>,
        most: u32,
    ) -> Result<Vec<(UserId, Week)>, StoreError>;

    /// The place of `user` on the board of all time, if there is one.
    async fn rank(&self, user: UserId) -> Result<Option<u64>, StoreError>;
}

/// Keeps which weeks were summed up for whom.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait WeeklyRepository: Send {
    /// Notes at `now` that `week` is summed up for `user`; says no where it was before.
    async fn claim(&mut self, user: UserId, week: Week, now: OffsetDateTime) -> Result<bool, StoreError>;
}
