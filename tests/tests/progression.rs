//! XP, levels and achievements are earned once.

use std::collections::BTreeSet;

use jiff::ToSpan;
use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser, noon_zone, now};

/// The clients that cross a threshold at the same time.
const CONCURRENT_SYNCS: usize = 32;

/// The slugs of the unlocked achievements in `answer` to a sync.
fn unlocked(answer: &Value) -> BTreeSet<String> {
    let new = answer["newAchievements"].as_array().expect("achievements");
    new.iter().map(|one| one["slug"].as_str().expect("a slug").to_owned()).collect()
}

/// The achievement `slug` on the page of `user`.
async fn achievement(user: &TestUser, slug: &str) -> Value {
    let page = user.get(&format!("/users/{}/achievements", user.username)).await;
    let all = page["achievements"].as_array().expect("achievements");
    all.iter().find(|one| one["slug"] == slug).cloned().unwrap_or_else(|| panic!("no {slug}"))
}

#[tokio::test]
async fn achievement_crossed_by_concurrent_syncs_is_unlocked_once() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let syncs: Vec<_> = (0..CONCURRENT_SYNCS)
        .map(|n| {
            let ada = ada.clone();
            let message = TestMessage::new(format!("m{n}")).output(40_000);
            tokio::spawn(async move { ada.sync(&Batch::of([message]).machine(&format!("machine{n}"))).await })
        })
        .collect();
    let mut seen = Vec::new();
    for sync in syncs {
        let answer = sync.await.expect("a sync");
        seen.extend(answer["newAchievements"].as_array().expect("achievements").clone());
    }
    for slug in ["first-sync", "hello-tokens"] {
        assert_eq!(seen.iter().filter(|one| one["slug"] == slug).count(), 1, "{slug}");
    }
    // Each tier is reported by at most one sync, and the last report is the highest tier.
    let tiers: Vec<u64> =
        seen.iter().filter(|one| one["slug"] == "token-stream").filter_map(|one| one["tier"].as_u64()).collect();
    assert_eq!(tiers.len(), tiers.iter().collect::<BTreeSet<_>>().len(), "{tiers:?}");
    assert_eq!(achievement(&ada, "token-stream").await["tier"].as_u64(), tiers.iter().max().copied());

    for table in ["activities", "notifications"] {
        let notified = server.database().rows(&format!(
            "SELECT data ->> 'slug', data ->> 'tier', count(*) FROM {table} WHERE kind = 'achievement_unlocked'
             GROUP BY 1, 2 HAVING count(*) > 1"
        ));
        assert_eq!(notified, "", "{table}");
    }
    server.assert_sums_are_right();
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn dry_run_reports_achievements_and_unlocks_none() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let batch = Batch::of([TestMessage::new("m1").output(10)]);
    let dry = ada.sync(&batch.clone().with("dryRun", true)).await;
    assert!(unlocked(&dry).contains("first-sync"));
    assert_eq!(achievement(&ada, "first-sync").await["unlocked"], false);
    assert_eq!(ada.overview().await["xp"], 0);
    let real = ada.sync(&batch).await;
    assert_eq!(unlocked(&real), unlocked(&dry));
    assert_eq!(achievement(&ada, "first-sync").await["unlocked"], true);
    assert_eq!(unlocked(&ada.sync(&batch).await), BTreeSet::new(), "once");
}

#[tokio::test]
async fn progress_is_the_same_in_all_views() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let synced = ada.sync(&Batch::of([TestMessage::new("m1").output(5_000_000)])).await;
    let stats = &synced["stats"];
    let (overview, profile) = (ada.overview().await, ada.get("/users/ada").await);
    let (level, shown) = (ada.get("/users/ada/level").await, ada.get("/users/ada/stats").await);
    let page = ada.get("/users/ada/achievements").await;
    for (what, xp, of_level, title) in [
        ("sync", &stats["xp"], &stats["level"], &stats["title"]),
        ("overview", &overview["xp"], &overview["level"], &overview["title"]),
        ("profile", &profile["xp"], &profile["level"], &profile["title"]),
        ("level", &level["xp"], &level["level"], &level["title"]),
    ] {
        assert_eq!((xp, of_level, title), (&level["xp"], &level["level"], &level["title"]), "{what}");
    }
    assert_eq!(stats["leveledUp"], true);
    let count = &page["unlocked"];
    assert_eq!(count, &json!(unlocked(&synced).len()));
    assert_eq!((count, count), (&shown["achievements_unlocked"], &overview["achievements_unlocked"]));
    assert_eq!(count, &stats["achievementsUnlocked"]);
    assert_eq!(page["total"], server.client().get("/achievements").await.expect(200)["total"]);
}

#[tokio::test]
async fn complete_profile_earns_achievement_at_once() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.change(json!({"name": "Ada", "bio": "Counts.", "location": "London", "region": "EU"})).await;
    assert_eq!(achievement(&ada, "profile-complete").await["unlocked"], false);
    ada.change(json!({"website_url": "https://example.org", "image": "https://example.org/a.png"})).await;
    assert_eq!(achievement(&ada, "profile-complete").await["unlocked"], true);
    ada.change(json!({"bio": null})).await;
    assert_eq!(achievement(&ada, "profile-complete").await["unlocked"], true, "an unlock is permanent");
    server.assert_sums_are_right();
}

