//! `/achievements`, over the wire.

use std::collections::BTreeSet;

use domain::achievements::ports::{AccountAchievements, UnlockedAchievement};
use domain::achievements::{AchievementFacts, catalogue, find_by_slug};
use domain::ids::AchievementId;
use domain::progression::EventXp;
use domain::testing::{TestUnitOfWork, facts};
use domain::usage::Sums;
use domain::usage::testing::account;
use serde_json::{Value, json};

use crate::support::world::{ADA, BOB, NOW, World, ada, stranger};

const PATH: &str = "/api/v1/achievements";

async fn listed(query: &str) -> Value {
    let answer = World::new().serve().get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{query}");
    answer.json()
}

fn entries(catalogue: &Value) -> &[Value] {
    catalogue["achievements"].as_array().expect("a list")
}

fn entry<'a>(catalogue: &'a Value, slug: &str) -> &'a Value {
    entries(catalogue).iter().find(|entry| entry["slug"] == slug).expect("an entry")
}

#[actix_web::test]
async fn achievement_catalogue_lists_and_counts_all() {
    let catalogue = listed("").await;
    assert_eq!((entries(&catalogue).len(), &catalogue["total"]), (82, &json!(82)));
    assert_eq!(
        catalogue["by_category"],
        json!({"diversity": 18, "efficiency": 5, "milestones": 6, "onboarding": 7, "social": 12, "special": 10,
               "streaks": 18, "usage": 6})
    );
    assert_eq!(catalogue["by_rarity"], json!({"common": 24, "epic": 9, "legendary": 5, "rare": 19, "uncommon": 25}));
}

#[actix_web::test]
async fn achievement_shows_its_threshold_and_xp() {
    let catalogue = listed("").await;
    assert_eq!(
        *entry(&catalogue, "first-sync"),
        json!({
            "id": "b21a5f43-ff21-8a8f-ad4a-fd9c6c54982c", "slug": "first-sync", "name": "First Light",
            "description": "Sync your first message.", "category": "onboarding", "rarity": "common", "icon_url": null,
            "xp_reward": 50, "hidden": false, "tiers": [], "target": 1,
        })
    );
    let ocean = entry(&catalogue, "token-ocean");
    assert_eq!((&ocean["xp_reward"], &ocean["target"]), (&json!(500), &json!(1_000_000_000)));
    assert_eq!(
        ocean["tiers"],
        json!([
            {"tier": 1, "name": "bronze", "threshold": 1_000_000_000, "xp": 500},
            {"tier": 2, "name": "silver", "threshold": 10_000_000_000_i64, "xp": 100},
            {"tier": 3, "name": "gold", "threshold": 100_000_000_000_i64, "xp": 200},
        ])
    );
}

#[actix_web::test]
async fn achievement_catalogue_masks_hidden_entries() {
    let catalogue = listed("?category=special").await;
    let hidden: Vec<_> = entries(&catalogue).iter().filter(|entry| entry["hidden"] == true).collect();
    assert_eq!(hidden.len(), 5);
    for entry in hidden {
        assert_eq!((&entry["name"], &entry["slug"]), (&json!("Hidden achievement"), &entry["id"]), "{entry}");
        assert_eq!((&entry["target"], &entry["tiers"]), (&Value::Null, &json!([])), "{entry}");
        assert_eq!(entry["description"], "Keep going to find out.");
    }
    assert!(!catalogue.to_string().contains("Lab Rat") && !catalogue.to_string().contains("lab-rat"));
}

#[actix_web::test]
async fn achievement_catalogue_is_filtered_by_category_and_rarity() {
    for (query, total, category, rarity) in [
        ("?category=usage", 6, ("usage", 6), ("epic", 1)),
        ("?rarity=legendary", 5, ("streaks", 2), ("legendary", 5)),
        ("?category=usage&rarity=epic&colour=red", 1, ("usage", 1), ("epic", 1)),
        ("?category=usage&rarity=legendary", 0, ("usage", 0), ("legendary", 0)),
    ] {
        let catalogue = listed(query).await;
        assert_eq!((entries(&catalogue).len(), &catalogue["total"]), (total, &json!(total)), "{query}");
        assert_eq!(catalogue["by_category"][category.0], category.1, "{query}");
        assert_eq!(catalogue["by_rarity"][rarity.0], rarity.1, "{query}");
    }
}

