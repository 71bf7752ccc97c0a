//! `/users`, over the wire.

use std::collections::BTreeSet;

use domain::accounts::Account;
use domain::days::Zone;
use domain::error::StoreError;
use domain::usage::testing::account;
use domain::users::{User, Username};
use serde_json::{Value, json};

use crate::support::Client;
use crate::support::world::{ADA, BOB, World, ada, bob, stranger, user};

fn profile_of_ada() -> Value {
    json!({
        "id": ADA.0, "username": "Ada", "name": "Ada Example", "image": "https://example.org/me.png",
        "is_public": true, "created_at": "2026-11-22T12:34:56.789Z", "updated_at": "2026-11-22T12:34:56.789Z",
        "bio": "Counts tokens.", "location": "London", "region": "EU", "website_url": "https://example.org",
        "level": 2, "xp": 610, "title": "Novice", "monthly_badge": "Power User", "monthly_tokens": 10_000_000,
    })
}

async fn seen_by(client: Client, token: &str, path: &str) -> Value {
    client.request("GET", &format!("/api/v1/users{path}")).bearer(token).send().await.json()
}

#[actix_web::test]
async fn public_profile_is_visible_and_its_owner_sees_more() {
    let client = World::new().serve();
    assert_eq!(client.get("/api/v1/users/aDa").await.json(), profile_of_ada());
    assert_eq!(seen_by(client, &bob(), "/ada").await, profile_of_ada());
    assert_eq!(seen_by(client, &stranger(), "/ada").await, profile_of_ada(), "a bad token is no token");
    let mut own = profile_of_ada();
    own["email"] = json!("ada@example.org");
    own["email_verified"] = json!(true);
    own["timezone"] = json!("Europe/London");
    own["referral_code"] = json!("0000ADA0");
    assert_eq!(seen_by(client, &ada(), "/ada").await, own);
}

#[actix_web::test]
async fn private_profile_shows_others_name_and_picture() {
    let client = World::new().serve();
    let closed = json!({
        "id": BOB.0, "username": "Bob", "name": "Bob Example", "image": "https://example.org/me.png",
        "is_public": false, "created_at": null, "updated_at": null, "bio": null, "location": null, "region": null,
        "website_url": null, "level": null, "xp": null, "title": null, "monthly_badge": null, "monthly_tokens": null,
    });
    let answer = client.get("/api/v1/users/bob").await;
    assert_eq!((answer.status, answer.json()), (200, closed.clone()));
    assert_eq!(seen_by(client, &stranger(), "/bob").await, closed);
    assert_eq!(seen_by(client, &ada(), "/bob").await["level"], 2, "Ada follows Bob");
    let own = seen_by(client, &bob(), "/bob").await;
    assert_eq!((&own["email"], &own["timezone"]), (&json!("bob@example.org"), &Value::Null));
    assert!(own.as_object().is_some_and(|own| own.contains_key("timezone")));
}

#[actix_web::test]
async fn private_profile_figures_are_refused_before_validation() {
    let client = World::new().serve();
    for path in ["stats", "level", "tools?period=ever", "models", "trends?days=0", "heatmap?year=x"] {
        let answer = client.get(&format!("/api/v1/users/bob/{path}")).await;
        answer.assert_error(403, "FORBIDDEN", &json!({}));
        let plain = path.split('?').next().unwrap_or_default();
        let answer = client.request("GET", &format!("/api/v1/users/bob/{plain}")).bearer(&bob()).send().await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("private, no-store")), "{path}");
    }
}

#[actix_web::test]
async fn user_unknown_is_named_in_the_error() {
    let client = World::new().serve();
    for name in ["nobody", "me", "admin", "no-such-name", "x"] {
        let details = json!({"resource": "User", "field": "username", "value": name});
        for path in ["", "/stats", "/level", "/tools", "/models", "/trends?days=x", "/heatmap"] {
            let answer = client.get(&format!("/api/v1/users/{name}{path}")).await;
            answer.assert_error(404, "NOT_FOUND", &details);
        }
    }
}