#[tokio::test]
async fn superseding_copy_removes_active_day_but_no_award() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let first = TestMessage::new("m1").output(10);
    let other_day = TestMessage::new("m2").at(first.at + 24.hours()).output(10);
    ada.sync(&Batch::of([first.clone(), other_day.clone()])).await;
    let before = ada.overview().await;
    let moved = TestMessage { output: 20, at: first.at, ..other_day };
    let after = ada.sync(&Batch::of([moved])).await;
    assert_eq!(before["unique_days"], 2);
    assert_eq!(after["stats"]["xp"].as_u64(), before["xp"].as_u64().map(|xp| xp - 10));
    assert_eq!(after["stats"]["achievementsUnlocked"], before["achievements_unlocked"]);
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn week_of_usage_is_a_streak_with_milestone() {
    let server = Server::start().await;
    let zone = noon_zone();
    let ada = TestUser::register_in(&server, "ada", zone.iana_name().expect("a name")).await;
    let mut answers = Vec::new();
    for back in (0..7).rev() {
        let message = TestMessage::new(format!("m{back}")).at(now() - (24 * back).hours()).output(1_000);
        answers.push(ada.sync(&Batch::of([message])).await);
    }
    let streaks: Vec<_> = answers.iter().map(|answer| answer["stats"]["longestStreak"].clone()).collect();
    assert_eq!(streaks, (1..=7).map(|days| json!(days)).collect::<Vec<_>>());
    assert_eq!(answers[6]["stats"]["currentStreak"], 7);
    assert!(unlocked(&answers[6]).contains("streak-7"), "{}", answers[6]);
    let milestones = server.database().rows("SELECT data ->> 'days' FROM activities WHERE kind = 'streak_milestone'");
    assert_eq!(milestones.trim(), "7");
}

/// The kinds of the notifications of `user`, newest first.
async fn notifications(user: &TestUser) -> Vec<String> {
    let page = user.get("/notifications?limit=100").await;
    let kinds = page["notifications"].as_array().expect("notifications").iter();
    kinds.map(|notified| notified["type"].as_str().expect("a type").to_owned()).collect()
}

#[tokio::test]
async fn first_week_of_a_new_account() {
    let server = Server::start().await;
    let zone = noon_zone();
    let zone = zone.iana_name().expect("a name");
    // The first account of an instance has an achievement for that, so Bob registers first.
    let (bob, ada) =
        (TestUser::register_in(&server, "bob", zone).await, TestUser::register_in(&server, "ada", zone).await);
    bob.client.post("/users/ada/follow", &json!({})).await.expect(201);
    assert_eq!(ada.get("/users/ada/level").await["level"], 1);
    assert!(notifications(&ada).await.contains(&"new_follower".to_owned()));

    // Monday: the first sync.
    let day = |back: i64, tokens: u64| {
        Batch::of([TestMessage::new(format!("day {back}")).at(now() - (24 * back).hours()).output(tokens)])
    };
    let monday = ada.sync(&day(6, 20_000)).await;
    assert!(unlocked(&monday).contains("first-sync"));
    assert_eq!((&monday["stats"]["longestStreak"], &monday["stats"]["currentStreak"]), (&json!(1), &json!(0)));

    // Until Sunday: a streak, more achievements, and level 2 on the way.
    let mut levels = vec![monday["stats"]["level"].as_u64().expect("a level")];
    let mut slugs = unlocked(&monday);
    for back in (0..6).rev() {
        let answer = ada.sync(&day(back, 400_000)).await;
        levels.push(answer["stats"]["level"].as_u64().expect("a level"));
        slugs.extend(unlocked(&answer));
    }
    assert!(levels.is_sorted() && levels.last() >= Some(&2), "{levels:?}");
    assert_eq!(ada.overview().await["current_streak"], 7);
    for slug in ["first-sync", "second-day", "streak-3", "streak-7"] {
        assert!(slugs.contains(slug), "{slug} in {slugs:?}");
    }

    // A follower sees all activities, newest first; other accounts see none.
    let feed = bob.get("/feed?size=100").await;
    let items = feed["items"].as_array().expect("items");
    let kinds: BTreeSet<&str> = items.iter().filter_map(|item| item["type"].as_str()).collect();
    for kind in ["achievement_unlocked", "level_up", "streak_milestone"] {
        assert!(kinds.contains(kind), "{kind} in {kinds:?}");
    }
    assert!(items.iter().all(|item| item["user"]["username"] == "ada"));
    let times: Vec<&str> = items.iter().filter_map(|item| item["created_at"].as_str()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    assert_eq!(ada.get("/feed").await["total"], 0, "the account follows none");

    // The account has notifications, and marks them read.
    let notified = notifications(&ada).await;
    assert!(
        notified.contains(&"level_up".to_owned()) && notified.contains(&"achievement_unlocked".to_owned()),
        "{notified:?}"
    );
    let marked = ada.client.post("/notifications/read", &json!({"all": true})).await.expect(200);
    assert_eq!(marked["marked_count"], json!(notified.len()));
    assert_eq!(ada.get("/notifications").await["unread_count"], 0);

    // A pin, and the profile as another account sees it.
    let first = achievement(&ada, "first-sync").await;
    let path = format!("/users/me/achievements/{}/pin", first["id"].as_str().expect("an id"));
    let pinned = ada.client.send(ada.client.request(reqwest::Method::PUT, &path)).await.expect(200);
    assert_eq!(pinned, json!({"pinned": true}));
    let seen = server.client().get("/users/ada/achievements").await.expect(200);
    let shown = seen["achievements"].as_array().expect("achievements").iter().find(|one| one["pinned"] == true);
    assert_eq!(shown.map(|one| &one["slug"]), Some(&json!("first-sync")));
    server.assert_sums_are_right();
    server.assert_rebuild_changes_nothing("ada");
}
