//! Listing and pinning achievements over mocked ports.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::ports::{AccountAchievements, MockAchievementReader, UnlockedAchievement};
use super::*;
use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::{AchievementId, UserId};
use crate::progression::EventXp;
use crate::testing::{TestReads, TestUnitOfWork, facts, test_user, variant};
use crate::usage::Sums;
use crate::usage::testing::account;
use crate::users::{User, ViewedProfile};

const ADA: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));
const NOW: OffsetDateTime = datetime!(2026-11-22 23:30 UTC);

fn id(slug: &str) -> AchievementId {
    find_by_slug(slug).expect("a definition").id()
}

fn unlocked(id: AchievementId, pinned: bool) -> UnlockedAchievement {
    UnlockedAchievement { id, tier: None, at: NOW, pinned }
}

/// The use cases over `reader` and transactions made by `prepare`, and the number of commits.
fn achievements(
    reader: MockAchievementReader,
    prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static,
) -> (Achievements, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = commits.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
        prepare(&mut tx);
        tx
    });
    let reads = TestReads { achievements: reader, ..TestReads::default() };
    (Achievements::new(store.with_reads(reads).deps_at(NOW)), commits)
}

/// Ada's achievements as Bob sees them, if she lives in `zone` and the reader returns `shown`.
fn seen(
    zone: Option<&str>,
    today: Date,
    shown: Option<AccountAchievements>,
) -> Result<Vec<AchievementState>, AchievementError> {
    let mut reader = MockAchievementReader::new();
    reader
        .expect_achievements()
        .withf(move |month, viewer| (month.user, month.to, *viewer) == (ADA, today, Some(BOB)))
        .returning(move |_, _| Ok(shown.clone()));
    let zone = zone.map(|name| Zone::parse(name).expect("a zone"));
    let look = ViewedProfile { user: User { zone, ..test_user(ADA, "ada") }, viewer: Some(BOB) };
    block_on(achievements(reader, |_| {}).0.of(&look))
}

#[test]
fn achievements_of_hidden_profile_are_hidden() {
    assert!(matches!(seen(None, date!(2026 - 11 - 22), None), Err(AchievementError::Private)));
}

#[test]
fn achievements_list_whole_catalogue_with_local_progress() {
    let shown = AccountAchievements {
        facts: AchievementFacts {
            held: [(id("first-sync"), None)].into_iter().collect(),
            ..facts([date!(2026 - 11 - 21), date!(2026 - 11 - 22)].into())
        },
        totals: Sums { tokens: 50_000, messages: 3, ..Sums::default() },
        event_xp: EventXp(100_000),
        unlocked: vec![unlocked(id("first-sync"), true)],
    };
    // For the tokens, the two days, and the events.
    let level = crate::progression::Level::of(5 + 20 + 1_000).level;
    for (zone, today) in [
        (None, date!(2026 - 11 - 22)),
        (Some("America/Los_Angeles"), date!(2026 - 11 - 22)),
        (Some("Europe/Berlin"), date!(2026 - 11 - 23)),
    ] {
        let states = seen(zone, today, Some(shown.clone())).expect("her page");
        assert!(states.iter().map(|state| state.definition.slug).eq(catalogue().iter().map(|one| one.slug)));
        let state = |slug| states.iter().find(|state| state.definition.slug == slug).expect("a state");
        let first = state("first-sync");
        assert_eq!((first.unlocked, first.progress.percentage), (Some(unlocked(id("first-sync"), true)), 100));
        assert_eq!(states.iter().filter(|state| state.unlocked.is_some()).count(), 1);
        let legend = state("living-legend");
        assert_eq!((legend.unlocked, legend.progress.current, legend.progress.target), (None, level, 101));
        assert_eq!((state("collector").progress.current, state("collector").progress.target), (1, 5));
    }
}

/// Pins or unpins `achievement`, with `others` pinned.
fn pin(achievement: AchievementId, pins: bool, others: usize, itself: Option<bool>) -> (Option<&'static str>, usize) {
    let (achievements, commits) = achievements(MockAchievementReader::new(), move |tx| {
        tx.accounts.expect_lock().withf(|user| *user == ADA).returning(|_| Ok(Some(account())));
        let all = catalogue().iter().map(AchievementDefinition::id).filter(move |id| *id != achievement);
        let mut held: Vec<UnlockedAchievement> = all.take(others).map(|id| unlocked(id, true)).collect();
        held.extend(itself.map(|pinned| unlocked(achievement, pinned)));
        tx.progress.expect_unlocked().returning(move |_| Ok(held.clone()));
        let at = pins.then_some(NOW);
        let set = tx.progress.expect_set_pinned();
        set.withf(move |user, id, pinned| (*user, *id, *pinned) == (ADA, achievement, at)).returning(|_, _, _| Ok(()));
    });
    let done = if pins {
        block_on(achievements.pin(ADA, achievement))
    } else {
        block_on(achievements.unpin(ADA, achievement))
    };
    (done.err().map(|error| variant(&error)), commits.load(Ordering::SeqCst))
}

#[test]
fn pin_at_most_six_and_repeated_pin_takes_no_place() {
    let achievement = id("first-sync");
    for (pins, others, itself, refused) in [
        (true, 0, Some(false), None),
        (true, 5, Some(false), None),
        (true, 6, Some(false), Some("TooManyPinned")),
        (true, 5, Some(true), None),
        (true, 0, None, Some("Locked")),
        (false, 5, Some(true), None),
        (false, 6, Some(false), None),
        (false, 6, None, Some("Locked")),
    ] {
        let expected = (refused, usize::from(refused.is_none()));
        assert_eq!(pin(achievement, pins, others, itself), expected, "{pins} {others} {itself:?}");
    }
}

#[test]
fn pin_deleted_account_is_refused() {
    let (achievements, commits) = achievements(MockAchievementReader::new(), |tx| {
        tx.accounts.expect_lock().returning(|_| Ok(None));
    });
    let achievement = id("first-sync");
    for done in [block_on(achievements.pin(ADA, achievement)), block_on(achievements.unpin(ADA, achievement))] {
        assert!(matches!(done, Err(AchievementError::Locked(locked)) if locked == achievement), "{done:?}");
    }
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[test]
fn pin_store_failure_is_not_committed() {
    let (achievements, commits) = achievements(MockAchievementReader::new(), |tx| {
        tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
        tx.progress.expect_unlocked().returning(|_| Ok(vec![unlocked(id("first-sync"), false)]));
        tx.progress.expect_set_pinned().returning(|_, _, _| Err(StoreError::Unavailable("away".to_owned())));
    });
    let done = block_on(achievements.pin(ADA, id("first-sync")));
    assert!(matches!(done, Err(AchievementError::Store(StoreError::Unavailable(_)))), "{done:?}");
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}
