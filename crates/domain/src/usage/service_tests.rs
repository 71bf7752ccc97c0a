//! What a sync and a deletion of usage write, over mocked ports.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::achievements::{AchievementFacts, ProgressEvents};
use crate::testing::{TestUnitOfWork, facts};
use crate::usage::ports::RollupChanges;
use crate::usage::room::NameUse;
use crate::usage::testing::{NOW, account, batch, locked, locked_with, message, sent};
use crate::usage::{Model, ModelName, ProjectName, Protocol, SentMessage};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const ADA: UserId = UserId(Uuid::from_u128(7));

/// A use case over transactions made by `open`, and the number of its commits.
fn usage(open: impl Fn() -> TestUnitOfWork + Send + Sync + 'static) -> (Usage, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let store = TestUnitOfWork::store(move || TestUnitOfWork { commits: Arc::clone(&counted), ..open() });
    let prices = Arc::new(CurrentBook::shipped());
    (Usage::new(store.deps(), prices), commits)
}

/// A transaction on an account with `stored` in its ledger, and today as its active day.
fn transaction(stored: Vec<LedgerEntry>) -> TestUnitOfWork {
    let mut tx = TestUnitOfWork::default();
    tx.ledger.expect_lock_for_sync().returning(move |_, _| Ok(Some(locked_with(account(), stored.clone()))));
    tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
    tx.ledger.expect_make_names().returning(|_| Ok(()));
    tx
}

/// The facts of an account whose only active day is today, and no events.
fn facts_of_today() -> (AchievementFacts, ProgressEvents) {
    (facts(BTreeSet::from([NOW.date()])), ProgressEvents::default())
}

#[test]
fn sync_writes_new_messages_once_and_commits() {
    let (usage, commits) = usage(|| {
        let mut tx = transaction(Vec::new());
        let recorded = RecordedWrite { facts: Some(facts_of_today()), ..RecordedWrite::default() };
        tx.ledger
            .expect_record()
            .times(1)
            .withf(|_, write, _| (write.new.len(), write.replacements.len()) == (2, 0))
            .returning(move |_, _, _| Ok(recorded.clone()));
        tx.progress.expect_award().returning(|_, _, _| Ok(()));
        tx
    });
    let sent = vec![sent("a"), SentMessage { output: 11, ..sent("a") }, sent("b")];
    let report = pollster::block_on(usage.sync(ADA, batch(sent))).expect("a sync");
    assert_eq!((report.received, report.new, report.updated, report.duplicates), (3, 2, 0, 1));
    assert_eq!((report.standing.tokens, report.standing.streak.current), (21 + 20, 1));
    assert_eq!(commits.load(Ordering::SeqCst), 1);
}

#[test]
fn sync_project_beyond_limit_is_dropped_and_the_message_counts() {
    let (usage, commits) = usage(|| {
        let mut tx = TestUnitOfWork::default();
        let project = ProjectName::trusted("shop");
        tx.ledger
            .expect_lock_for_sync()
            .withf(|_, start| start.projects.iter().map(ProjectName::as_str).eq(["shop", "blog"]))
            .returning(move |_, _| {
                let projects = HashSet::from([project.clone()]);
                Ok(Some(SyncLock { projects, ..locked(account()) }))
            });
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        let recorded = RecordedWrite { facts: Some(facts_of_today()), ..RecordedWrite::default() };
        let projects = |write: &LedgerWrite| -> Vec<_> {
            write.new.iter().filter_map(|entry| entry.message.project.clone()).collect()
        };
        tx.ledger
            .expect_record()
            .withf(move |_, write, _| {
                write.new.len() == 3
                    && projects(write) == [ProjectName::trusted("shop")]
                    && write.delta.projects.len() == 1
            })
            .returning(move |_, _, _| Ok(recorded.clone()));
        tx.progress.expect_award().returning(|_, _, _| Ok(()));
        tx
    });
    let of = |id, project| SentMessage { project: Some(ProjectName::trusted(project)), ..sent(id) };
    let mut batch = batch(vec![of("a", "shop"), sent("b"), of("c", "blog")]);
    batch.warnings = vec![Warning { code: "field_ignored", field: "timezone".to_owned(), message: String::new() }];
    let report = pollster::block_on(usage.sync(ADA, batch)).expect("a sync");
    assert_eq!((report.new, report.rejected, commits.load(Ordering::SeqCst)), (3, 0, 1));
    let warned: Vec<_> = report.warnings.iter().map(|warning| (warning.code, warning.field.as_str())).collect();
    assert_eq!(warned, [("field_ignored", "timezone"), ("too_many_projects", "messages[2].project")]);
}

