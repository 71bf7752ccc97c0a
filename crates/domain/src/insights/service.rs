//! Computes benchmarks and compares an account with them.

use super::comparison::Comparison;
use super::error::InsightError;
use crate::days::{Period, Window, Zone};
use crate::deps::Deps;
use crate::ids::UserId;
use crate::leaderboard::ports::ZoneDay;

/// The use cases of benchmarks.
#[derive(Clone)]
pub struct Insights {
    deps: Deps,
}

impl Insights {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Computes the benchmarks of all periods and returns the number of accounts with usage. The previous ones stay readable
    /// until the commit.
    pub async fn refresh(&self) -> Result<u64, InsightError> {
        let mut tx = self.deps.begin().await?;
        tx.benchmarks().lock().await?;
        let now = self.deps.now();
        let todays = ZoneDay::all(tx.leaderboard().zones().await?, now);
        let people = tx.benchmarks().refresh(&todays, now).await?;
        tx.commit().await?;
        Ok(people)
    }

    /// The current figures of `user` in `period`, and the benchmark.
    pub async fn compare(&self, user: UserId, period: Period) -> Result<Comparison, InsightError> {
        let benchmark =
            self.deps.reads().insights().benchmark(period).await?.ok_or(InsightError::NoBenchmark(period))?;
        let account = self.deps.reads().profiles().account(user).await?.ok_or(InsightError::Unknown(user))?;
        let now = account.zone.clone().unwrap_or_else(Zone::utc).local(self.deps.now());
        let own = self.deps.reads().insights().own(Window::of(user, period, now.date), now.date).await?;
        Ok(Comparison { user: account, now, own: own.ok_or(InsightError::Unknown(user))?, benchmark })
    }
}
