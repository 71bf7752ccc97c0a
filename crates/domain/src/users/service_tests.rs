//! Visibility, deletion and purge over mocked ports.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mockall::Sequence;
use pollster::block_on;
use uuid::Uuid;

use super::*;
use crate::jobs::Job;
use crate::testing::{TestUnitOfWork, test_user, variant};
use crate::usage::testing::{NOW, account};
use crate::users::{Presence, Username};

const ADA: UserId = UserId(Uuid::from_u128(1));

/// The use cases over transactions made by `prepare`, and the number of commits.
fn users(prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> (Users, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = commits.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
        prepare(&mut tx);
        tx
    });
    (Users::new(store.deps()), commits)
}

#[test]
fn leave_ends_access_under_lock_and_marks_account() {
    let (users, commits) = users(|tx| {
        let mut order = Sequence::new();
        tx.accounts.expect_lock().times(1).in_sequence(&mut order).returning(|_| Ok(Some(account())));
        tx.device_logins.expect_delete_approved().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        tx.users.expect_hold().times(1).in_sequence(&mut order).returning(|_| Ok(Some(Presence::Here)));
        tx.sessions.expect_delete_all().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        tx.api_tokens.expect_delete_all().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        tx.users
            .expect_set_left()
            .withf(|user, at| (*user, *at) == (ADA, Some(NOW)))
            .times(1)
            .in_sequence(&mut order)
            .returning(|_, _| Ok(()));
        tx.follows
            .expect_set_counted()
            .withf(|user, counted| (*user, *counted) == (ADA, false))
            .times(1)
            .in_sequence(&mut order)
            .returning(|_, _| Ok(()));
    });
    assert_eq!(block_on(users.leave(ADA)).expect("a date"), NOW + GRACE_PERIOD);
    assert_eq!(commits.load(Ordering::SeqCst), 1);
}

#[test]
fn change_queues_board_refresh_only_when_turning_public() {
    for (was_public, is_public, refreshes) in
        [(false, Some(true), 1), (true, Some(true), 0), (true, Some(false), 0), (false, None, 0)]
    {
        let (users, commits) = users(move |tx| {
            tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
            tx.users
                .expect_find()
                .returning(move |id| Ok(Some(User { is_public: was_public, ..test_user(id, "ada") })));
            tx.users.expect_update().returning(|_| Ok(()));
            tx.follows.expect_accept_all().times(refreshes).returning(|_, _| Ok(()));
            tx.expect_settling(BTreeSet::new());
            tx.jobs.expect_waiting().returning(|_, _| Ok(None));
            let queued = tx.jobs.expect_enqueue().times(refreshes);
            queued
                .withf(|jobs, now| {
                    let [(_, job)] = jobs else { return false };
                    (&job.job, job.run_at, *now) == (&Job::Leaderboard, NOW + REFRESH_DELAY, NOW)
                })
                .returning(|_, _| Ok(1));
        });
        let change = ProfileChange { is_public, ..ProfileChange::default() };
        block_on(users.change(ADA, change)).expect("a change");
        assert_eq!(commits.load(Ordering::SeqCst), 1, "{was_public} {is_public:?}");
    }
}

#[test]
fn change_username_collision_is_distinguished() {
    for (constraint, code) in [("users_username_key", "UsernameTaken"), ("users_pkey", "Store")] {
        let (users, commits) = users(move |tx| {
            tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
            tx.users.expect_find().returning(|id| Ok(Some(test_user(id, "ada"))));
            let taken = move |_: &User| Err(StoreError::Conflict { constraint: constraint.to_owned() });
            tx.users.expect_update().returning(taken);
        });
        let change = ProfileChange { username: Some(Username::trusted("bob")), ..ProfileChange::default() };
        let error = block_on(users.change(ADA, change)).expect_err("taken");
        assert_eq!((variant(&error), commits.load(Ordering::SeqCst)), (code, 0));
        if let UserError::UsernameTaken(name) = error {
            assert_eq!(name, "bob");
        }
    }
}

#[test]
fn leave_twice_is_unknown_user() {
    let (users, commits) = users(|tx| {
        tx.accounts.expect_lock().returning(|_| Ok(None));
    });
    assert!(matches!(block_on(users.leave(ADA)), Err(UserError::Unknown { .. })));
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[test]
fn purge_continues_until_none_is_left_and_adds_up() {
    let messages = |messages| PurgeReport { messages, ..PurgeReport::default() };
    let last = PurgeReport { accounts: 1, messages: 1, others: 7 };
    for (stop_after, expected) in [
        (usize::MAX, PurgeReport { accounts: 2, messages: 2 * 5_001, others: 14 }),
        (1, messages(5_000)),
        (0, PurgeReport::default()),
    ] {
        let batches = Arc::new(Mutex::new(vec![messages(5_000), last, messages(5_000), last]));
        let (users, commits) = users(move |tx| {
            let left = batches.clone();
            let people = batches.clone();
            tx.purge.expect_take().returning(move |deleted, _| {
                assert_eq!(deleted, gone_by(NOW));
                Ok((!people.lock().expect("batches").is_empty()).then_some(ADA))
            });
            tx.purge
                .expect_erase()
                .withf(|_, limit| *limit == BATCH)
                .returning(move |_, _| Ok(left.lock().expect("batches").remove(0)));
        });
        let refreshes = AtomicUsize::new(0);
        let stop = || refreshes.fetch_add(1, Ordering::SeqCst) >= stop_after;
        assert_eq!(block_on(users.purge(stop)).expect("a purge"), expected, "{stop_after}");
        assert_eq!(commits.load(Ordering::SeqCst), stop_after.min(4));
    }
}

#[test]
fn purge_failing_account_does_not_affect_others() {
    let (bob, deleted) = (UserId(Uuid::from_u128(2)), Arc::new(Mutex::new(Vec::new())));
    let recorded = deleted.clone();
    let (users, _) = users(move |tx| {
        let (deleted, recorded) = (recorded.clone(), recorded.clone());
        tx.purge.expect_take().returning(move |_, others| {
            let deleted = deleted.lock().expect("who is gone");
            Ok([ADA, bob].into_iter().find(|user| !others.contains(user) && !deleted.contains(user)))
        });
        tx.purge.expect_erase().returning(move |user, _| {
            if user == ADA {
                return Err(StoreError::Internal("a row that makes no sense".to_owned()));
            }
            recorded.lock().expect("who is gone").push(user);
            Ok(PurgeReport { accounts: 1, ..PurgeReport::default() })
        });
    });
    let error = block_on(users.purge(|| false)).expect_err("a failure");
    assert!(matches!(error, UserError::Store(StoreError::Internal(_))), "{error}");
    assert_eq!(*deleted.lock().expect("who is gone"), [bob]);
}