#[test]
fn sync_does_not_write_known_messages() {
    let stored = LedgerEntry { message: message("a", 10), cost: crate::pricing::Cost::Unpriced };
    let (usage, commits) = usage(move || {
        let mut tx = transaction(vec![stored.clone()]);
        let recorded = RecordedWrite { facts: Some(facts_of_today()), ..RecordedWrite::default() };
        tx.ledger
            .expect_record()
            .withf(|_, write, _| *write == LedgerWrite::default())
            .returning(move |_, _, _| Ok(recorded.clone()));
        tx.progress.expect_award().returning(|_, _, _| Ok(()));
        tx
    });
    let report = pollster::block_on(usage.sync(ADA, batch(vec![sent("a")]))).expect("a sync");
    assert_eq!((report.new, report.duplicates), (0, 1));
    assert_eq!(commits.load(Ordering::SeqCst), 1, "the machine was seen");
}

#[test]
fn sync_dry_run_does_not_commit() {
    let (usage, commits) = usage(|| {
        let mut tx = transaction(Vec::new());
        tx.expect_recording(RollupChanges::default(), BTreeSet::from([NOW.date()]));
        tx
    });
    let dry = SyncBatch { dry_run: true, ..batch(vec![sent("a")]) };
    assert_eq!(pollster::block_on(usage.sync(ADA, dry)).expect("a dry run").new, 1);
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

/// A handover with these messages and this start; whether it is kept, and the warnings.
fn handed_over(messages: Vec<SentMessage>, from: OffsetDateTime, name_use: &NameUse) -> (bool, Vec<Warning>) {
    let kept = Arc::new(AtomicUsize::new(0));
    let (counted, name_use) = (Arc::clone(&kept), name_use.clone());
    let (usage, _) = usage(move || {
        let mut tx = TestUnitOfWork::default();
        tx.ledger.expect_lock_for_sync().returning(|_, _| Ok(Some(locked(account()))));
        let name_use = name_use.clone();
        tx.ledger.expect_name_use().returning(move |_, _| Ok(name_use.clone()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        tx.ledger.expect_page_covered().returning(|_, _, _, _| Ok(Vec::new()));
        let counted = Arc::clone(&counted);
        tx.ledger.expect_keep_handover().returning(move |_, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        tx.expect_recording(RollupChanges::default(), BTreeSet::from([NOW.date()]));
        tx
    });
    let request = SyncBatch { protocol: Protocol::V3, handover_from: Some(from), ..batch(messages) };
    let warnings = pollster::block_on(usage.sync(ADA, request)).expect("a sync").warnings;
    (kept.load(Ordering::SeqCst) > 0, warnings)
}

#[test]
fn sync_handover_needs_an_accepted_message_and_a_plausible_start() {
    let no_tokens = SentMessage { input: 0, output: 0, ..sent("a") };
    let ahead = SentMessage { at: NOW + Duration::hours(25), ..sent("a") };
    let (room, no_room) = (
        NameUse::default(),
        NameUse {
            new_sources: BTreeSet::from([Source::trusted("claude-code")]),
            sources: crate::usage::room::MOST_SOURCES,
            ..NameUse::default()
        },
    );
    let (no_delivery, no_start) = (Some(IgnoredHandover::NothingAccepted), Some(IgnoredHandover::StartOutOfRange));
    for (what, messages, from, names, expected) in [
        ("a message", vec![sent("a")], NOW, &room, None),
        ("a rejected message too", vec![ahead.clone(), sent("a")], NOW, &room, None),
        ("only a rejected message", vec![ahead], NOW, &room, no_delivery),
        ("only a message without tokens", vec![no_tokens], NOW, &room, no_delivery),
        ("an account without room", vec![sent("a")], NOW, &no_room, no_delivery),
        ("the first start", vec![sent("a")], datetime!(2020-01-01 00:00 UTC), &room, None),
        ("a start before it", vec![sent("a")], datetime!(2019-12-31 23:59:59 UTC), &room, no_start),
        ("the last start", vec![sent("a")], NOW + Duration::DAY, &room, None),
        ("a start after it", vec![sent("a")], NOW + Duration::hours(25), &room, no_start),
    ] {
        let expected: Vec<Warning> = expected.into_iter().map(IgnoredHandover::warning).collect();
        assert_eq!(handed_over(messages, from, names), (expected.is_empty(), expected), "{what}");
    }
}

#[test]
fn sync_large_batch_is_written_in_chunks() {
    let (usage, _) = usage(|| {
        let mut tx = transaction(Vec::new());
        tx.ledger.expect_find().times(3).returning(|_, _, _| Ok(Vec::new()));
        tx.ledger.expect_write().times(2).withf(|_, new, _| new.len() == CHUNK).returning(|_, _, _| Ok(()));
        let recorded = RecordedWrite { facts: Some(facts_of_today()), ..RecordedWrite::default() };
        tx.ledger
            .expect_record()
            .times(1)
            .withf(|_, write, _| write.new.len() == 1 && write.delta.totals.messages == 10_001)
            .returning(move |_, _, _| Ok(recorded.clone()));
        tx.progress.expect_award().returning(|_, _, _| Ok(()));
        tx
    });
    let sent = (0..=2 * CHUNK).map(|n| sent(&n.to_string())).collect();
    assert_eq!(pollster::block_on(usage.sync(ADA, batch(sent))).expect("a sync").new, 2 * CHUNK + 1);
}

/// A transaction on an account with `stored` in its ledger, read in pages of [`CHUNK`].
fn forgetting(stored: Vec<LedgerEntry>) -> TestUnitOfWork {
    let mut tx = TestUnitOfWork::default();
    tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
    tx.ledger.expect_page_within().returning(move |_, reach, after, limit| {
        assert_eq!((reach.source.is_none(), limit), (true, CHUNK));
        let place = |entry: &&LedgerEntry| after.as_ref().is_none_or(|(_, key)| entry.message.key > *key);
        Ok(stored.iter().filter(place).take(limit).cloned().collect())
    });
    tx.ledger.expect_end_handovers().returning(|_, _| Ok(false));
    tx.expect_settling(BTreeSet::new());
    tx
}

fn entries(count: usize) -> Vec<LedgerEntry> {
    let entry = |n: usize| LedgerEntry { message: message(&n.to_string(), 10), cost: crate::pricing::Cost::Unpriced };
    let mut entries: Vec<LedgerEntry> = (0..count).map(entry).collect();
    entries.sort_by_key(|entry| entry.message.key);
    entries
}

#[test]
fn forget_removes_messages_in_chunks() {
    let stored = entries(2 * CHUNK + 1);
    let taken = Arc::new(std::sync::Mutex::new(Derived::default()));
    let sums = Arc::clone(&taken);
    let (usage, commits) = usage(move || {
        let mut tx = forgetting(stored.clone());
        tx.ledger.expect_remove().times(3).withf(|_, deleted| deleted.len() <= CHUNK).returning(|_, _| Ok(()));
        tx.ledger.expect_remove_idle_names().times(1).returning(|_| Ok(()));
        let sums = Arc::clone(&sums);
        tx.ledger.expect_apply_delta().returning(move |_, delta| {
            sums.lock().expect("sums").totals += delta.totals;
            Ok(RollupChanges::default())
        });
        tx
    });
    let removed = pollster::block_on(usage.forget(ADA, &UsageSelection::default())).expect("it is gone");
    let totals = taken.lock().expect("sums").totals;
    assert_eq!(removed, 2 * CHUNK as u64 + 1);
    assert_eq!((totals.messages, totals.tokens), (-10_001, -200_020));
    assert_eq!(commits.load(Ordering::SeqCst), 1);
}

#[test]
fn forget_of_all_days_ends_handovers() {
    let tomorrow = UsageSelection { from: NOW.date().next_day(), ..UsageSelection::default() };
    for (selection, ends) in [(UsageSelection::default(), true), (tomorrow, false)] {
        let (usage, commits) = usage(move || {
            let mut tx = TestUnitOfWork::default();
            tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
            tx.ledger.expect_page_within().returning(|_, _, _, _| Ok(Vec::new()));
            tx.ledger.expect_end_handovers().times(usize::from(ends)).returning(|_, _| Ok(true));
            tx.ledger.expect_remove_idle_names().times(usize::from(ends)).returning(|_| Ok(()));
            tx.expect_settling(BTreeSet::new());
            tx
        });
        assert_eq!(pollster::block_on(usage.forget(ADA, &selection)).expect("nothing"), 0);
        assert_eq!(commits.load(Ordering::SeqCst), usize::from(ends), "{selection:?}");
    }
}

#[test]
fn forget_without_match_changes_nothing() {
    let tomorrow = UsageSelection { from: NOW.date().next_day(), ..UsageSelection::default() };
    for (stored, selection) in [(Vec::new(), UsageSelection::default()), (entries(3), tomorrow)] {
        let (usage, commits) = usage(move || forgetting(stored.clone()));
        assert_eq!(pollster::block_on(usage.forget(ADA, &selection)).expect("nothing"), 0);
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn sync_unknown_account_is_not_found() {
    let (usage, commits) = usage(|| {
        let mut tx = TestUnitOfWork::default();
        tx.accounts.expect_lock().returning(|_| Ok(None));
        tx.ledger.expect_lock_for_sync().returning(|_, _| Ok(None));
        tx
    });
    let error = pollster::block_on(usage.sync(ADA, batch(vec![sent("a")]))).expect_err("nobody");
    assert!(matches!(error, UsageError::UnknownUser(ADA)));
    assert!(matches!(pollster::block_on(usage.rebuild(ADA)), Err(UsageError::UnknownUser(ADA))));
    let forgotten = pollster::block_on(usage.forget(ADA, &UsageSelection::default()));
    assert!(matches!(forgotten, Err(UsageError::UnknownUser(ADA))));
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[test]
fn sync_first_named_zone_is_kept() {
    let (usage, _) = usage(|| {
        let mut tx = TestUnitOfWork::default();
        tx.ledger.expect_lock_for_sync().returning(|_, _| Ok(Some(locked(Account { zone: None, ..account() }))));
        tx.users.expect_set_zone().times(1).withf(|_, zone| zone.name() == "Asia/Tokyo").returning(|_, _| Ok(()));
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        tx.expect_recording(RollupChanges::default(), BTreeSet::new());
        tx
    });
    let named = SyncBatch { zone: Zone::parse("Asia/Tokyo"), ..batch(vec![sent("a")]) };
    pollster::block_on(usage.sync(ADA, named)).expect("a sync");
}

#[test]
fn sync_lists_unpriced_models_once() {
    let (usage, _) = usage(|| {
        let mut tx = transaction(Vec::new());
        tx.expect_recording(RollupChanges::default(), BTreeSet::new());
        tx
    });
    let unknown = Model { name: ModelName::trusted("nobody-knows-me"), provider: None };
    let unknown_sent = |id| SentMessage { model: unknown.name.clone(), ..sent(id) };
    let report =
        pollster::block_on(usage.sync(ADA, batch(vec![unknown_sent("a"), unknown_sent("b")]))).expect("a sync");
    assert_eq!(report.unpriced_models, [unknown.name]);
}
