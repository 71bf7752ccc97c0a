//! Accounts: registration, sign-in, sign-out, sessions.

use serde_json::{Value, json};
use tests::{PASSWORD, Server, TestUser};

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}"))
}

async fn sessions(client: &tests::Client) -> Vec<Value> {
    let answer = client.get("/auth/sessions").await.expect(200);
    answer.as_array().unwrap_or_else(|| panic!("no list: {answer}")).clone()
}

#[tokio::test]
async fn registration_opens_a_session() {
    let server = Server::start().await;
    let body = json!({"email": "Ada@Example.org", "password": PASSWORD, "username": "Ada_1", "name": "Ada Lovelace",
                      "timezone": "Europe/London"});
    let session = server.client().post("/auth/register", &body).await.expect(201);
    let token = text(&session, "token");
    assert!(token.len() == 45 && token.starts_with("s_"), "{token}");
    assert!(text(&session, "expires_at") > text(&session, "created_at"));
    assert_ne!(text(&session, "id"), text(&session, "user_id"));

    let me = server.client().with_token(token).get("/auth/me").await;
    assert_eq!(me.header("cache-control"), Some("no-store"));
    let me = me.expect(200);
    assert_eq!(me["id"], session["user_id"]);
    for (field, value) in [
        ("email", json!("ada@example.org")),
        ("email_verified", json!(false)),
        ("username", json!("Ada_1")),
        ("name", json!("Ada Lovelace")),
        ("image", Value::Null),
        ("is_public", json!(true)),
        ("timezone", json!("Europe/London")),
        ("level", json!(1)),
        ("xp", json!(0)),
        ("is_admin", json!(false)),
    ] {
        assert_eq!(me[field], value, "{field}");
    }
}

#[tokio::test]
async fn login_by_email_or_username_ignores_case() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "Ada").await;
    for name in ["Ada@example.org", "ADA@EXAMPLE.ORG", "Ada", "aDA"] {
        let body = json!({"email": name, "password": PASSWORD});
        let session = server.client().post("/auth/login", &body).await.expect(200);
        assert_eq!(text(&session, "user_id"), ada.id, "{name}");
        assert_ne!(Some(text(&session, "token")), ada.client.token(), "each login has its own token");
    }
}

