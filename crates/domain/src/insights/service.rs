//! Computes benchmarks and compares an account with them.

use std::sync::Arc;

use super::comparison::Comparison;
use super::error::InsightError;
use super::ports::InsightReader;
use crate::clock::Clock;
use crate::days::{Period, Window, Zone};
use crate::ids::UserId;
use crate::leaderboard::ports::ZoneDay;
use crate::store::Store;
use crate::users::ports::ProfileReader;

/// The use cases of benchmarks.
#[derive(Clone)]
pub struct Insights {
    store: Arc<dyn Store>,
    people: Arc<dyn ProfileReader>,
    reader: Arc<dyn InsightReader>,
    clock: Arc<dyn Clock>,
}

impl Insights {
    /// Computes benchmarks in `store`, reads accounts from `people` and figures from `reader`.
    pub fn new(
        store: Arc<dyn Store>,
        people: Arc<dyn ProfileReader>,
        reader: Arc<dyn InsightReader>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, people, reader, clock }
    }

    /// Computes the benchmarks of all periods and returns the number of accounts with usage. The previous ones stay readable
    /// until the commit.
    pub async fn refresh(&self) -> Result<u64, InsightError> {
        let mut tx = self.store.begin().await?;
        tx.benchmarks().lock().await?;
        let now = self.clock.now();
        let todays = ZoneDay::all(tx.leaderboard().zones().await?, now);
        let people = tx.benchmarks().refresh(&todays, now).await?;
        tx.commit().await?;
        Ok(people)
    }

    /// The current figures of `user` in `period`, and the benchmark.
    pub async fn compare(&self, user: UserId, period: Period) -> Result<Comparison, InsightError> {
        let benchmark = self.reader.benchmark(period).await?.ok_or(InsightError::NoBenchmark(period))?;
        let account = self.people.account(user).await?.ok_or(InsightError::Unknown(user))?;
        let now = account.zone.clone().unwrap_or_else(Zone::utc).local(self.clock.now());
        let own = self.reader.own(Window::of(user, period, now.date), now.date).await?;
        Ok(Comparison { user: account, now, own: own.ok_or(InsightError::Unknown(user))?, benchmark })
    }
}
