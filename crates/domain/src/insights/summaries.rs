//! Summarises the week of each account once it has ended in the account's zone.

use time::OffsetDateTime;

use super::ports::DueWeek;
use super::summary::WeeklySummary;
use crate::batch_outcome::BatchOutcome;
use crate::days::{Window, Zone};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{NotificationId, UserId};
use crate::notifications::Notification;
use crate::streaks::Streak;
use crate::weeks::Week;

/// The accounts that are read at once.
const PAGE: u32 = 500;

/// The use case of summing up weeks.
#[derive(Clone)]
pub struct WeeklySummaries {
    deps: Deps,
}

impl WeeklySummaries {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Summarises the last week of all due accounts, each in a transaction of its own, until none is left or `stop` returns
    /// true. Returns the number of summaries. A week is summarised once per account, whatever repeats. An account that fails
    /// does not affect others (I11) and is retried at the next run.
    pub async fn summarise_due(&self, stop: impl Fn() -> bool) -> Result<u64, StoreError> {
        let now = self.deps.now();
        let zones = self.deps.reads().streaks().zones().await?.into_iter();
        let due: Vec<DueWeek> = zones.filter_map(|zone| DueWeek::of(zone, now)).collect();
        let (mut round, mut after) = (BatchOutcome::default(), None);
        while !due.is_empty() && !stop() {
            let people = self.deps.reads().weekly().due_accounts(&due, after, PAGE).await?;
            for (user, week) in &people {
                round.record(self.summarise(*user, *week, now).await)?;
            }
            after = people.last().map(|(user, _)| *user);
            if people.len() < PAGE as usize {
                break;
            }
        }
        round.end()
    }

    /// Summarises `week` for `user`; returns false if it was done before or the account is gone.
    async fn summarise(&self, user: UserId, week: Week, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.deps.retried(|| self.summarise_once(user, week, now)).await
    }

    async fn summarise_once(&self, user: UserId, week: Week, now: OffsetDateTime) -> Result<bool, StoreError> {
        let Some(summary) = self.summary(user, week, now).await? else { return Ok(false) };
        let mut tx = self.deps.begin().await?;
        if tx.accounts().lock(user).await?.is_none() || !tx.weekly().claim(user, week, now).await? {
            return Ok(false);
        }
        let content = summary.content();
        let notification = Notification { id: NotificationId(self.deps.ids.fresh()), user, content, created_at: now };
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
        let Some(account) = self.deps.reads().profiles().account(user).await? else { return Ok(None) };
        let today = account.zone.unwrap_or_else(Zone::utc).date(now);
        let this = Window { user, from: week.monday(), to: week.sunday() };
        let both = Window { from: week.previous().monday(), ..this };
        let days = self.deps.reads().dashboard().days(both, Some(user)).await?;
        let tools = self.deps.reads().dashboard().tools(this, Some(user)).await?;
        let models = self.deps.reads().dashboard().models(this, Some(user)).await?;
        let figures = self.deps.reads().dashboard().figures(&[this], Some(user)).await?;
        let streak = figures.first().map_or(0, |(_, figures)| Streak::of(&figures.active_days, today).current);
        let most = |tokens: i64, name: &str| (tokens, std::cmp::Reverse(name.to_owned()));
        let top_tool = tools.items.iter().max_by_key(|tool| most(tool.tokens, tool.source.as_str()));
        let top_model = models.items.iter().max_by_key(|model| most(model.tokens, model.model.as_str()));
        Ok(Some(WeeklySummary {
            streak,
            top_tool: top_tool.map(|tool| tool.source.as_str().to_owned()),
            top_model: top_model.map(|model| model.model.as_str().to_owned()),
            rank: self.deps.reads().weekly().rank(user).await?,
            ..WeeklySummary::of(week, &days)
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use pollster::block_on;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    use super::*;
    use crate::dashboard::ports::MockDashboardReader;
    use crate::dashboard::{DayUsage, TopList};
    use crate::insights::ports::MockWeeklyReader;
    use crate::streaks::ports::MockStreakReader;
    use crate::testing::{TestReads, TestUnitOfWork, test_user};
    use crate::usage::Sums;
    use crate::usage::testing::account;
    use crate::users::ports::MockProfileReader;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));
    const CID: UserId = UserId(Uuid::from_u128(3));

    /// The result and the notified accounts, if Ada, Bob and Cid are due on a Monday at nine, Ada fails with `ada`, and Bob has
    /// his summary already.
    fn summarise_due(ada: fn() -> StoreError) -> (Result<u64, StoreError>, Vec<UserId>) {
        let notified = Arc::new(Mutex::new(Vec::new()));
        let recorded = notified.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork::default();
            tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
            tx.weekly.expect_claim().returning(|user, week, _| {
                assert_eq!(week.to_string(), "2026-W47");
                Ok(user != BOB)
            });
            let recorded = recorded.clone();
            tx.notifications.expect_insert().returning(move |user, _| {
                recorded.lock().expect("who was told").push(user);
                Ok(1)
            });
            tx
        });
        let mut weeks = MockWeeklyReader::new();
        weeks.expect_due_accounts().returning(|due, after, _| {
            assert!(after.is_none());
            assert_eq!(due[0].from, datetime!(2026-11-23 9:00 UTC));
            Ok([ADA, BOB, CID].into_iter().map(|user| (user, due[0].week)).collect())
        });
        weeks.expect_rank().returning(|_| Ok(None));
        let mut streaks = MockStreakReader::new();
        streaks.expect_zones().returning(|| Ok(vec![Zone::utc()]));
        let mut people = MockProfileReader::new();
        people
            .expect_account()
            .returning(move |user| if user == ADA { Err(ada()) } else { Ok(Some(test_user(user, "x"))) });
        let mut dashboard = MockDashboardReader::new();
        let day = DayUsage { date: date!(2026 - 11 - 18), sums: Sums { tokens: 7, ..Sums::default() } };
        dashboard.expect_days().returning(move |_, _| Ok(vec![day]));
        dashboard.expect_tools().returning(|_, _| Ok(TopList::default()));
        dashboard.expect_models().returning(|_, _| Ok(TopList::default()));
        dashboard.expect_figures().returning(|_, _| Ok(Vec::new()));
        let reads = TestReads { weekly: weeks, streaks, profiles: people, dashboard, ..TestReads::default() };
        let summaries = WeeklySummaries::new(store.with_reads(reads).deps_at(datetime!(2026-11-23 9:00 UTC)));
        let outcome = block_on(summaries.summarise_due(|| false));
        let notified = notified.lock().expect("who was told").clone();
        (outcome, notified)
    }

    #[test]
    fn weekly_summary_failing_account_does_not_affect_others() {
        let (outcome, notified) = summarise_due(|| StoreError::Internal("a row that makes no sense".to_owned()));
        assert!(matches!(outcome, Err(StoreError::Internal(_))), "{outcome:?}");
        assert_eq!(notified, [CID], "Bob was told before");
    }

    #[test]
    fn weekly_summary_unavailable_store_ends_run() {
        let (outcome, notified) = summarise_due(|| StoreError::Unavailable("away".to_owned()));
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        assert_eq!(notified, []);
    }
}
