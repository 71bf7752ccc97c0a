//! `/referrals`, and codes elsewhere, over the wire.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::accounts::Account;
use domain::accounts::ports::Locks;
use domain::identity::ports::MockPasswordHasher;
use domain::identity::{Device, PasswordHash};
use domain::ids::UserId;
use domain::referrals::{ReferralCode, ReferredBy};
use domain::testing::TestUnitOfWork;
use domain::usage::Sums;
use domain::usage::testing::account;
use domain::users::User;
use serde_json::{Value, json};
use time::Duration;

use crate::support::client::TestResponse;
use crate::support::world::{ADA, BOB, NOW, World, ada, bob, salt, stranger, user};

const CODE: &str = "/api/v1/referrals/code";
const CLICK: &str = "/api/v1/referrals/click";
const TRACK: &str = "/api/v1/referrals/track";
const STATS: &str = "/api/v1/referrals/stats";

/// A store in which Ada's code is `0000ADA0`, and Bob, who names it, signed up an hour ago and has `messages`.
fn store(tx: &mut TestUnitOfWork, messages: i64, by: Option<UserId>) {
    tx.users.expect_find().returning(|id| Ok(Some(User { created_at: NOW - Duration::hours(1), ..user(id) })));
    tx.accounts.expect_lock_counts().returning(|_| Ok(()));
    tx.accounts.expect_try_lock_all().returning(move |ids| {
        let account = |id: &UserId| {
            let referred_by = by.filter(|_| *id == BOB).map(|referrer| ReferredBy { referrer, is_paid: false });
            (*id, Account { totals: Sums { messages, ..Sums::default() }, referred_by, ..account() })
        };
        Ok(Locks { accounts: ids.iter().map(account).collect(), busy: Vec::new() })
    });
    tx.expect_settling(BTreeSet::new());
    tx.referrals.expect_owner().returning(|code| {
        Ok(match code.as_str() {
            "0000ADA0" => Some(ADA),
            "0000B0B0" => Some(BOB),
            _ => None,
        })
    });
    tx.referrals.expect_above().returning(|_, _| Ok(vec![]));
    tx.referrals.expect_insert().withf(|who, by, _| (*who, *by) == (BOB, ADA)).returning(|_, _, _| Ok(true));
    tx.referrals.expect_convert_click().returning(|_, _, _| Ok(()));
    tx.referrals.expect_set_paid().returning(|_, _| Ok(()));
}

async fn track(world: World, body: &Value) -> TestResponse {
    world.serve().request("POST", TRACK).bearer(&bob()).json(body).send().await
}

#[actix_web::test]
async fn referral_code_is_shown_with_its_link() {
    let answer = World::new().serve().request("GET", CODE).bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.json(), json!({"code": "0000ADA0", "url": "https://app.example.org/?ref=0000ADA0"}));
}

