//! What the links in emails do, over the wire.

use domain::identity::PasswordHash;
use domain::ids::UserId;
use domain::notifications::{NotificationKind, Preferences, PreferencesChange};
use domain::signed_token::{Purpose, SignedToken};
use domain::testing::TestUnitOfWork;
use domain::users::Presence;
use serde_json::json;
use time::Duration;

use crate::support::world::{ADA, BOB, NOW, World, ada, api_token, bob, tickets, user};

const VERIFY: &str = "/api/v1/auth/verify-email";
const FORGOT: &str = "/api/v1/auth/password/forgot";
const RESET: &str = "/api/v1/auth/password/reset";
const STOP: &str = "/api/v1/notifications/unsubscribe";

fn ticket(user: UserId, purpose: Purpose, bound: &[&str]) -> String {
    let ends_at = (!matches!(purpose, Purpose::Unsubscribe(_))).then_some(NOW + Duration::MINUTE);
    tickets().seal(&SignedToken { purpose, user, ends_at }, bound)
}

/// Ada, verified and with a password, and Bob, neither.
fn world(emails: usize) -> World {
    let mut world = World::new().storing(move |tx: &mut TestUnitOfWork| {
        let password = |id| (id == ADA).then(|| PasswordHash("hash".into()));
        let known = |id| [ADA, BOB].contains(&id);
        tx.users.expect_find().returning(move |id| Ok(known(id).then(|| user(id))));
        tx.users.expect_find_with_password().returning(move |id| Ok(known(id).then(|| (user(id), password(id)))));
        tx.users.expect_find_for_sign_in().returning(move |_, _| Ok(None));
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        tx.users.expect_verify_email().returning(|_, _, _| Ok(true));
        tx.users.expect_set_password().returning(|_, _| Ok(()));
        tx.sessions.expect_delete_all().returning(|_| Ok(()));
        tx.api_tokens.expect_delete_all().returning(|_| Ok(()));
        tx.external_accounts.expect_delete_all().returning(|_| Ok(()));
        tx.device_logins.expect_delete_approved().returning(|_| Ok(()));
        tx.login_attempts.expect_forget().returning(|_| Ok(()));
        tx.jobs.expect_count_known().returning(|_, _| Ok(0));
        tx.jobs.expect_enqueue().times(..=emails).returning(|jobs, _| Ok(jobs.len() as u64));
        tx.notifications.expect_change_preferences().returning(|user, change| {
            assert_eq!((user, change), (ADA, &PreferencesChange::of([], [(NotificationKind::WeeklySummary, false)])));
            Ok(Preferences::default())
        });
    });
    world.passwords.expect_hash().returning(|_| Ok(PasswordHash("new".into())));
    world
}

#[actix_web::test]
async fn email_verification_takes_a_token_and_its_request_a_session() {
    let client = world(1).serve();
    let good = ticket(BOB, Purpose::VerifyEmail, &["bob@example.org"]);
    for (token, status) in [(good.as_str(), 204), ("x", 400), (&ticket(BOB, Purpose::VerifyEmail, &["b@c.d"]), 400)] {
        let answer = client.request("POST", VERIFY).json(&json!({"token": token})).send().await;
        assert_eq!(answer.status, status, "{token}");
    }
    let long = "x".repeat(501);
    for (body, problem) in [
        (json!({"token": ""}), r#"["body","token"] string_too_short"#),
        (json!({"token": long}), r#"["body","token"] string_too_long"#),
        (json!({"token": 1}), r#"["body","token"] string_type"#),
    ] {
        let answer = client.request("POST", VERIFY).json(&body).send().await;
        assert_eq!(answer.problems(), [problem], "{body}");
    }
    for body in ["{}", "", "null"] {
        let ask = || client.request("POST", VERIFY).body(body.to_owned());
        assert_eq!(ask().bearer(&bob()).send().await.status, 204, "{body:?}");
        assert_eq!(ask().bearer(&ada()).send().await.status, 204, "{body:?}");
        ask().send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
        let token = api_token(domain::identity::Scopes { sync: true, read: true });
        ask().bearer(&token).send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
    }
}

#[actix_web::test]
async fn forgot_password_any_address_is_answered_alike() {
    let client = world(1).serve();
    for email in ["ada@example.org", "nobody@example.org"] {
        let answer = client.request("POST", FORGOT).json(&json!({"email": email})).send().await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{email}");
    }
    let answer = client.request("POST", FORGOT).json(&json!({"email": "nobody"})).send().await;
    assert_eq!(answer.problems(), [r#"["body","email"] value_error"#]);
    let answer = client.request("POST", FORGOT).json(&json!({})).send().await;
    assert_eq!(answer.problems(), [r#"["body","email"] missing"#]);
}

#[actix_web::test]
async fn reset_password_takes_a_token() {
    let client = world(1).serve();
    let good = ticket(ADA, Purpose::ResetPassword, &["ada@example.org", "hash"]);
    let unverified = ticket(BOB, Purpose::ResetPassword, &["bob@example.org", ""]);
    for (token, status) in [(good.as_str(), 204), (&unverified, 400), ("x", 400)] {
        let body = json!({"token": token, "new_password": "incorrect zebra"});
        let answer = client.request("POST", RESET).json(&body).send().await;
        assert_eq!(answer.status, status, "{token}");
    }
    let answer = client.request("POST", RESET).json(&json!({"new_password": "short"})).send().await;
    assert_eq!(answer.problems(), [r#"["body","token"] missing"#, r#"["body","new_password"] string_too_short"#]);
}

#[actix_web::test]
async fn unsubscribe_works_by_one_click_and_by_button() {
    let client = world(0).serve();
    let link = ticket(ADA, Purpose::Unsubscribe(NotificationKind::WeeklySummary), &[]);
    let path = format!("{STOP}?token={link}");
    let shown = client.get(&path).await;
    let text = String::from_utf8(shown.body.clone()).expect("text");
    assert!(
        shown.status == 200 && text.contains("<form method=\"post\">") && text.contains("weekly summaries"),
        "{text}"
    );
    let policy = shown.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self'") && policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(shown.header("cache-control"), Some("no-store"));

    for body in ["List-Unsubscribe=One-Click", ""] {
        let request = client.request("POST", &path).header("content-type", "application/x-www-form-urlencoded");
        let stopped = request.body(body.to_owned()).send().await;
        let text = String::from_utf8(stopped.body.clone()).expect("text");
        assert!(
            stopped.status == 200 && !text.contains("<form") && text.contains("no more weekly summaries"),
            "{text}"
        );
    }
    let verify = ticket(ADA, Purpose::VerifyEmail, &["ada@example.org"]);
    for bad in [STOP.to_owned(), format!("{STOP}?token=x"), format!("{STOP}?token={verify}")] {
        for method in ["GET", "POST"] {
            let answer = client.request(method, &bad).send().await;
            assert_eq!(answer.status, 400, "{method} {bad}");
        }
    }
    assert_eq!(client.request("DELETE", STOP).send().await.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
}
