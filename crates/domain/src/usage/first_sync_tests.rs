//! Effects of the first messages besides usage: boards of the instance, and XP of the referral chain.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use uuid::Uuid;

use super::ports::RecordedWrite;
use super::room::NameUse;
use super::testing::{NOW, account, batch, locked_with, message, sent};
use super::*;
use crate::accounts::Account;
use crate::accounts::ports::Locks;
use crate::achievements::ProgressEvents;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::jobs::FirstJobs;
use crate::pricing::{Cost, CurrentBook};
use crate::referrals::ReferredBy;
use crate::testing::{TestUnitOfWork, facts};

const ADA: UserId = UserId(Uuid::from_u128(7));
/// The owner of the code that Ada used.
const BOB: UserId = UserId(Uuid::from_u128(2));
/// The owner of the code that Bob used.
const EVE: UserId = UserId(Uuid::from_u128(3));

fn usage(prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> (Usage, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = commits.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        let facts = Some((facts(BTreeSet::new()), ProgressEvents::default()));
        let recorded = RecordedWrite { facts, ..RecordedWrite::default() };
        tx.ledger.expect_record().returning(move |_, _, _| Ok(recorded.clone()));
        prepare(&mut tx);
        tx
    });
    let prices = Arc::new(CurrentBook::shipped());
    (Usage::new(store.deps(), prices), commits)
}

/// The ledger's copies of the message `a`, if it `has` it.
fn found(has: bool) -> Vec<LedgerEntry> {
    has.then(|| LedgerEntry { message: message("a", 10), cost: Cost::Unpriced }).into_iter().collect()
}

/// A ledger with or without the message `a`, whose jobs are recorded in `queued` or fail.
fn asking(known: bool, fails: bool) -> (Usage, Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) {
    let queued = Arc::new(Mutex::new(Vec::new()));
    let recorded = queued.clone();
    let (usage, commits) = usage(move |tx| {
        tx.ledger.expect_lock_for_sync().returning(move |_, _| Ok(Some(locked_with(account(), found(known)))));
        tx.progress.expect_award().returning(|_, _, _| Ok(()));
        let recorded = recorded.clone();
        tx.jobs.expect_enqueue().returning(move |jobs, now| {
            assert_eq!(now, NOW);
            let mut recorded = recorded.lock().expect("jobs");
            recorded.extend(jobs.iter().map(|(_, job)| format!("{} {}", job.job.kind().name(), job.key)));
            if fails { Err(StoreError::Unavailable("away".to_owned())) } else { Ok(jobs.len() as u64) }
        });
    });
    (usage.with_first_jobs(Arc::default()), queued, commits)
}

#[test]
fn sync_first_messages_queue_boards_once() {
    let boards = ["leaderboard first".to_owned(), "benchmarks first".to_owned()];
    let (usage, queued, commits) = asking(false, false);
    let dry = SyncBatch { dry_run: true, ..batch(vec![sent("a")]) };
    block_on(usage.sync(ADA, dry)).expect("a dry run");
    assert_eq!((queued.lock().expect("jobs").len(), commits.load(Ordering::SeqCst)), (0, 0));
    for _ in 0..3 {
        block_on(usage.sync(ADA, batch(vec![sent("a")]))).expect("a sync");
        assert_eq!(*queued.lock().expect("jobs"), boards);
    }
    let (usage, queued, _) = asking(true, false);
    block_on(usage.sync(ADA, batch(vec![sent("a")]))).expect("a sync");
    assert!(queued.lock().expect("jobs").is_empty(), "nothing is new");
}

#[test]
fn sync_failed_board_job_is_queued_again() {
    let (usage, queued, commits) = asking(false, true);
    for times in 1..=2 {
        let failed = block_on(usage.sync(ADA, batch(vec![sent("a")])));
        assert!(matches!(failed, Err(UsageError::Store(StoreError::Unavailable(_)))), "{failed:?}");
        assert_eq!(queued.lock().expect("jobs").len(), 2 * times);
    }
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[test]
fn sync_with_boards_queued_queues_none() {
    let first = Arc::new(FirstJobs::default());
    first.queued();
    let (usage, queued, _) = asking(false, false);
    block_on(usage.with_first_jobs(first).sync(ADA, batch(vec![sent("a")]))).expect("a sync");
    assert!(queued.lock().expect("jobs").is_empty(), "they were asked for before");
}

/// The XP that Ada's sync of one message pays, and the number of transactions: `before` and `locked` are whether the referral
/// was paid at the start and when the chain is locked.
fn paid([before, locked]: [bool; 2], known: bool, dry_run: bool) -> (Vec<(UserId, String)>, usize) {
    let awarded = Arc::new(Mutex::new(Vec::new()));
    let begun = Arc::new(AtomicUsize::new(0));
    let (recorded, counter) = (awarded.clone(), begun.clone());
    let (usage, _) = usage(move |tx| {
        let is_second = counter.fetch_add(1, Ordering::SeqCst) > 0;
        let came_by = |referrer, is_paid| Account { referred_by: Some(ReferredBy { referrer, is_paid }), ..account() };
        let is_paid = if is_second { locked } else { before };
        tx.ledger
            .expect_lock_for_sync()
            .returning(move |_, _| Ok(Some(locked_with(came_by(BOB, is_paid), found(known)))));
        tx.referrals.expect_above().withf(|user, most| (*user, *most) == (BOB, 2)).returning(|_, _| Ok(vec![EVE]));
        tx.accounts.expect_lock_counts().returning(|_| Ok(()));
        tx.accounts.expect_try_lock_all().returning(move |users| {
            assert_eq!(users, [BOB, EVE, ADA], "in the order of the ids");
            let accounts = vec![(BOB, came_by(EVE, true)), (EVE, account()), (ADA, came_by(BOB, false))];
            Ok(Locks { accounts, busy: Vec::new() })
        });
        let pays = !before && !locked && !known && !dry_run && is_second;
        tx.referrals.expect_set_paid().times(usize::from(pays)).returning(|_, _| Ok(()));
        tx.progress.expect_facts().returning(|_| Ok(Some((facts(BTreeSet::new()), ProgressEvents::default()))));
        let recorded = recorded.clone();
        tx.progress.expect_award().returning(move |user, award, _| {
            let of_referrals = award.events.iter().filter(|event| event.reason.starts_with("referral:"));
            let line = |event: &crate::achievements::ports::ProgressEvent| {
                (user, format!("{} for {}", event.xp.0, event.reason))
            };
            recorded.lock().expect("awards").extend(of_referrals.map(line));
            Ok(())
        });
    });
    let sent = SyncBatch { dry_run, ..batch(vec![sent("a")]) };
    block_on(usage.sync(ADA, sent)).expect("a sync");
    let awarded = awarded.lock().expect("awards").clone();
    (awarded, begun.load(Ordering::SeqCst))
}

#[test]
fn sync_first_new_message_pays_chain_and_locks_it_only_then() {
    let referral_reward = |xp: i64| format!("{xp} for referral:{ADA}");
    assert_eq!(paid([false; 2], false, false), (vec![(BOB, referral_reward(2_500)), (EVE, referral_reward(625))], 2));
    for (before, locked, known, dry_run, begun) in [
        // Paid by an earlier sync.
        (true, true, false, false, 1),
        // Paid by another sync, between this one's two transactions.
        (false, true, false, false, 2),
        // No new message.
        (false, false, true, false, 2),
        (false, false, false, true, 1),
    ] {
        assert_eq!(paid([before, locked], known, dry_run), (Vec::new(), begun), "{before} {locked} {known} {dry_run}");
    }
}
