//! API tokens, and changes of the password.

use serde_json::{Value, json};
use tests::{Batch, Client, PASSWORD, Server, TestMessage, TestUser};

async fn issue(user: &TestUser, body: &Value) -> (String, Client) {
    let issued = user.client.post("/auth/tokens", body).await.expect(201);
    let text = |name: &str| issued[name].as_str().unwrap_or_else(|| panic!("no {name} in {issued}")).to_owned();
    (text("id"), user.client.with_token(&text("token")))
}

#[tokio::test]
async fn api_token_with_sync_scope_reads_nothing() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.change(json!({"is_public": false})).await;
    let (id, laptop) = issue(&ada, &json!({"name": "laptop", "scopes": ["sync"]})).await;
    let answer = laptop.post("/sync", &Batch::of([TestMessage::new("m1").output(7)]).json()).await.expect(200);
    assert_eq!(answer["stats"]["totalTokens"], 7);
    for path in ["/auth/me", "/dashboard/overview", "/auth/sessions", "/auth/tokens"] {
        laptop.get(path).await.expect_error(403, "FORBIDDEN");
    }
    laptop.get("/users/ada/stats").await.expect_error(403, "FORBIDDEN");
    laptop.patch("/users/me", &json!({"bio": "mine"})).await.expect_error(403, "FORBIDDEN");

    let listed = ada.get("/auth/tokens").await;
    assert_eq!((&listed[0]["id"], listed[0]["last_used_at"].is_string()), (&json!(id), true));
    assert!(!listed.to_string().contains(laptop.token().expect("a token")));
    ada.client.delete(&format!("/auth/tokens/{id}")).await.expect(204);
    laptop.post("/sync", &Batch::of([TestMessage::new("m2")]).json()).await.expect_error(401, "UNAUTHORIZED");
    assert_eq!(ada.get("/auth/tokens").await, json!([]));
}

#[tokio::test]
async fn api_token_with_read_scope_reads_as_owner() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    for user in [&ada, &bob] {
        user.change(json!({"is_public": false})).await;
    }
    let (_, dashboard) = issue(&ada, &json!({"name": "dashboard", "scopes": ["read"]})).await;
    assert_eq!(dashboard.get("/auth/me").await.expect(200)["username"], "ada");
    dashboard.get("/users/ada/stats").await.expect(200);
    dashboard.get("/users/bob/stats").await.expect_error(403, "FORBIDDEN");
    dashboard.post("/sync", &Batch::of([TestMessage::new("m1")]).json()).await.expect_error(403, "FORBIDDEN");
    dashboard.post("/auth/logout", &json!({})).await.expect_error(403, "FORBIDDEN");
    dashboard.post("/users/bob/follow", &json!({})).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn api_token_expires() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let soon = json!({"name": "ci", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00Z"});
    let (_, token) = issue(&ada, &soon).await;
    token.get("/auth/me").await.expect(200);
    server.database().rows("UPDATE api_tokens SET expires_at = now() - interval '1 second'");
    token.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    assert_eq!(ada.get("/auth/tokens").await, json!([]));
    let over = json!({"name": "ci", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"});
    ada.client.post("/auth/tokens", &over).await.expect_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn password_change_ends_other_sessions_tokens_and_device_logins() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let (_, token) = issue(&ada, &json!({"name": "ci", "scopes": ["read"]})).await;
    let elsewhere = ada.login().await;
    let begun = server.client().post("/auth/device/code", &json!({})).await.expect(200);
    elsewhere.post("/auth/device/confirm", &json!({"user_code": begun["user_code"]})).await.expect(204);
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    ada.client.post("/auth/password", &change("not it at all", "another one")).await.expect_error(401, "UNAUTHORIZED");
    ada.client.post("/auth/password", &change(PASSWORD, "short")).await.expect_error(422, "VALIDATION_ERROR");
    elsewhere.get("/auth/me").await.expect(200);
    ada.client.post("/auth/password", &change(PASSWORD, "another one")).await.expect(204);
    for ended in [&elsewhere, &token] {
        ended.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    }
    let poll = server.client().post("/auth/device/token", &json!({"device_code": begun["device_code"]})).await;
    assert_eq!(poll.expect_error(400, "BAD_REQUEST")["error"], "expired_token");
    ada.client.get("/auth/me").await.expect(200);
    let login = |password: &str| json!({"email": "ada", "password": password});
    server.client().post("/auth/login", &login(PASSWORD)).await.expect_error(401, "UNAUTHORIZED");
    server.client().post("/auth/login", &login("another one")).await.expect(200);

    let (_, kept) = issue(&ada, &json!({"name": "ci", "scopes": ["read"]})).await;
    let keeping = |keep: Value| json!({"current_password": "another one", "new_password": "yet another one", "keep_api_tokens": keep});
    let refused = ada.client.post("/auth/password", &keeping(json!("yes"))).await;
    assert_eq!(refused.problems(), ["body.keep_api_tokens value_error"]);
    ada.client.post("/auth/password", &keeping(json!(true))).await.expect(204);
    kept.get("/auth/me").await.expect(200);
}
