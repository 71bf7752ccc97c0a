//! What was earned, on PostgreSQL: written once, with what caused it, and kept.

use std::sync::Arc;

use domain::achievements::ports::AchievementReader;
use domain::achievements::{AchievementError, Achievements, MOST_PINNED, UsageFacts, catalogue, find_by_slug};
use domain::days::Window;
use domain::ids::UserId;
use domain::store::Store;
use domain::usage::testing::{batch, sent};
use domain::usage::{ModelName, Provider, SentMessage, Source, SyncBatch};
use domain::users::{User, ViewedProfile};
use time::macros::datetime;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::common::{Fixture, NOW, fixture, test_user};

async fn client(fixture: &Fixture) -> Client {
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    client
}

/// One number that `query` finds.
async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.expect(query).get(0)
}

fn achievements(fixture: &Fixture) -> Achievements {
    Achievements::new(fixture.deps())
}

async fn kept_sums_are_right(client: &Client) {
    let wrong = "SELECT count(*) FROM usage_totals AS totals JOIN users ON users.key = totals.user_key
        WHERE event_xp <> coalesce((SELECT sum(xp) FROM progress_events WHERE user_id = users.id), 0)
           OR achievements <> (SELECT count(*) FROM unlocked_achievements WHERE user_id = users.id)";
    assert_eq!(number(client, wrong).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn achievement_crossed_by_concurrent_follows_is_awarded_once() {
    let fixture = Arc::new(fixture());
    let ada = fixture.create_user("ada", None).await;
    let mut syncs = JoinSet::new();
    for n in 0..16 {
        let (fixture, ada) = (fixture.clone(), ada.clone());
        syncs.spawn(async move { fixture.sync(&ada, &[&format!("message {n}")]).await });
    }
    syncs.join_all().await;
    let client = client(&fixture).await;
    let first = find_by_slug("first-sync").expect("an achievement").id();
    let of_first = format!("FROM unlocked_achievements WHERE achievement_id = '{first}'");
    assert_eq!(number(&client, &format!("SELECT count(*) {of_first}")).await, 1);
    for table in ["activities", "notifications"] {
        let query = format!("SELECT count(*) FROM {table} WHERE data ->> 'slug' = 'first-sync'");
        assert_eq!(number(&client, &query).await, 1, "{table}");
    }
    kept_sums_are_right(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutual_follows_at_once_do_not_deadlock() {
    let fixture = fixture();
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(fixture.create_user(&format!("person{n}"), None).await);
    }
    let mut follows = JoinSet::new();
    for a in people.clone() {
        for b in people.iter().filter(|b| b.id != a.id).cloned() {
            let social = fixture.social();
            follows.spawn(async move { social.follow(a.id, &b.username).await.map(|_| ()) });
        }
    }
    for follow in follows.join_all().await {
        follow.expect("a follow");
    }
    let client = client(&fixture).await;
    assert_eq!(number(&client, "SELECT count(*) FROM follows").await, 56);
    assert_eq!(number(&client, "SELECT count(*) FROM notifications WHERE kind = 'new_follower'").await, 56);
    kept_sums_are_right(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_corrects_sums_and_awards_what_was_missing() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a", "b"]).await;
    let client = client(&fixture).await;
    let first = find_by_slug("first-sync").expect("an achievement").id();
    let usage = fixture.usage();
    assert!(usage.rebuild(ada.id).await.expect("a rebuild").is_clean());

    client.batch_execute("UPDATE usage_totals SET event_xp = 7, achievements = 99").await.expect("damage");
    let repair = usage.rebuild(ada.id).await.expect("a rebuild");
    assert!(repair.progress && repair.unlocked == 0, "{repair:?}");
    kept_sums_are_right(&client).await;

    // As if the definition had come later: neither unlocked nor paid.
    let forget = format!(
        "DELETE FROM unlocked_achievements WHERE achievement_id = '{first}';
         DELETE FROM progress_events WHERE reason LIKE 'achievement:first-sync:%'"
    );
    client.batch_execute(&forget).await.expect("a younger account");
    let repair = usage.rebuild(ada.id).await.expect("a rebuild");
    assert_eq!((repair.progress, repair.unlocked), (true, 1));
    kept_sums_are_right(&client).await;
    assert!(usage.rebuild(ada.id).await.expect("a rebuild").is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn kind_that_is_switched_off_is_not_notified_but_awarded() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let client = client(&fixture).await;
    let unwanted = "INSERT INTO notification_preferences SELECT id, 'achievement_unlocked', false, true FROM users";
    client.batch_execute(unwanted).await.expect("a preference");
    fixture.sync(&ada, &["a"]).await;
    assert_eq!(number(&client, "SELECT count(*) FROM notifications WHERE kind = 'achievement_unlocked'").await, 0);
    assert!(number(&client, "SELECT count(*) FROM activities").await > 0);
    kept_sums_are_right(&client).await;
}

async fn unlocked_ids(fixture: &Fixture, user: UserId) -> Vec<domain::ids::AchievementId> {
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.progress().unlocked(user).await.expect("achievements").into_iter().map(|unlocked| unlocked.id).collect()
}

/// A person with more achievements than can be pinned.
async fn collector(fixture: &Fixture) -> User {
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a"]).await;
    let client = client(fixture).await;
    for definition in catalogue().iter().take(MOST_PINNED + 4) {
        let insert = format!(
            "INSERT INTO unlocked_achievements (user_id, achievement_id, unlocked_at) VALUES ('{}', '{}', now())
             ON CONFLICT DO NOTHING",
            ada.id,
            definition.id()
        );
        client.batch_execute(&insert).await.expect("an achievement");
    }
    ada
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_at_once_are_limited_to_six() {
    let fixture = fixture();
    let ada = collector(&fixture).await;
    let mut pins = JoinSet::new();
    for id in unlocked_ids(&fixture, ada.id).await {
        let achievements = achievements(&fixture);
        pins.spawn(async move { achievements.pin(ada.id, id).await });
    }
    let outcomes = pins.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), MOST_PINNED);
    let refused = |outcome: &&Result<(), _>| matches!(outcome, Err(AchievementError::TooManyPinned(_)));
    assert_eq!(outcomes.iter().filter(refused).count(), outcomes.len() - MOST_PINNED);
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_are_set_and_removed_on_unlocked_achievements_only() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a"]).await;
    let achievements = achievements(&fixture);
    let first = find_by_slug("first-sync").expect("an achievement").id();
    let pinned = async || {
        let states = achievements.of(&ViewedProfile::own(ada.clone())).await.expect("achievements");
        states.iter().filter(|state| state.unlocked.is_some_and(|unlocked| unlocked.pinned)).count()
    };
    assert_eq!(pinned().await, 0);
    for _ in 0..2 {
        achievements.pin(ada.id, first).await.expect("a pin");
        assert_eq!(pinned().await, 1);
    }
    for _ in 0..2 {
        achievements.unpin(ada.id, first).await.expect("no pin");
        assert_eq!(pinned().await, 0);
    }
    let locked = find_by_slug("number-one").expect("an achievement").id();
    assert!(matches!(achievements.pin(ada.id, locked).await, Err(AchievementError::Locked(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn achievements_of_a_private_profile_are_visible_to_owner_and_followers() {
    let fixture = fixture();
    let (ada, eve) = (fixture.create_user("ada", None).await, fixture.create_user("eve", None).await);
    fixture.social().follow(eve.id, &ada.username).await.expect("a follow");
    let ada = fixture.set_public(&ada, false).await;
    let stranger = fixture.create_user("mallory", None).await;
    let count = fixture.store.queries();
    for (viewer, sees) in [(None, false), (Some(stranger.id), false), (Some(eve.id), true), (Some(ada.id), true)] {
        let before = count.statements();
        let shown = fixture.store.achievements(Window::month(ada.id, NOW.date()), viewer).await.expect("a page");
        assert_eq!(shown.is_some(), sees, "{viewer:?}");
        assert_eq!(count.statements() - before, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_numbers_are_ordered_without_gaps_and_permanent() {
    let fixture = fixture();
    fixture.create_user("ada", None).await;
    for _ in 0..3 {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let taken = tx.users().insert(&test_user("ADA"), None).await;
        assert!(taken.is_err(), "the name is taken");
    }
    let bob = fixture.create_user("bob", None).await.id;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let (facts, _) = tx.progress().facts(Window::month(bob, NOW.date())).await.expect("facts").expect("an account");
    assert_eq!(facts.user.account_number, 2);
    drop(tx);

    let client = client(&fixture).await;
    client.batch_execute("DELETE FROM users WHERE username = 'ada'").await.expect("a deletion");
    fixture.create_user("cid", None).await;
    assert_eq!(number(&client, "SELECT number::bigint FROM users WHERE username = 'bob'").await, 2);
    assert_eq!(number(&client, "SELECT number::bigint FROM users WHERE username = 'cid'").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_describe_hours_tools_and_models() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", Some("UTC")).await.id;
    let (opus, sonnet) = ("claude-opus-4-5", "claude-sonnet-4-5");
    for (n, (tool, at, model, provider)) in [
        ("claude-code", datetime!(2026-11-20 06:00 UTC), opus, None),
        ("claude-code", datetime!(2026-11-20 08:59 UTC), opus, Some("anthropic")),
        ("claude-code", datetime!(2026-11-20 23:10 UTC), sonnet, None),
        ("codex", datetime!(2026-11-20 12:00 UTC), opus, None),
        ("codex", datetime!(2026-11-21 01:59 UTC), sonnet, None),
        ("codex", datetime!(2026-11-21 02:00 UTC), sonnet, None),
        ("codex", datetime!(2026-11-22 09:00 UTC), sonnet, None),
    ]
    .into_iter()
    .enumerate()
    {
        let provider = provider.map(Provider::trusted);
        let message = SentMessage { at, model: ModelName::trusted(model), provider, ..sent(&n.to_string()) };
        let batch = SyncBatch { source: Source::trusted(tool), ..batch(vec![message]) };
        fixture.usage().sync(ada, batch).await.expect("a sync");
    }
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let (facts, _) = tx.progress().facts(Window::month(ada, NOW.date())).await.expect("facts").expect("an account");
    let mut usage = facts.usage;
    usage.models.sort();
    let expected = UsageFacts {
        models: vec![ModelName::trusted(opus), ModelName::trusted(sonnet)],
        tools: 2,
        machines: 1,
        busiest_day: 80,
        tools_in_a_day: 2,
        models_in_a_day: 2,
        early_days: 1,
        night_days: 2,
        hours_of_day: 7,
    };
    assert_eq!(usage, expected);

    let other_user = fixture.create_user("bob", None).await.id;
    let (facts, _) =
        tx.progress().facts(Window::month(other_user, NOW.date())).await.expect("facts").expect("an account");
    assert_eq!(facts.usage, UsageFacts::default());
}
