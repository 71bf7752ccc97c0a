//! `/auth`, over the wire.

use std::sync::{Arc, Mutex};

use domain::error::StoreError;
use domain::identity::ports::{MockPasswordHasher, MockSessionReader};
use domain::identity::{Credential, Device, PasswordHash, Session, SignInName, TokenHash};
use domain::users::Presence;
use serde_json::{Value, json};

use crate::support::FRESH;
use crate::support::world::{ADA, NOW, World, ada, session_of, stranger, user};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";

fn ada_registers() -> Value {
    json!({
        "email": "Ada@Example.org", "password": "correct horse", "username": "ada", "name": "Ada",
        "timezone": "europe/london", "referral_code": "whoever", "is_admin": true,
    })
}

/// Ada's password is `correct horse`; no other account has one.
fn passwords() -> MockPasswordHasher {
    let mut passwords = MockPasswordHasher::new();
    passwords.expect_hash().returning(|password| Ok(PasswordHash(password.expose().to_owned())));
    passwords.expect_verify().returning(|password, hash| Ok(hash.is_some_and(|hash| hash.0 == password.expose())));
    passwords
}

fn signing_in() -> World {
    let world = World { passwords: passwords(), ..World::new() };
    world.storing(|tx| {
        let known = || (user(ADA), Some(PasswordHash("correct horse".into())));
        tx.users.expect_find_for_sign_in().returning(move |name, _| {
            let hers = [SignInName::parse("ada@example.org"), SignInName::parse("ada")];
            Ok(hers.contains(&Some(name.clone())).then(known))
        });
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        tx.users.expect_find_with_password().returning(move |_| Ok(Some(known())));
        tx.sessions.expect_insert().returning(|_| Ok(()));
    })
}

/// Registration where the store says `constraint` collides.
fn colliding(constraint: &'static str) -> World {
    let world = World { passwords: passwords(), ..World::new() };
    world.storing(move |tx| {
        tx.users.expect_insert().returning(move |_, _| Err(StoreError::Conflict { constraint: constraint.to_owned() }));
    })
}

#[actix_web::test]
async fn registration_opens_a_session_of_the_clients_device() {
    let opened = Arc::new(Mutex::new(None::<Session>));
    let seen = opened.clone();
    let world = World { passwords: passwords(), ..World::new() };
    let client = world
        .storing(move |tx| {
            tx.users
                .expect_insert()
                .withf(|user, password| {
                    let zone = user.zone.as_ref().map(|zone| zone.name().to_owned());
                    user.email.as_ref().is_some_and(|email| email.as_str() == "ada@example.org")
                        && (user.is_admin, user.is_public, user.email_verified) == (false, true, false)
                        && zone.as_deref() == Some("Europe/London")
                        && password.is_some()
                })
                .returning(|_, _| Ok(()));
            let seen = seen.clone();
            tx.sessions.expect_insert().returning(move |session| {
                *seen.lock().expect("a lock") = Some(session.clone());
                Ok(())
            });
        })
        .serve();
    let answer = client
        .request("POST", REGISTER)
        .header("User-Agent", "burntop-cli/2.0.0")
        .header("X-Forwarded-For", "1.1.1.1, 203.0.113.9")
        .json(&ada_registers())
        .send()
        .await;
    let body = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{body}");
    let token = body["token"].as_str().expect("a token").to_owned();
    assert_eq!(
        body,
        json!({
            "id": FRESH, "user_id": FRESH, "token": token,
            "created_at": "2026-11-22T12:34:56.789Z", "expires_at": "2026-12-22T12:34:56.789Z",
        })
    );
    let session = opened.lock().expect("a lock").clone().expect("a session");
    assert_eq!(Credential::parse(&token), Some(Credential::Session(session.token)));
    let device = Device { ip: Some("203.0.113.9".into()), user_agent: Some("burntop-cli/2.0.0".into()) };
    assert_eq!(session.device, device);
}

#[actix_web::test]
async fn registration_conflict_does_not_echo_the_address() {
    let answer = colliding("users_email_key").serve().post(REGISTER, ada_registers().to_string()).await;
    answer.assert_error(409, "CONFLICT", &json!({"resource": "User", "field": "email"}));
    let answer = colliding("users_username_key").serve().post(REGISTER, ada_registers().to_string()).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["details"]["field"], "username");
}