#[actix_web::test]
async fn profile_is_revalidated_by_etag() {
    let client = World::new().serve();
    for path in ["", "/stats", "/level", "/tools", "/models", "/trends", "/heatmap"] {
        let path = format!("/api/v1/users/ada{path}");
        let answer = client.get(&path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, no-cache")), "{path}");
        assert!(answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("authorization")));
        let tag = answer.header("etag").expect("a tag").to_owned();
        let again = client.request("GET", &path).header("If-None-Match", &tag).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let known = client.request("GET", &path).bearer(&ada()).send().await;
        assert_eq!((known.header("cache-control"), known.header("etag")), (Some("private, no-store"), None));
    }
}

#[actix_web::test]
async fn user_figures_have_the_fields_of_the_contract() {
    let client = World::new().serve();
    assert_eq!(
        client.get("/api/v1/users/ada/stats").await.json(),
        json!({
            "id": ADA.0, "created_at": "2026-11-22T12:34:56.789Z", "updated_at": "2026-11-22T12:34:56.789Z",
            "username": "Ada", "total_tokens": 112_250, "total_cost": 0.3508, "unpriced_tokens": 7,
            "current_streak": 3, "longest_streak": 3, "achievements_unlocked": 5, "unique_days": 3,
            "cache_efficiency": 75.0, "monthly_tokens": 10_000_000, "monthly_badge": "Power User",
        })
    );
    assert_eq!(
        client.get("/api/v1/users/ada/level").await.json(),
        json!({
            "level": 2, "title": "Novice", "xp": 610, "level_xp": 400, "next_level_xp": 900, "xp_to_next_level": 290,
            "progress": 0.42,
        })
    );
    let trends = client.get("/api/v1/users/ada/trends").await.json();
    assert_eq!(trends["daily_data"].as_array().map(Vec::len), Some(365));
    let trends = client.get("/api/v1/users/ada/trends?days=7").await.json();
    assert_eq!((&trends["period_start"], &trends["period_end"]), (&json!("2026-11-16"), &json!("2026-11-22")));
}