#[actix_web::test]
async fn referral_click_on_unknown_code_is_answered_alike() {
    let clicks = Arc::new(Mutex::new(Vec::new()));
    let log = clicks.clone();
    let world = World::new().storing(move |tx| {
        let log = log.clone();
        tx.referrals.expect_click().returning(move |code, visitor, _, _, _| {
            log.lock().expect("clicks").push((code.to_string(), visitor));
            Ok(())
        });
    });
    let client = world.serve();
    for code in ["oooobobo", "0000B0B0", "nobody-has-it", &"x".repeat(100)] {
        let request = client.request("POST", CLICK).header("X-Forwarded-For", "203.0.113.9");
        let answer = request.header("User-Agent", "a browser").json(&json!({"referral_code": code})).send().await;
        assert_eq!((answer.status, answer.json()), (200, json!({"success": true})), "{code}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let device = Device { ip: Some("203.0.113.9".into()), user_agent: Some("a browser".into()) };
    let visitor = salt().visitor(&ReferralCode::trusted("0000B0B0"), &device);
    assert_eq!(*clicks.lock().expect("clicks"), vec![("0000B0B0".to_owned(), visitor); 2]);
}

#[actix_web::test]
async fn referrer_is_set_with_the_xp_awarded() {
    for (messages, xp) in [(0, json!(0)), (1, json!(25))] {
        let world = World::new().storing(move |tx| {
            store(tx, messages, None);
            tx.referrals.expect_is_above().returning(|_, _| Ok(false));
        });
        let answer = track(world, &json!({"referral_code": "0000ada0"})).await;
        let expected = json!({"success": true, "xp_awarded": {"level1": xp, "level2": 0, "level3": 0}});
        assert_eq!((answer.status, answer.json()), (200, expected));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[actix_web::test]
async fn referral_code_that_cannot_be_used_is_refused() {
    let naming = |by: Option<UserId>, circle: bool| {
        World::new().storing(move |tx| {
            store(tx, 0, by);
            tx.referrals.expect_is_above().returning(move |_, _| Ok(circle));
        })
    };
    let code = |code: &str| json!({"referral_code": code});
    let details = |code: &str| json!({"resource": "ReferralCode", "field": "referral_code", "value": code});
    for unknown in ["00000000", "nobody-has-it"] {
        let answer = track(naming(None, false), &code(unknown)).await;
        answer.assert_error(404, "NOT_FOUND", &details(unknown));
    }
    let answer = track(naming(None, false), &code("0000B0B0")).await;
    answer.assert_error(400, "BAD_REQUEST", &json!({}));
    assert_eq!(answer.json()["detail"], "You cannot use your own referral code.");
    let answer = track(naming(Some(ADA), false), &code("0000ADA0")).await;
    answer.assert_error(409, "CONFLICT", &json!({"resource": "Referral", "field": "referred_id"}));
    let answer = track(naming(None, true), &code("0000ADA0")).await;
    answer.assert_error(400, "BAD_REQUEST", &json!({}));
    assert_eq!(
        answer.json()["detail"],
        "The owner of this code was referred by this account, directly or through others."
    );
    let old = World::new().storing(|tx| {
        tx.users.expect_find().returning(|id| Ok(Some(User { created_at: NOW - Duration::days(1), ..user(id) })));
        store(tx, 0, None);
    });
    let answer = track(old, &code("0000ADA0")).await;
    answer.assert_error(400, "BAD_REQUEST", &json!({}));
    assert_eq!(answer.json()["detail"], "A referral code can be entered only within 24 hours after registration.");
}

#[actix_web::test]
async fn body_problems_are_listed_only_for_an_authenticated_caller() {
    let client = World::new().serve();
    for (body, problem) in [
        (json!({}), "missing"),
        (json!({"referral_code": 7}), "string_type"),
        (json!({"referral_code": ""}), "string_too_short"),
        (json!({"referral_code": "x".repeat(101)}), "string_too_long"),
    ] {
        let problems = vec![format!(r#"["body","referral_code"] {problem}"#)];
        assert_eq!(client.post(CLICK, body.to_string()).await.problems(), problems);
        assert_eq!(client.request("POST", TRACK).bearer(&ada()).json(&body).send().await.problems(), problems);
    }
    for (method, path) in [("GET", CODE), ("POST", TRACK), ("GET", STATS)] {
        for token in ["nonsense".to_owned(), stranger()] {
            let answer = client.request(method, path).bearer(&token).body("not JSON").send().await;
            answer.assert_error(401, "UNAUTHORIZED", &json!({}));
        }
    }
}

#[actix_web::test]
async fn referral_stats_show_name_and_picture_of_private_users() {
    let answer = World::new().serve().request("GET", STATS).bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let picture = "https://example.org/me.png";
    assert_eq!(
        answer.json(),
        json!({
            "total_referrals": {"level1": 2, "level2": 1, "level3": 0}, "total_xp_earned": 31.25,
            "referred_users": [
                {"id": ADA.0, "username": "Ada", "name": "Ada Example", "image": picture, "level": 2,
                 "joined_at": "2026-11-22T12:34:56.789Z", "active": true, "xp_earned": 25},
                {"id": BOB.0, "username": "Bob", "name": "Bob Example", "image": picture, "level": null,
                 "joined_at": null, "active": null, "xp_earned": null},
            ],
            "click_stats": {"total": 8, "converted": 1, "conversion_rate": 0.125},
        })
    );
}

#[actix_web::test]
async fn registration_takes_an_optional_referral_code() {
    for (code, recorded) in [("oooobobo", true), ("00000000", false), ("whoever it was", false)] {
        let made = Arc::new(Mutex::new(None));
        let seen = made.clone();
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().returning(|_| Ok(PasswordHash("a hash".into())));
        let world = World { passwords, ..World::new() }.storing(move |tx| {
            tx.users.expect_insert().returning(|_, _| Ok(()));
            tx.sessions.expect_insert().returning(|_| Ok(()));
            let seen = seen.clone();
            tx.referrals.expect_insert().returning(move |_, by, _| {
                *seen.lock().expect("a referral") = Some(by);
                Ok(true)
            });
            store(tx, 0, None);
        });
        let body =
            json!({"email": "eve@example.org", "password": "correct horse", "username": "eve", "referral_code": code});
        assert_eq!(world.serve().post("/api/v1/auth/register", body.to_string()).await.status, 201, "{code}");
        assert_eq!(*made.lock().expect("a referral"), recorded.then_some(BOB), "{code}");
    }
}
