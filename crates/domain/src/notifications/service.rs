//! Lists notifications, marks them as read, and changes preferences.

use super::error::NotificationError;
use super::listing::{NotificationPage, NotificationQuery, NotificationSelection};
use super::preferences::{Preferences, PreferencesChange};
use super::retention::{Forgotten, RetentionCutoffs, RetentionPeriods};
use crate::deps::Deps;
use crate::ids::UserId;

/// The read, and the unread, notifications that one transaction removes: its locks must not delay requests.
const BATCH: u32 = 5_000;

/// The use cases of notifications.
#[derive(Clone)]
pub struct Notifications {
    deps: Deps,
}

impl Notifications {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// The page of `user`'s notifications.
    pub async fn list(&self, user: UserId, listing: NotificationQuery) -> Result<NotificationPage, NotificationError> {
        Ok(self.deps.reads().notifications().notifications(user, listing).await?)
    }

    /// Marks notifications of `user` as read and returns how many were unread.
    pub async fn mark_read(&self, user: UserId, which: &NotificationSelection) -> Result<u64, NotificationError> {
        self.deps.retried(|| self.mark_read_once(user, which)).await
    }

    async fn mark_read_once(&self, user: UserId, which: &NotificationSelection) -> Result<u64, NotificationError> {
        let mut tx = self.deps.begin().await?;
        let marked = tx.notifications().mark_read(user, which, self.deps.now()).await?;
        tx.commit().await?;
        Ok(marked)
    }

    pub async fn preferences(&self, user: UserId) -> Result<Preferences, NotificationError> {
        Ok(self.deps.reads().notifications().preferences(user).await?)
    }

    /// Changes the preferences of `user`, from the next notification on, and returns the result.
    pub async fn change_preferences(
        &self,
        user: UserId,
        change: &PreferencesChange,
    ) -> Result<Preferences, NotificationError> {
        self.deps.retried(|| self.change_preferences_once(user, change)).await
    }

    async fn change_preferences_once(
        &self,
        user: UserId,
        change: &PreferencesChange,
    ) -> Result<Preferences, NotificationError> {
        let mut tx = self.deps.begin().await?;
        let preferences = tx.notifications().change_preferences(user, change).await?;
        tx.commit().await?;
        Ok(preferences)
    }

    /// Removes notifications older than `periods` in batches, each in a transaction of its own, until none is left or `stop` returns
    /// true. Returns their number.
    pub async fn forget(
        &self,
        periods: RetentionPeriods,
        stop: impl Fn() -> bool,
    ) -> Result<Forgotten, NotificationError> {
        let mut forgotten = Forgotten::default();
        while !stop() {
            let mut tx = self.deps.begin().await?;
            let batch = tx.notifications().forget(RetentionCutoffs::at(self.deps.now(), periods), BATCH).await?;
            tx.commit().await?;
            forgotten += batch;
            if !batch.is_full(BATCH) {
                break;
            }
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use pollster::block_on;
    use time::Duration;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::super::notification::NotificationKind;
    use super::super::preferences::Channels;
    use super::*;
    use crate::error::{DomainError, ErrorKind, StoreError};
    use crate::ids::NotificationId;
    use crate::testing::{TestStore, TestUnitOfWork};
    use crate::usage::testing::NOW;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const PERIODS: RetentionPeriods = RetentionPeriods { read: Duration::days(90), unread: Duration::days(365) };

    /// The use cases over transactions made by `prepare`, and the number of commits.
    fn notifications(
        prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static,
    ) -> (Notifications, Arc<AtomicUsize>) {
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            prepare(&mut tx);
            tx
        });
        (Notifications::new(store.deps()), commits)
    }

    #[test]
    fn mark_read_records_now_and_commits() {
        for which in
            [NotificationSelection::All, NotificationSelection::These(vec![NotificationId(Uuid::from_u128(7))])]
        {
            let selected = which.clone();
            let (notifications, commits) = notifications(move |tx| {
                let selected = selected.clone();
                tx.notifications.expect_mark_read().returning(move |user, which, now| {
                    assert_eq!((user, which, now), (ADA, &selected, NOW));
                    Ok(3)
                });
            });
            assert_eq!(block_on(notifications.mark_read(ADA, &which)).expect("marked"), 3);
            assert_eq!(commits.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn change_preferences_commits() {
        let change = PreferencesChange::of([(NotificationKind::LevelUp, false)], []);
        let after: Preferences =
            [(NotificationKind::LevelUp, Channels { in_app: false, email: true })].into_iter().collect();
        let (selected, answer) = (change.clone(), after.clone());
        let (notifications, commits) = notifications(move |tx| {
            let (selected, answer) = (selected.clone(), answer.clone());
            tx.notifications.expect_change_preferences().returning(move |user, change| {
                assert_eq!((user, change), (ADA, &selected));
                Ok(answer.clone())
            });
        });
        assert_eq!(block_on(notifications.change_preferences(ADA, &change)).expect("changed"), after);
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    /// The use cases over batches that remove as many as `batches` states, in order.
    fn forgetting(batches: &[(u64, u64)]) -> (Notifications, Arc<AtomicUsize>) {
        let left: Vec<_> =
            batches.iter().rev().map(|(read, unread)| Forgotten { read: *read, unread: *unread }).collect();
        let left = Arc::new(Mutex::new(left));
        notifications(move |tx| {
            let left = left.clone();
            tx.notifications.expect_forget().returning(move |kept, most| {
                let expected =
                    RetentionCutoffs { read: datetime!(2026-08-24 12:00 UTC), unread: datetime!(2025-11-22 12:00 UTC) };
                assert_eq!((kept, most), (expected, 5_000));
                Ok(left.lock().expect("batches").pop().expect("nobody asks on after a batch that is not full"))
            });
        })
    }

    #[test]
    fn forget_removes_batches_until_none_is_left() {
        for (batches, read, unread) in [
            (&[(0, 0)][..], 0, 0),
            (&[(3, 4)], 3, 4),
            (&[(4_999, 4_999)], 4_999, 4_999),
            (&[(5_000, 7), (0, 0)], 5_000, 7),
            (&[(5_000, 0), (2, 5_000), (0, 5_000), (0, 1)], 5_002, 10_001),
        ] {
            let (notifications, commits) = forgetting(batches);
            let forgotten = block_on(notifications.forget(PERIODS, || false)).expect("removed");
            assert_eq!(forgotten, Forgotten { read, unread }, "{batches:?}");
            assert_eq!(commits.load(Ordering::SeqCst), batches.len(), "{batches:?}");
        }
    }

    #[test]
    fn forget_stops_between_batches_and_reports_count() {
        let (notifications, commits) = forgetting(&[(5_000, 0), (5_000, 0), (5_000, 0)]);
        let selected = Cell::new(0);
        let stop = || selected.replace(selected.get() + 1) == 2;
        assert_eq!(
            block_on(notifications.forget(PERIODS, stop)).expect("removed"),
            Forgotten { read: 10_000, unread: 0 }
        );
        assert_eq!(commits.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn mark_read_unavailable_store_is_reported() {
        let store = TestStore::new(|| Err(StoreError::Unavailable("away".into())));
        let notifications = Notifications::new(store.deps());
        let error = block_on(notifications.mark_read(ADA, &NotificationSelection::All)).expect_err("away");
        assert_eq!(error.details(), ErrorKind::Unavailable.into());
    }
}