#[actix_web::test]
async fn heatmap_without_a_year_is_of_the_current_year() {
    let client = World::new().serve();
    let heatmap = client.get("/api/v1/users/ada/heatmap").await.json();
    let days = heatmap["days"].as_array().expect("days");
    assert_eq!((&heatmap["year"], days.len()), (&json!(2026), 365));
    let warm: Vec<_> = days.iter().filter(|day| day["level"] != 0).collect();
    assert_eq!(warm[0], &json!({"date": "2026-11-20", "tokens": 6, "cost": 0.25, "level": 1}));
    assert_eq!((warm.len(), &warm[1]["level"]), (2, &json!(3)));
    let leap = client.get("/api/v1/users/ada/heatmap?year=2024").await.json();
    assert_eq!(leap["days"].as_array().map(Vec::len), Some(366));
    let problems = client.get("/api/v1/users/ada/heatmap?year=1999").await.problems();
    assert_eq!(problems, [r#"["query","year"] greater_than_equal"#]);
}

/// Ada's account, whose change the store takes when `fits`.
fn changing(fits: fn(&User) -> bool) -> Client {
    let world = World::new().storing(move |tx| {
        tx.users.expect_find().returning(|id| Ok(Some(user(id))));
        tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
        tx.expect_settling(BTreeSet::new());
        tx.users.expect_update().withf(fits).returning(|_| Ok(()));
    });
    world.serve()
}

async fn patch(client: Client, body: &Value) -> crate::support::client::TestResponse {
    client.request("PATCH", "/api/v1/users/me").bearer(&ada()).json(body).send().await
}

#[actix_web::test]
async fn profile_change_null_clears_and_absent_keeps() {
    let client = changing(|user| user.profile.name.is_none() && user.profile.bio.is_some() && !user.is_public);
    let answer = patch(client, &json!({"name": null, "image": null, "region": "APAC", "is_public": false})).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let mut expected = profile_of_ada();
    for (field, value) in [
        ("name", Value::Null),
        ("image", Value::Null),
        ("region", json!("APAC")),
        ("is_public", json!(false)),
        ("email", json!("ada@example.org")),
        ("email_verified", json!(true)),
        ("timezone", json!("Europe/London")),
        ("referral_code", json!("0000ADA0")),
    ] {
        expected[field] = value;
    }
    assert_eq!(answer.json(), expected);
    let client = changing(|changed| *changed == user(ADA));
    assert_eq!(patch(client, &json!({"unknown": 1})).await.status, 200, "unknown fields are ignored");
}

#[actix_web::test]
async fn profile_change_problems_are_listed_together() {
    let client = World::new().serve();
    let body = json!({
        "username": "Seasons", "name": "x".repeat(101), "bio": "x".repeat(501), "location": "a\0", "region": "eu",
        "website_url": "ftp://example.org", "image": "javascript:alert(1)", "is_public": null, "timezone": null,
    });
    assert_eq!(
        patch(client, &body).await.problems(),
        [
            r#"["body","username"] value_error"#,
            r#"["body","name"] string_too_long"#,
            r#"["body","bio"] string_too_long"#,
            r#"["body","location"] value_error"#,
            r#"["body","region"] enum"#,
            r#"["body","website_url"] string_pattern_mismatch"#,
            r#"["body","image"] string_pattern_mismatch"#,
            r#"["body","is_public"] value_error"#,
            r#"["body","timezone"] string_type"#,
        ]
    );
}

#[actix_web::test]
async fn profile_text_with_hiding_characters_is_refused() {
    for (field, value) in [
        ("name", "Ada\n(administrator)"),
        ("name", "Ada\u{202E}nimda"),
        ("name", "\u{200B}"),
        ("location", "Here\u{2029}there"),
        ("bio", "one\u{2066}two"),
        ("bio", "one\u{1b}[2Jtwo"),
    ] {
        let answer = patch(World::new().serve(), &json!({ field: value })).await;
        assert_eq!(answer.problems(), [format!(r#"["body","{field}"] value_error"#)], "{value:?}");
    }
    let url = patch(World::new().serve(), &json!({"website_url": "https://example.org/\u{202E}gpj"})).await;
    assert_eq!(url.problems(), [r#"["body","website_url"] string_pattern_mismatch"#]);
    let shown = |user: &User| {
        (user.profile.name.as_deref(), user.profile.bio.as_deref())
            == (Some("Ada \u{1F469}\u{200D}\u{1F4BB}"), Some("one\ntwo"))
    };
    let body = json!({"name": "Ada \u{1F469}\u{200D}\u{1F4BB}", "bio": "one\ntwo"});
    assert_eq!(patch(changing(shown), &body).await.status, 200);
}

#[actix_web::test]
async fn profile_change_taken_username_is_a_conflict() {
    let world = World::new().storing(|tx| {
        tx.users.expect_find().returning(|id| Ok(Some(user(id))));
        tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
        tx.expect_settling(BTreeSet::new());
        tx.users
            .expect_update()
            .withf(|user| user.username == Username::trusted("grace"))
            .returning(|_| Err(StoreError::Conflict { constraint: "users_username_key".into() }));
    });
    let answer = patch(world.serve(), &json!({"username": "grace"})).await;
    answer.assert_error(409, "CONFLICT", &json!({"resource": "User", "field": "username", "value": "grace"}));
}

#[actix_web::test]
async fn profile_change_zone_is_stored_before_it_is_shown() {
    let world = World::new().storing(|tx| {
        tx.accounts.expect_lock().returning(|_| Ok(Some(Account { zone: None, ..account() })));
        tx.expect_settling(BTreeSet::new());
        tx.users.expect_set_zone().withf(|id, zone| *id == ADA && zone.name() == "Asia/Tokyo").returning(|_, _| Ok(()));
        tx.users.expect_find().returning(|id| {
            let zone = Zone::parse("Asia/Tokyo");
            Ok(Some(User { zone, ..user(id) }))
        });
        tx.users.expect_update().returning(|_| Ok(()));
    });
    let answer = patch(world.serve(), &json!({"timezone": "asia/tokyo"})).await;
    assert_eq!((answer.status, &answer.json()["timezone"]), (200, &json!("Asia/Tokyo")));
}

#[actix_web::test]
async fn profile_change_of_a_deleted_account_is_not_found() {
    let world = World::new().storing(|tx| {
        tx.accounts.expect_lock().returning(|_| Ok(None));
    });
    let details = json!({"resource": "User", "field": "id", "value": ADA.0});
    patch(world.serve(), &json!({"name": "x"})).await.assert_error(404, "NOT_FOUND", &details);
}