#[actix_web::test]
async fn achievement_catalogue_unknown_filters_are_reported_together() {
    let client = World::new().serve();
    for (query, problems) in [
        ("?category=fun", &[r#"["query","category"] enum"#][..]),
        ("?rarity=", &[r#"["query","rarity"] enum"#]),
        ("?category=Usage&rarity=mythic", &[r#"["query","category"] enum"#, r#"["query","rarity"] enum"#]),
    ] {
        assert_eq!(client.get(&format!("{PATH}{query}")).await.problems(), problems, "{query}");
    }
}

#[actix_web::test]
async fn achievement_catalogue_is_public_and_equal_for_all_callers() {
    let client = World::new().serve();
    let anonymous = client.get(PATH).await;
    assert_eq!(anonymous.header("cache-control"), Some("public, no-cache"));
    for token in [ada(), stranger()] {
        let answer = client.request("GET", PATH).bearer(&token).send().await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("private, no-store")));
        assert_eq!(answer.body, anonymous.body);
    }
    assert_eq!(client.request("POST", PATH).send().await.status, 405);
}

#[actix_web::test]
async fn achievement_catalogue_unchanged_is_a_304() {
    let client = World::new().serve();
    let first = client.get(PATH).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = client.request("GET", PATH).header("If-None-Match", &tag).send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let other = client.request("GET", &format!("{PATH}?rarity=rare")).header("If-None-Match", &tag).send().await;
    assert_eq!(other.status, 200, "another part is another answer");
}

#[actix_web::test]
async fn achievement_document_example_equals_a_response() {
    let document = World::new().serve().get("/api/v1/openapi.json").await.json();
    let shown = &document["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["example"];
    assert_eq!(listed("?category=usage&rarity=epic").await, *shown);
}

/// Ada has unlocked the first sync and pinned it; she is on the way to everything else.
fn with_the_first_unlocked() -> World {
    let mut world = World::new();
    world.achievements.expect_achievements().returning(|month, viewer| {
        assert_eq!((month.user, month.to), (ADA, NOW.date()));
        let first = find_by_slug("first-sync").expect("an achievement").id();
        let unlocked = vec![UnlockedAchievement { id: first, tier: None, at: NOW, pinned: true }];
        let held = unlocked.iter().map(|unlocked| (unlocked.id, unlocked.tier)).collect();
        let totals = Sums { messages: 3, tokens: 250, ..Sums::default() };
        let facts = AchievementFacts { held, ..facts(BTreeSet::from([NOW.date()])) };
        Ok((viewer != Some(BOB)).then_some(AccountAchievements { facts, totals, event_xp: EventXp(5_000), unlocked }))
    });
    world
}

#[actix_web::test]
async fn achievements_of_a_user_show_progress() {
    let client = with_the_first_unlocked().serve();
    let answer = client.get("/api/v1/users/aDa/achievements").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, no-cache")));
    let page = answer.json();
    assert_eq!((&page["unlocked"], &page["total"]), (&json!(1), &json!(82)));
    assert_eq!(
        *entry(&page, "first-sync"),
        json!({
            "id": find_by_slug("first-sync").expect("an achievement").id().0, "slug": "first-sync",
            "name": "First Light", "description": "Sync your first message.", "category": "onboarding",
            "rarity": "common", "icon_url": null, "xp_reward": 50, "unlocked": true,
            "unlocked_at": "2026-11-22T12:34:56.789Z", "tier": null, "tier_name": null, "pinned": true,
            "hidden": false, "progress": {"current": 1, "target": 1, "percentage": 100},
        })
    );
    let hello = entry(&page, "hello-tokens");
    assert_eq!((&hello["unlocked"], &hello["unlocked_at"]), (&json!(false), &Value::Null));
    assert_eq!(hello["progress"], json!({"current": 250, "target": 1_000, "percentage": 25}));
}

#[actix_web::test]
async fn achievement_hidden_shows_neither_name_nor_progress() {
    let page = with_the_first_unlocked().serve().get("/api/v1/users/ada/achievements").await.json();
    let hidden: Vec<&Value> = entries(&page).iter().filter(|entry| entry["hidden"] == true).collect();
    assert!(!hidden.is_empty());
    for entry in hidden {
        assert_eq!((&entry["slug"], &entry["name"]), (&entry["id"], &json!("Hidden achievement")));
        assert_eq!(entry["progress"], json!({"current": 0, "target": 1, "percentage": 0}));
    }
}

#[actix_web::test]
async fn pin_is_set_and_removed_up_to_the_limit() {
    let first = find_by_slug("first-sync").expect("an achievement").id();
    let pinned = |count: usize| {
        move |tx: &mut TestUnitOfWork| {
            tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
            tx.progress.expect_unlocked().returning(move |_| {
                let others = catalogue().iter().filter(|other| other.id() != first).take(count);
                let unlocked = |id, pinned| UnlockedAchievement { id, tier: None, at: NOW, pinned };
                Ok(others.map(|other| unlocked(other.id(), true)).chain([unlocked(first, false)]).collect())
            });
            tx.progress.expect_set_pinned().returning(|_, _, _| Ok(()));
        }
    };
    let ask = async |method: &'static str, count, id: AchievementId| {
        let path = format!("/api/v1/users/me/achievements/{id}/pin");
        World::new().storing(pinned(count)).serve().request(method, &path).bearer(&ada()).send().await
    };
    let put = ask("PUT", 5, first).await;
    assert_eq!((put.status, put.json()), (200, json!({"pinned": true})));
    let taken = ask("DELETE", 6, first).await;
    assert_eq!((taken.status, taken.json()), (200, json!({"pinned": false})));
    ask("PUT", 6, first).await.assert_error(409, "CONFLICT", &json!({"resource": "Achievement", "field": "pinned"}));
    let locked = find_by_slug("number-one").expect("an achievement").id();
    let details = json!({"resource": "Achievement", "field": "id", "value": locked.0});
    for method in ["PUT", "DELETE"] {
        ask(method, 0, locked).await.assert_error(404, "NOT_FOUND", &details);
    }
}
