//! Notifies accounts, once a day and late, that their streak ends at midnight.

use time::{Date, OffsetDateTime};

use super::Streak;
use crate::batch_outcome::BatchOutcome;
use crate::days::Window;
use crate::days::Zone;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{NotificationId, UserId};
use crate::notifications::{Notification, NotificationContent};
use crate::store::UnitOfWork;

/// The accounts that are read at once.
const PAGE: u32 = 500;

/// The use case of reminding people.
#[derive(Clone)]
pub struct StreakReminders {
    deps: Deps,
}

impl StreakReminders {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Notifies all accounts whose streak is at risk now, each in a transaction of its own, until none is left or `stop` returns
    /// true. Returns their number. An account is notified once per local day, whatever repeats. An account that fails does not
    /// affect others (I11) and is retried at the next run.
    pub async fn remind(&self, stop: impl Fn() -> bool) -> Result<u64, StoreError> {
        let now = self.deps.now();
        let places: Vec<(Zone, Date)> = (self.deps.reads().streaks().zones().await?.into_iter())
            .filter(|zone| Streak::is_late(zone.local(now)))
            .map(|zone| (zone.clone(), zone.date(now)))
            .collect();
        let (mut round, mut after) = (BatchOutcome::default(), None);
        while !places.is_empty() && !stop() {
            let people = self.deps.reads().streaks().at_risk(&places, after, PAGE).await?;
            for user in &people {
                round.record(self.remind_one(*user, now).await)?;
            }
            after = people.last().copied();
            if people.len() < PAGE as usize {
                break;
            }
        }
        round.end()
    }

    /// Notifies `user` if the streak is at risk at `now`, judged under the account's lock; returns whether it did.
    async fn remind_one(&self, user: UserId, now: OffsetDateTime) -> Result<bool, StoreError> {
        let mut tx = self.deps.begin().await?;
        let Some((streak, day)) = streak_at_risk(&mut *tx, user, now).await? else { return Ok(false) };
        let content = NotificationContent::streak_at_risk(streak.current, day);
        let notification = Notification { id: NotificationId(self.deps.ids.fresh()), user, content, created_at: now };
        let is_new = tx.notifications().insert(user, &[notification]).await? > 0;
        tx.commit().await?;
        Ok(is_new)
    }
}

/// The streak of `user` and the local day, if it is at risk at `now`. Takes the account's lock, so that usage does not change
/// meanwhile (I1).
pub(crate) async fn streak_at_risk(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    now: OffsetDateTime,
) -> Result<Option<(Streak, Date)>, StoreError> {
    let Some(account) = tx.accounts().lock(user).await? else { return Ok(None) };
    let local = account.zone.unwrap_or_else(Zone::utc).local(now);
    let Some((facts, _)) = tx.progress().facts(Window::month(user, local.date)).await? else { return Ok(None) };
    let streak = Streak::of(&facts.active_days, local.date);
    Ok(streak.at_risk(local).then_some((streak, local.date)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use mockall::predicate::always;
    use pollster::block_on;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    use super::*;
    use crate::accounts::Account;
    use crate::achievements::ProgressEvents;
    use crate::streaks::ports::MockStreakReader;
    use crate::testing::{TestReads, TestUnitOfWork, facts};
    use crate::usage::testing::account;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect("a zone")
    }

    /// The notifications of Ada at `now`, who lives in `lives_in` and was active on these days of November 2026, and the number
    /// of commits.
    fn content(now: OffsetDateTime, lives_in: &'static str, days: &'static [u8]) -> (Vec<String>, usize) {
        let (notified, commits) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (recorded, counter) = (notified.clone(), commits.clone());
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            tx.accounts.expect_lock().returning(move |_| Ok(Some(Account { zone: Some(zone(lives_in)), ..account() })));
            let active = days.iter().map(|day| date!(2026 - 11 - 01).replace_day(*day).expect("a day")).collect();
            let facts = facts(active);
            tx.progress.expect_facts().returning(move |_| Ok(Some((facts.clone(), ProgressEvents::default()))));
            let recorded = recorded.clone();
            tx.notifications.expect_insert().returning(move |_, content| {
                recorded
                    .lock()
                    .expect("what is said")
                    .extend(content.iter().map(|content| content.content.dedup_key()));
                Ok(1)
            });
            tx
        });
        let mut reader = MockStreakReader::new();
        reader.expect_zones().returning(move || Ok(vec![zone(lives_in), zone("Pacific/Kiritimati")]));
        reader.expect_at_risk().with(always(), always(), always()).returning(|places, after, _| {
            assert!(!places.is_empty() && after.is_none());
            Ok(vec![ADA])
        });
        let reads = TestReads { streaks: reader, ..TestReads::default() };
        let reminders = StreakReminders::new(store.with_reads(reads).deps_at(now));
        block_on(reminders.remind(|| false)).expect("reminded");
        let notified = notified.lock().expect("what is said").clone();
        (notified, commits.load(Ordering::SeqCst))
    }

    #[test]
    fn streak_reminder_is_sent_from_ten_in_the_evening_local() {
        let risk = "streak_at_risk:2026-11-22".to_owned();
        for (now, lives_in, days, expected) in [
            (datetime!(2026-11-22 22:00 UTC), "UTC", &[20, 21][..], Some(&risk)),
            (datetime!(2026-11-22 21:59 UTC), "UTC", &[20, 21], None),
            (datetime!(2026-11-22 21:00 UTC), "Europe/Berlin", &[20, 21], Some(&risk)),
            (datetime!(2026-11-22 16:15 UTC), "Asia/Kathmandu", &[20, 21], Some(&risk)),
            (datetime!(2026-11-22 16:14 UTC), "Asia/Kathmandu", &[20, 21], None),
            (datetime!(2026-11-22 23:00 UTC), "UTC", &[20, 21, 22], None),
            (datetime!(2026-11-22 23:00 UTC), "UTC", &[19, 21], None),
        ] {
            let (notified, commits) = content(now, lives_in, days);
            assert_eq!(notified.first(), expected, "{now} {lives_in} {days:?}");
            assert_eq!(commits, usize::from(expected.is_some()));
        }
    }

    #[test]
    fn streak_reminder_failing_account_does_not_affect_others() {
        let notified = Arc::new(Mutex::new(Vec::new()));
        let recorded = notified.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork::default();
            tx.accounts.expect_lock().returning(|user| match user {
                ADA => Err(StoreError::Internal("a row that makes no sense".to_owned())),
                _ => Ok(Some(account())),
            });
            let facts = facts([date!(2026 - 11 - 20), date!(2026 - 11 - 21)].into());
            tx.progress.expect_facts().returning(move |_| Ok(Some((facts.clone(), ProgressEvents::default()))));
            let recorded = recorded.clone();
            tx.notifications.expect_insert().returning(move |user, _| {
                recorded.lock().expect("what is said").push(user);
                Ok(1)
            });
            tx
        });
        let bob = UserId(Uuid::from_u128(2));
        let mut reader = MockStreakReader::new();
        reader.expect_zones().returning(|| Ok(vec![Zone::utc()]));
        reader.expect_at_risk().returning(move |_, _, _| Ok(vec![ADA, bob]));
        let deps = store
            .with_reads(TestReads { streaks: reader, ..TestReads::default() })
            .deps_at(datetime!(2026-11-22 22:00 UTC));
        let reminders = StreakReminders::new(deps);
        let error = block_on(reminders.remind(|| false)).expect_err("a failure");
        assert!(matches!(error, StoreError::Internal(_)), "{error}");
        assert_eq!(*notified.lock().expect("what is said"), [bob]);
    }
}