#[actix_web::test]
async fn registration_problems_are_listed_together() {
    let client = World::new().serve();
    let body = json!({
        "email": "ada", "password": "short", "username": "Admin", "name": null, "timezone": "Mars/Olympus",
        "referral_code": 7,
    });
    assert_eq!(
        client.post(REGISTER, body.to_string()).await.problems(),
        [
            r#"["body","email"] value_error"#,
            r#"["body","password"] string_too_short"#,
            r#"["body","username"] value_error"#,
            r#"["body","name"] string_type"#,
            r#"["body","timezone"] value_error"#,
            r#"["body","referral_code"] string_type"#,
        ]
    );
    let missing = client.post(REGISTER, "{}").await.problems();
    assert_eq!(missing, ["email", "password", "username"].map(|name| format!(r#"["body","{name}"] missing"#)));
    let long = json!({"email": "a@b", "password": "x".repeat(129), "username": "a-b", "name": "x".repeat(101)});
    assert_eq!(
        client.post(REGISTER, long.to_string()).await.problems(),
        [
            r#"["body","password"] string_too_long"#,
            r#"["body","username"] string_pattern_mismatch"#,
            r#"["body","name"] string_too_long"#,
        ]
    );
}

#[actix_web::test]
async fn registration_undeliverable_address_is_refused() {
    let mut body = ada_registers();
    for email in ["john..doe@example.org", "a@[127.0.0.1]", "a@example.org-", "a\u{202E}b@example.org", "a@b.1"] {
        body["email"] = json!(email);
        let answer = World::new().serve().post(REGISTER, body.to_string()).await;
        assert_eq!(answer.problems(), [r#"["body","email"] value_error"#], "{email:?}");
        let forgot =
            World::new().serve().post("/api/v1/auth/password/forgot", json!({"email": email}).to_string()).await;
        assert_eq!(forgot.problems(), [r#"["body","email"] value_error"#], "{email:?}");
    }
}

#[actix_web::test]
async fn registration_name_is_one_line() {
    let mut body = ada_registers();
    for name in ["Ada\r\nLovelace", "Ada\u{2028}", "Ada\u{202B}", "Ada\u{FEFF}"] {
        body["name"] = json!(name);
        let answer = World::new().serve().post(REGISTER, body.to_string()).await;
        assert_eq!(answer.problems(), [r#"["body","name"] value_error"#], "{name:?}");
    }
}

#[actix_web::test]
async fn login_accepts_address_or_username() {
    let client = signing_in().serve();
    for body in [
        json!({"email": "ADA@example.org", "password": "correct horse"}),
        json!({"email": "aDa", "password": "correct horse"}),
        json!({"username": "ada", "password": "correct horse"}),
    ] {
        let answer = client.post(LOGIN, body.to_string()).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{body}");
        assert_eq!(answer.json()["user_id"], json!(ADA.0));
        assert!(answer.json()["token"].as_str().is_some_and(|token| token.starts_with("s_")));
    }
}

#[actix_web::test]
async fn login_unknown_account_and_wrong_password_are_answered_alike() {
    let client = signing_in().serve();
    let mut answers = Vec::new();
    for (name, password) in
        [("ada@example.org", "wrong"), ("eve@example.org", "wrong"), ("eve", "correct horse"), ("?", "correct horse")]
    {
        let answer = client.post(LOGIN, json!({"email": name, "password": password}).to_string()).await;
        answer.assert_error(401, "UNAUTHORIZED", &json!({}));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answers.push(answer.json()["detail"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let problems = client.post(LOGIN, r#"{"password": 1}"#).await.problems();
    assert_eq!(problems, [r#"["body","password"] string_type"#, r#"["body","email"] missing"#]);
}

#[actix_web::test]
async fn request_without_valid_token_is_a_401_first() {
    let client = World::new().serve();
    for (method, path) in [
        ("POST", "/auth/logout"),
        ("GET", "/auth/me"),
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions/nonsense"),
        ("POST", "/auth/oauth/github/link"),
        ("POST", "/auth/oauth/nobody/link"),
        ("PATCH", "/users/me"),
        ("GET", "/dashboard/overview"),
        ("GET", "/dashboard/trends?days=none"),
        ("GET", "/dashboard/tools?period=ever"),
        ("GET", "/dashboard/models?period=ever"),
        ("GET", "/dashboard/machines"),
        ("GET", "/dashboard/projects?period=ever"),
        ("POST", "/sync"),
    ] {
        for token in [None, Some(stranger()), Some("nonsense".to_owned())] {
            let request = client.request(method, &format!("/api/v1{path}")).body("not JSON");
            let request = match &token {
                Some(token) => request.bearer(token),
                None => request,
            };
            let answer = request.send().await;
            answer.assert_error(401, "UNAUTHORIZED", &json!({}));
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn token_check_without_database_is_a_503() {
    let mut sessions = MockSessionReader::new();
    sessions.expect_principal().returning(|_, _| Err(StoreError::Unavailable("gone".into())));
    let client = World { sessions, ..World::new() }.serve();
    for path in ["/api/v1/auth/me", "/api/v1/users/ada", "/api/v1/users/ada/stats"] {
        let answer = client.request("GET", path).bearer(&ada()).send().await;
        answer.assert_error(503, "SERVICE_UNAVAILABLE", &json!({}));
    }
    assert_eq!(client.get("/api/v1/users/ada").await.status, 200, "no session is looked up");
}

#[actix_web::test]
async fn own_account_is_shown_to_the_caller() {
    let client = World::new().serve();
    let answer = client.request("GET", "/api/v1/auth/me").header("Authorization", &format!("bEARER {}", ada())).send();
    let answer = answer.await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(
        answer.json(),
        json!({
            "id": ADA.0, "email": "ada@example.org", "email_verified": true, "username": "Ada", "name": "Ada Example",
            "bio": "Counts tokens.", "location": "London", "website_url": "https://example.org",
            "image": "https://example.org/me.png", "is_public": true, "created_at": "2026-11-22T12:34:56.789Z",
            "updated_at": "2026-11-22T12:34:56.789Z", "timezone": "Europe/London", "level": 2, "xp": 610,
            "is_admin": true,
        })
    );
}

#[actix_web::test]
async fn sessions_are_listed_and_ended() {
    let mut world = World::new().storing(|tx| {
        tx.sessions.expect_delete().returning(|user, session| Ok(user == ADA && session == session_of(ADA)));
    });
    world.sessions.expect_open_sessions().returning(|user, _| {
        Ok(vec![Session {
            id: session_of(user),
            user,
            token: TokenHash([0; 32]),
            created_at: NOW,
            expires_at: NOW,
            last_used_at: NOW,
            device: Device { ip: Some("203.0.113.9".into()), user_agent: None },
        }])
    });
    let client = world.serve();
    let path = format!("/api/v1/auth/sessions/{}", session_of(ADA));
    let ask = |method: &str, path: &str| client.request(method, path).bearer(&ada()).send();
    let listed = ask("GET", "/api/v1/auth/sessions").await;
    assert_eq!(
        listed.json(),
        json!([{
            "id": session_of(ADA).0, "created_at": "2026-11-22T12:34:56.789Z",
            "last_used_at": "2026-11-22T12:34:56.789Z", "ip": "203.0.113.9", "user_agent": null, "current": true,
        }])
    );
    assert_eq!(ask("DELETE", &path).await.status, 204);
    let other = format!("/api/v1/auth/sessions/{FRESH}");
    let details = json!({"resource": "Session", "field": "id", "value": FRESH});
    ask("DELETE", &other).await.assert_error(404, "NOT_FOUND", &details);
    assert_eq!(ask("DELETE", "/api/v1/auth/sessions/1").await.problems(), [r#"["path","id"] value_error"#]);
    assert_eq!(ask("POST", "/api/v1/auth/logout").await.status, 204);
}

#[actix_web::test]
async fn logout_of_an_ended_session_is_a_401() {
    let world = World::new().storing(|tx| {
        tx.sessions.expect_delete().returning(|_, _| Ok(false));
    });
    let answer = world.serve().request("POST", "/api/v1/auth/logout").bearer(&ada()).send().await;
    answer.assert_error(401, "UNAUTHORIZED", &json!({}));
}