#[tokio::test]
async fn login_unknown_account_and_wrong_password_look_the_same() {
    let server = Server::start().await;
    TestUser::register(&server, "ada").await;
    let mut answers = Vec::new();
    for (name, password) in [
        ("ada@example.org", "wrong password"),
        ("ada", "wrong password"),
        ("bob@example.org", PASSWORD),
        ("bob", PASSWORD),
        ("not even possible\u{1F480}", PASSWORD),
        ("ada@example.org", "x"),
    ] {
        let answer = server.client().post("/auth/login", &json!({"email": name, "password": password})).await;
        assert_eq!(answer.expect_error(401, "UNAUTHORIZED"), json!({}), "{name}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answers.push(answer.json["detail"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn registration_taken_name_or_address_is_refused_in_any_case() {
    let server = Server::start().await;
    TestUser::register(&server, "Ada").await;
    for (email, username, field) in [
        ("ADA@example.ORG", "other", "email"),
        ("other@example.org", "aDA", "username"),
        ("ada@example.org", "bob", "email"),
    ] {
        let body = json!({"email": email, "password": PASSWORD, "username": username});
        let answer = server.client().post("/auth/register", &body).await;
        let details = answer.expect_error(409, "CONFLICT");
        assert_eq!(details["field"], field, "{details}");
        assert!(details["resource"].is_string(), "{details}");
        assert!(!answer.text.to_lowercase().contains("example.org"), "an address is not echoed: {}", answer.text);
    }
    assert_eq!(server.database().number("SELECT count(*) FROM users"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_registrations_of_a_name_give_one_account() {
    let server = Server::start().await;
    let tries = (0..8).map(|n| {
        let (client, email) = (server.client(), format!("ada{n}@example.org"));
        let username = if n % 2 == 0 { "ada" } else { "ADA" };
        async move {
            let body = json!({"email": email, "password": PASSWORD, "username": username});
            client.post("/auth/register", &body).await.status
        }
    });
    let mut statuses = futures_util::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn registration_problems_are_reported_together() {
    let server = Server::start().await;
    let try_with = async |field: &str, value: &str| {
        let mut body = json!({"email": "ada@example.org", "password": PASSWORD, "username": "ada"});
        body[field] = json!(value);
        server.client().post("/auth/register", &body).await.problems()
    };
    for (field, value, problem) in [
        ("email", "nobody", "value_error"),
        ("password", "1234567", "string_too_short"),
        ("password", &"x".repeat(129), "string_too_long"),
        ("username", "ab", "string_too_short"),
        ("username", &"a".repeat(31), "string_too_long"),
        ("username", "a-b-c", "string_pattern_mismatch"),
        ("username", "Admin", "value_error"),
        ("username", "docs", "value_error"),
        ("timezone", "Mars/Olympus", "value_error"),
    ] {
        assert_eq!(try_with(field, value).await, [format!("body.{field} {problem}")], "{value}");
    }
    let problems =
        server.client().post("/auth/register", &json!({"username": 7, "password": "short"})).await.problems();
    let mut problems = problems;
    problems.sort();
    assert_eq!(problems, ["body.email missing", "body.password string_too_short", "body.username string_type"]);
    assert_eq!(server.database().number("SELECT count(*) FROM users"), 0);
}

#[tokio::test]
async fn session_is_listed_and_revoked() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let elsewhere = ada.login().await;

    let listed = sessions(&ada.client).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<&Value> = listed.iter().filter(|session| session["current"] == true).collect();
    let others: Vec<&Value> = listed.iter().filter(|session| session["current"] == false).collect();
    assert_eq!((current.len(), others.len()), (1, 1));
    for field in ["id", "created_at", "last_used_at", "ip", "user_agent"] {
        assert!(listed[0].get(field).is_some(), "{field} in {}", listed[0]);
    }
    assert!(!listed.iter().any(|session| session.to_string().contains("s_")), "tokens are shown once");

    let path = format!("/auth/sessions/{}", text(others[0], "id"));
    ada.client.delete(&path).await.expect(204);
    elsewhere.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    ada.client.get("/auth/me").await.expect(200);
    assert_eq!(sessions(&ada.client).await.len(), 1);
    ada.client.delete(&path).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn session_of_another_account_cannot_be_revoked() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let session = sessions(&ada.client).await.remove(0);
    let path = format!("/auth/sessions/{}", text(&session, "id"));
    bob.client.delete(&path).await.expect_error(404, "NOT_FOUND");
    server.client().delete(&path).await.expect_error(401, "UNAUTHORIZED");
    ada.client.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn logout_ends_only_its_own_session() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let elsewhere = ada.login().await;
    assert_eq!(ada.client.post("/auth/logout", &json!({})).await.expect(204), Value::Null);
    ada.client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    ada.client.post("/auth/logout", &json!({})).await.expect_error(401, "UNAUTHORIZED");
    elsewhere.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn session_token_is_accepted_with_any_case_of_scheme() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let token = ada.client.token().expect("a session").to_owned();
    let status = async |header: String| {
        let client = server.client();
        client.send(client.request(reqwest::Method::GET, "/auth/me").header("authorization", header)).await.status
    };
    for good in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER {token}")] {
        assert_eq!(status(good).await, 200);
    }
    let mut wrong = token.clone();
    wrong.pop();
    for bad in [token.clone(), format!("Basic {token}"), format!("Bearer {wrong}"), format!("Bearer {token}x")] {
        assert_eq!(status(bad).await, 401);
    }
}

#[tokio::test]
async fn tokens_and_passwords_are_not_stored_or_logged() {
    let server = Server::start_with(&[("LOG_LEVEL", "debug")]).await;
    let ada = TestUser::register(&server, "ada").await;
    ada.client.get("/auth/me").await.expect(200);
    let token = ada.client.token().expect("a session");
    let kept = server.database().rows("SELECT s::text FROM sessions s UNION ALL SELECT u::text FROM users u");
    assert!(kept.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    for (place, text) in [("the database", kept), ("the log", server.log())] {
        assert!(!text.contains(&token[2..]) && !text.contains(PASSWORD), "a secret is in {place}");
    }
}

#[tokio::test]
async fn login_ignores_unicode_form_of_address_and_password() {
    let server = Server::start().await;
    let register = async |email: &str, username: &str, password: &str| {
        let body = json!({"email": email, "username": username, "password": password});
        server.client().post("/auth/register", &body).await
    };
    let (composed, decomposed) = ("pässwörter", "pa\u{308}sswo\u{308}rter");
    register("ada@exa\u{308}mple.org", "ada", decomposed).await.expect(201);
    register("ADA@exämple.org", "other", PASSWORD).await.expect_error(409, "CONFLICT");
    register("ada@xn--exmple-cua.org", "other", PASSWORD).await.expect_error(409, "CONFLICT");
    for (email, password) in [
        ("ada@exämple.org", composed),
        ("ada@xn--exmple-cua.org", decomposed),
        ("Ada@EXA\u{308}MPLE.org", composed),
        ("ada", decomposed),
    ] {
        server.client().post("/auth/login", &json!({"email": email, "password": password})).await.expect(200);
    }

    // An account of an earlier release, which did not store domains in ASCII.
    server.database().rows("UPDATE users SET email = 'ada@exämple.org'");
    let login = json!({"email": "ada@exämple.org", "password": composed});
    server.client().post("/auth/login", &login).await.expect(200);
    register("ada@xn--exmple-cua.org", "other", PASSWORD).await.expect_error(409, "CONFLICT");
}
