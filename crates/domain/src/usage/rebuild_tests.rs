//! Rebuilds over a mocked ledger.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::macros::datetime;
use uuid::Uuid;

use super::ports::RollupChanges;
use super::testing::{account, message};
use super::*;
use crate::accounts::Account;
use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::money::Usd;
use crate::pricing::{Cost, CurrentBook};
use crate::testing::TestUnitOfWork;

const ADA: UserId = UserId(Uuid::from_u128(7));

/// The messages of a page.
const PAGE: usize = 10_000;

/// A ledger of `count` messages with a stored cost of one dollar each.
fn ledger(count: usize) -> Vec<LedgerEntry> {
    let entry = |n: usize| {
        let cost = Cost::Priced(Usd::from_atto(1_000_000_000_000_000_000));
        LedgerEntry { message: message(&n.to_string(), 10), cost }
    };
    let mut entries: Vec<LedgerEntry> = (0..count).map(entry).collect();
    entries.sort_by_key(|entry| entry.message.key);
    entries
}

fn derived(entries: &[LedgerEntry], zone: &Zone) -> Derived {
    let mut derived = Derived::default();
    for entry in entries {
        derived.add(entry, zone);
    }
    derived
}

/// Lets `tx` read `stored` in pages, with `kept` as its derived rows; records the deltas in `moves`.
fn holding(tx: &mut TestUnitOfWork, stored: Vec<LedgerEntry>, kept: Derived, moves: &Arc<Mutex<Vec<Derived>>>) {
    tx.ledger.expect_page().returning(move |_, after, limit| {
        assert_eq!(limit, PAGE);
        let place = |entry: &&LedgerEntry| after.as_ref().is_none_or(|(_, key)| entry.message.key > *key);
        Ok(stored.iter().filter(place).take(limit).cloned().collect())
    });
    tx.ledger.expect_derived().returning(move |_| Ok(kept.clone()));
    tx.ledger.expect_rebuild_summaries().returning(|_| Ok(false));
    let moves = moves.clone();
    tx.ledger.expect_apply_delta().returning(move |_, delta| {
        moves.lock().expect("moves").push(delta.clone());
        Ok(RollupChanges::default())
    });
}

fn usage(prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> (Usage, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = commits.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
        prepare(&mut tx);
        tx
    });
    let prices = Arc::new(CurrentBook::shipped());
    (Usage::new(store.deps(), prices), commits)
}

/// The result of a rebuild of `stored` with `kept` as its derived rows, and the delta.
fn rebuild(
    stored: Vec<LedgerEntry>,
    kept: Derived,
    kept_account: Account,
    miscounted: bool,
) -> (RebuildReport, Derived, usize) {
    let moves = Arc::new(Mutex::new(Vec::new()));
    let recorded = moves.clone();
    let (usage, commits) = usage(move |tx| {
        let locked = kept_account.clone();
        tx.accounts.expect_lock().returning(move |_| Ok(Some(locked.clone())));
        holding(tx, stored.clone(), kept.clone(), &recorded);
        tx.follows.expect_recount().times(1).returning(move |_| Ok(miscounted));
        tx.expect_settling(BTreeSet::new());
    });
    let repair = block_on(usage.rebuild(ADA)).expect("a rebuild");
    let delta = moves.lock().expect("moves").remove(0);
    (repair, delta, commits.load(Ordering::SeqCst))
}

#[test]
fn rebuild_reads_all_pages_and_changes_nothing_if_right() {
    for count in [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE] {
        let stored = ledger(count);
        let right = derived(&stored, &Zone::utc());
        let (repair, moved, commits) = rebuild(stored, right, account(), false);
        assert_eq!((repair.messages, repair.is_clean(), commits), (count as u64, true, 1), "{count}: {repair:?}");
        assert!(moved.is_empty(), "{count}");
    }
}

#[test]
fn rebuild_reports_and_applies_delta() {
    let stored = ledger(3);
    let all = derived(&stored, &Zone::utc());
    let (repair, moved, commits) = rebuild(stored.clone(), derived(&stored[1..], &Zone::utc()), account(), false);
    let one = derived(&stored[..1], &Zone::utc());
    assert_eq!((moved, commits), (one, 1));
    assert_eq!((repair.rollups, repair.days, repair.hours, repair.totals), (1, 1, 1, true));

    let hours_alone = Derived { hours: std::collections::HashMap::new(), ..all.clone() };
    let (repair, moved, _) = rebuild(stored.clone(), hours_alone, account(), false);
    let only_hours = RebuildReport { messages: 3, hours: 1, ..RebuildReport::default() };
    assert_eq!((repair, moved.totals.is_zero(), repair.is_clean()), (only_hours, true, false));

    let (repair, ..) = rebuild(stored.clone(), all.clone(), account(), true);
    assert_eq!(repair, RebuildReport { messages: 3, counts: true, ..RebuildReport::default() });

    let (repair, ..) = rebuild(stored, all, Account { active_days: 5, ..account() }, false);
    assert_eq!(repair, RebuildReport { messages: 3, progress: true, ..RebuildReport::default() });
}

#[test]
fn rebuild_sums_stored_costs() {
    let (_, moved, _) = rebuild(ledger(2), Derived::default(), account(), false);
    assert_eq!(moved.totals.cost, Usd::from_atto(2_000_000_000_000_000_000));
}

#[test]
fn rebuild_failure_changes_nothing() {
    let (usage, commits) = usage(|tx| {
        tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
        holding(tx, ledger(1), Derived::default(), &Arc::default());
        tx.follows.expect_recount().returning(|_| Err(StoreError::Unavailable("away".to_owned())));
    });
    let failed = block_on(usage.rebuild(ADA));
    assert!(matches!(failed, Err(UsageError::Store(StoreError::Unavailable(_)))), "{failed:?}");
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[test]
fn zone_change_recounts_whole_history() {
    let mut late = ledger(2);
    for entry in &mut late {
        entry.message.at = datetime!(2026-11-22 23:30 UTC);
    }
    let used = Sums { messages: 2, ..Sums::default() };
    for (from, to, totals, moves) in [
        (None, "Europe/Berlin", used, true),
        (Some("UTC"), "Europe/Berlin", used, true),
        (Some("Europe/Berlin"), "Europe/Berlin", used, false),
        (None, "UTC", used, false),
        (None, "Europe/Berlin", Sums::default(), false),
    ] {
        let moved = Arc::new(Mutex::new(Vec::new()));
        let mut tx = TestUnitOfWork::default();
        tx.users.expect_set_zone().times(1).withf(move |_, zone| zone.name() == to).returning(|_, _| Ok(()));
        if moves {
            holding(&mut tx, late.clone(), derived(&late, &Zone::utc()), &moved);
        }
        let zone = |name| Zone::parse(name).expect("a zone");
        let before = Account { zone: from.map(zone), totals, ..account() };
        let after = block_on(move_to(&mut tx, ADA, before, zone(to))).expect("it moves");
        assert_eq!((after.zone, after.totals), (Some(zone(to)), totals));
        let days = moved.lock().expect("moves").iter().map(|moved: &Derived| moved.days.len()).sum::<usize>();
        assert_eq!(days, if moves { 2 } else { 0 }, "a day that was, and one that is: {from:?} {to}");
    }
}
