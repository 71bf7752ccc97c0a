//! Signing in a program from elsewhere, over the wire.

use domain::identity::{Confirmation, Device, DeviceLogin, PasswordHash, Secret, UserCode};
use domain::testing::TestUnitOfWork;
use domain::users::Presence;
use serde_json::json;

use crate::support::client::TestResponse;
use crate::support::world::{ADA, NOW, World, ada, user};

fn code() -> UserCode {
    UserCode::parse("BCDF-GHJK").expect("a code")
}

fn device_code() -> Secret {
    Secret::api_token([9; 32])
}

fn login(confirmation: Confirmation) -> DeviceLogin {
    DeviceLogin {
        device_code: device_code().hash(),
        user_code: code(),
        client_name: "<b>cli</b> {code}".into(),
        device: Device { ip: Some("203.0.113.9".into()), user_agent: None },
        created_at: NOW,
        expires_at: NOW + DeviceLogin::LIFETIME,
        last_polled_at: None,
        confirmation,
    }
}

/// A world in which one program waits.
fn world(confirmation: Confirmation) -> World {
    let mut world = World::new().storing(move |tx: &mut TestUnitOfWork| {
        tx.device_logins.expect_forget_ended().returning(|_| Ok(()));
        tx.device_logins.expect_insert().returning(|_| Ok(true));
        tx.device_logins
            .expect_find_by_user_code()
            .returning(move |typed| Ok((*typed == code()).then(|| login(confirmation))));
        tx.device_logins
            .expect_lock()
            .returning(move |hash| Ok((hash == device_code().hash()).then(|| login(confirmation))));
        tx.device_logins.expect_note_poll().returning(|_, _| Ok(()));
        tx.device_logins.expect_delete().returning(|_| Ok(()));
        tx.device_logins.expect_confirm().returning(|_, _| Ok(true));
        tx.sessions.expect_insert().returning(|_| Ok(()));
        tx.sessions.expect_is_open().returning(|_, _, _| Ok(true));
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        let known = || Some((user(ADA), Some(PasswordHash("right".into()))));
        tx.users.expect_find_for_sign_in().returning(move |_, _| Ok(known()));
        tx.users.expect_find_with_password().returning(move |_| Ok(known()));
    });
    world.passwords.expect_verify().returning(|password, _| Ok(password.expose() == "right"));
    world
}

#[actix_web::test]
async fn device_login_start_returns_codes_and_page() {
    let client = world(Confirmation::Open).serve();
    let answer = client.request("POST", "/api/v1/auth/device/code").json(&json!({"client_name": "cli"})).send().await;
    let begun = answer.json();
    assert_eq!((answer.status, &begun["expires_in"], &begun["interval"]), (200, &json!(900), &json!(5)));
    let shown = begun["user_code"].as_str().expect("a code");
    assert_eq!(begun["verification_uri"], "https://burntop.example.org/device");
    assert_eq!(begun["verification_uri_complete"], format!("https://burntop.example.org/device?user_code={shown}"));
}

