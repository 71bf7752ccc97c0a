//! Sums up everybody's week once it is over where they live.

use std::sync::Arc;

use time::OffsetDateTime;

use super::ports::WeeklyReader;
use super::summary::WeeklySummary;
use crate::clock::Clock;
use crate::dashboard::ports::{DashboardReader, Window};
use crate::days::Zone;
use crate::ids::{Ids, NotificationId, UserId};
use crate::notifications::Notification;
use crate::store::{Store, StoreError};
use crate::streaks::Streak;
use crate::streaks::ports::StreakReader;
use crate::weeks::Week;

/// How many people are looked up at once.
const PAGE: u32 = 500;

/// What weekly summaries read.
pub trait Readers: WeeklyReader + StreakReader + DashboardReader {}

impl<T: WeeklyReader + StreakReader + DashboardReader> Readers for T {}

/// The use case of summing up weeks.
#[derive(Clone)]
pub struct WeeklySummaries {
    store: Arc<dyn Store>,
    reader: Arc<dyn Readers>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl WeeklySummaries {
    /// Reads figures from `reader`, and tells people in `store`.
    pub fn new(store: Arc<dyn Store>, reader: Arc<dyn Readers>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store, reader, clock, ids }
    }

    /// Sums up the last week of everybody for whom it is time, each in a transaction of its own, until all are done or `stop`
    /// says so; returns how many. A week is summed up once for a person, however often and by however many this is done; a
    /// failure with one keeps nobody else from theirs, and is tried again the next time.
    pub async fn sum_up(&self, stop: impl Fn() -> bool) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let places: Vec<(Zone, Week)> = (self.reader.zones().await?.into_iter())
            .map(|zone| (zone.clone(), Week::to_sum_up(zone.local(now))))
            .collect();
        let (mut told, mut after, mut failure) = (0, None, None);
        while !places.is_empty() && !stop() {
            let people = self.reader.unsummed(&places, after, PAGE).await?;
            for (user, week) in &people {
                match self.sum_up_one(*user, *week, now).await {
                    Ok(is_new) => told += u64::from(is_new),
                    Err(error @ StoreError::Unavailable(_)) => return Err(error),
                    Err(error) => failure = Some(error),
                }
            }
            after = people.last().map(|(user, _)| *user);
            if people.len() < PAGE as usize {
                break;
            }
        }
        failure.map_or(Ok(told), Err)
    }

    /// Tells `user` what `week` came to; says no where they were told before, or are gone.
    async fn sum_up_one(&self, user: UserId, week: Week, now: OffsetDateTime) -> Result<bool, StoreError> {
        let Some(summary) = self.summary(user, week, now).await? else { return Ok(false) };
        let mut tx = self.store.begin().await?;
        if tx.ledger().lock(user).await?.is_none() || !tx.weekly().claim(user, week, now).await? {
            return Ok(false);
        }
        let told = summary.told();
        let notification = Notification { id: NotificationId(self.ids.fresh()), user, told, created_at: now };
        tx.notifications().insert(user, &[notification]).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn summary(
        &self,
        user: UserId,
        week: Week,
        now: OffsetDateTime,
    ) -> Result<Option<WeeklySummary>, StoreError> {
        let Some(account) = self.reader.account(user).await? else { return Ok(None) };
        let today = account.zone.unwrap_or_else(Zone::utc).date(now);
        let this = Window { person: user, from: week.monday(), to: week.sunday() };
        let both = Window { from: week.previous().monday(), ..this };
        let days = self.reader.days(both, Some(user)).await?;
        let tools = self.reader.tools(this, Some(user)).await?;
        let models = self.reader.models(this, Some(user)).await?;
        let figures = self.reader.figures(&[this], Some(user)).await?;
        let streak = figures.first().map_or(0, |(_, figures)| Streak::of(&figures.active_days, today).current);
        let most = |tokens: i64, name: &str| (tokens, std::cmp::Reverse(name.to_owned()));
        let top_tool = tools.iter().max_by_key(|tool| most(tool.tokens, tool.source.as_str()));
        let top_model = models.iter().max_by_key(|model| most(model.tokens, model.model.as_str()));
        Ok(Some(WeeklySummary {
            streak,
            top_tool: top_tool.map(|tool| tool.source.as_str().to_owned()),
            top_model: top_model.map(|model| model.model.as_str().to_owned()),
            rank: self.reader.rank(user).await?,
            ..WeeklySummary::of(week, &days)
        }))
    }
}
