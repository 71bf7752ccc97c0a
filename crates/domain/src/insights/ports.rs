//! Ports of insights.

use async_trait::async_trait;
use time::{Date, OffsetDateTime};

use super::benchmark::Benchmark;
use super::comparison::OwnFigures;
use crate::days::Window;
use crate::days::{Period, Zone};
use crate::error::StoreError;
use crate::ids::UserId;
use crate::leaderboard::ports::ZoneDay;
use crate::weeks::Week;

/// A week that has ended in a zone and is due for the accounts there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWeek {
    pub zone: Zone,
    pub week: Week,
    /// When the summary becomes due. An account created at this time or later gets none.
    pub from: OffsetDateTime,
}

impl DueWeek {
    /// The week that is due in `zone` at `now`.
    pub fn of(zone: Zone, now: OffsetDateTime) -> Option<Self> {
        let week = Week::to_sum_up(zone.local(now))?;
        Some(Self { week, from: week.summed_up_from(&zone), zone })
    }
}

/// Reads the accounts whose summary is due.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait WeeklyReader: Send + Sync {
    /// Up to `most` accounts after `after`, by id, with their due week. They live in the zone of one of `due`, were created
    /// before it became due, were active in its week or the one before, and have no summary of it yet.
    async fn due_accounts(
        &self,
        due: &[DueWeek],
        after: Option<UserId>,
        most: u32,
    ) -> Result<Vec<(UserId, Week)>, StoreError>;

    /// The rank of `user` on the board of all time.
    async fn rank(&self, user: UserId) -> Result<Option<u64>, StoreError>;
}

/// Records which weeks were summarised for which account.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait WeeklyRepository: Send {
    /// Records at `now` that `week` is summarised for `user`; returns false if it was already.
    async fn claim(&mut self, user: UserId, week: Week, now: OffsetDateTime) -> Result<bool, StoreError>;
}

/// Reads the figures of comparisons. Each method is one statement.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait InsightReader: Send + Sync {
    /// The usage of the account of `window` on its days, and in the two weeks that end with `today`.
    async fn own(&self, window: Window, today: Date) -> Result<Option<OwnFigures>, StoreError>;

    async fn benchmark(&self, period: Period) -> Result<Option<Benchmark>, StoreError>;
}

/// Computes benchmarks.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait BenchmarkRepository: Send {
    /// Takes the lock of benchmarks until the transaction ends.
    async fn lock(&mut self) -> Result<(), StoreError>;

    /// Replaces the benchmarks of all periods, as of `now`, over all accounts with usage up to their local date. Deleted and
    /// flagged accounts are left out. Returns the number of accounts. Expects the lock.
    async fn refresh(&mut self, todays: &[ZoneDay], now: OffsetDateTime) -> Result<u64, StoreError>;
}