#[actix_web::test]
async fn device_program_name_cannot_change_surrounding_text() {
    for (name, status) in [
        ("cli\u{201d}\n\nBurntop asks you to say yes.", 422),
        ("cli\u{2028}Burntop asks you to say yes.", 422),
        ("cli\u{202e}txt.exe", 422),
        ("cli\u{2066}x", 422),
        ("\u{200b}", 422),
        ("cli\u{1b}[2J", 422),
        ("cli \"on\" Ada's laptop \u{1F469}\u{200D}\u{1F4BB}", 200),
    ] {
        let client = world(Confirmation::Open).serve();
        let body = json!({"client_name": name});
        let answer = client.request("POST", "/api/v1/auth/device/code").json(&body).send().await;
        assert_eq!(answer.status, status, "{name:?}");
        if status == 422 {
            assert_eq!(answer.problems(), [r#"["body","client_name"] value_error"#], "{name:?}");
        }
    }
}

#[actix_web::test]
async fn device_poll_uses_rfc_8628_errors() {
    for (confirmation, device_code, error) in [
        (Confirmation::Open, device_code(), "authorization_pending"),
        (Confirmation::Denied, device_code(), "access_denied"),
        (Confirmation::Open, Secret::api_token([8; 32]), "expired_token"),
    ] {
        let client = world(confirmation).serve();
        let body = json!({"device_code": device_code.expose()});
        let answer = client.request("POST", "/api/v1/auth/device/token").json(&body).send().await;
        answer.assert_error(400, "BAD_REQUEST", &json!({"error": error}));
    }
    let client = world(Confirmation::Approved(ADA)).serve();
    let body = json!({"device_code": device_code().expose()});
    let answer = client.request("POST", "/api/v1/auth/device/token").json(&body).send().await;
    let token = answer.json();
    assert_eq!((answer.status, &token["token_type"], &token["expires_in"]), (200, &json!("Bearer"), &json!(2_592_000)));
    assert!(token["access_token"].as_str().is_some_and(|token| token.starts_with("s_")));
}

#[actix_web::test]
async fn device_login_is_confirmed_through_the_api() {
    let confirm = async |typed: &str| {
        let client = world(Confirmation::Open).serve();
        let body = json!({"user_code": typed, "approve": false});
        client.request("POST", "/api/v1/auth/device/confirm").bearer(&ada()).json(&body).send().await
    };
    assert_eq!(confirm("bcdfghjk").await.status, 204);
    for wrong in ["AAAA-AAAA", "BCDF-GHJL"] {
        let details = json!({"resource": "DeviceLogin", "field": "user_code"});
        confirm(wrong).await.assert_error(404, "NOT_FOUND", &details);
    }
}

fn text(answer: &TestResponse) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

#[actix_web::test]
async fn device_page_shows_the_program_and_loads_nothing_foreign() {
    let client = world(Confirmation::Open).serve();
    for path in ["/device", "/device?user_code=%3Cscript%3E"] {
        let page = client.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(text(&page).contains("Type the code") && !text(&page).contains("<script"), "{path}");
    }
    let page = client.get("/device?user_code=bcdf-ghjk").await;
    let shown = text(&page);
    let name = "<dd><bdi>&lt;b&gt;cli&lt;/b&gt; {code}</bdi></dd>";
    assert!(shown.contains(name) && shown.contains("<dd><bdi>203.0.113.9</bdi></dd>"), "{shown}");
    assert!(shown.contains("A program wants to be signed in as you."), "{shown}");
    assert!(shown.contains(r#"value="BCDF-GHJK""#), "{shown}");
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
    assert_eq!((page.header("cache-control"), page.header("x-frame-options")), (Some("no-store"), Some("DENY")));
    assert_eq!(client.get("/device?user_code=BCDF-GHJL").await.status, 404);
    assert_eq!(client.get("/device/style.css").await.status, 200);
}

#[actix_web::test]
async fn device_page_confirms_with_a_password() {
    let fill = async |password: &str, typed: &str, answer: &str| {
        let client = world(Confirmation::Open).serve();
        let form = format!("user_code={typed}&name=ada&password={password}&answer={answer}");
        let request = client.request("POST", "/device").header("Content-Type", "application/x-www-form-urlencoded");
        request.body(form.into_bytes()).send().await
    };
    let yes = fill("right", "BCDF-GHJK", "yes").await;
    assert_eq!(yes.status, 200);
    assert!(text(&yes).contains("is signed in") && !text(&yes).contains("<form"));
    assert!(text(&fill("right", "BCDF-GHJK", "no").await).contains("was refused"));
    let wrong = fill("wrong", "BCDF-GHJK", "yes").await;
    assert_eq!(wrong.status, 401);
    assert!(text(&wrong).contains("is wrong") && text(&wrong).contains(r#"value="BCDF-GHJK""#));
    assert!(!text(&wrong).contains("value=\"wrong\""), "a password is never shown again");
    assert_eq!(fill("right", "BCDF-GHJL", "yes").await.status, 404);
    assert_eq!(fill("right", "nonsense", "yes").await.status, 404);
}
