//! What insights need from outside.

use async_trait::async_trait;
use time::{Date, OffsetDateTime};

use super::benchmark::Benchmark;
use super::comparison::Own;
use crate::days::Window;
use crate::days::{Period, Zone};
use crate::error::StoreError;
use crate::ids::UserId;
use crate::leaderboard::ports::ZoneDay;
use crate::weeks::Week;

/// A week that is over in some zone, and is summed up for those who live there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWeek {
    /// The zone.
    pub zone: Zone,
    /// The week.
    pub week: Week,
    /// From when on it is summed up. Whose account was made then or later hears nothing of it: it was not theirs.
    pub from: OffsetDateTime,
}

impl DueWeek {
    /// What is due in `zone` at `now`.
    pub fn of(zone: Zone, now: OffsetDateTime) -> Option<Self> {
        let week = Week::to_sum_up(zone.local(now))?;
        Some(Self { week, from: week.summed_up_from(&zone), zone })
    }
}

/// Reads whose last week was not summed up yet.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait WeeklyReader: Send + Sync {
    /// Up to `most` people after `after`, in the order of their ids, who live in the zone of one of `due`, were there before it
    /// began, were active in its week or in the one before, and were not told of it; with their week.
    async fn unsummed(
        &self,
        due: &[DueWeek],
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

/// Reads what is compared. Each method is one statement.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait InsightReader: Send + Sync {
    /// What the person of `window` used on its days, and in the weeks that end with `today`.
    async fn own(&self, window: Window, today: Date) -> Result<Option<Own>, StoreError>;

    /// The newest benchmark of `period`.
    async fn benchmark(&self, period: Period) -> Result<Option<Benchmark>, StoreError>;
}

/// Computes benchmarks.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait BenchmarkRepository: Send {
    /// Waits until nobody else computes benchmarks; holds until the transaction ends.
    async fn lock(&mut self) -> Result<(), StoreError>;

    /// Puts the benchmarks of all periods, as of `now`, in the place of those before, over everybody with usage up to their
    /// today who is neither deleted nor kept off the boards. Returns how many people that is. Expects the lock.
    async fn refresh(&mut self, todays: &[ZoneDay], now: OffsetDateTime) -> Result<u64, StoreError>;
}
