//! Each row of the error table, on a real server.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Batch, Client, PASSWORD, Server, TestMessage, TestUser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends raw bytes, which an HTTP client would refuse to send; returns the status.
async fn raw(client: &Client, head: &str) -> u16 {
    let mut stream = TcpStream::connect(client.address()).await.expect("the server listens");
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server answers");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn missing_resource_is_a_404_that_names_it() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for client in [server.client(), ada.client.clone()] {
        for path in ["", "/", "/nothing", "/dashboard", "/users", "/users/ada/nothing", "/health/none", "/%00"] {
            let details = client.get(path).await.expect_error(404, "NOT_FOUND");
            assert_eq!(details, json!({"resource": "Route"}), "{path}");
        }
        for path in ["/users/nobody", "/users/nobody/stats", "/users/nobody/tools", "/users/nobody/trends"] {
            let details = client.get(path).await.expect_error(404, "NOT_FOUND");
            assert_eq!(details, json!({"resource": "User", "field": "username", "value": "nobody"}), "{path}");
        }
    }
}

#[tokio::test]
async fn wrong_method_is_a_405_with_allowed_methods() {
    let server = Server::start().await;
    let client = server.client();
    for (method, path, allow) in [
        (Method::GET, "/sync", "OPTIONS, POST"),
        (Method::GET, "/auth/register", "OPTIONS, POST"),
        (Method::DELETE, "/auth/me", "GET, HEAD, OPTIONS"),
        (Method::POST, "/dashboard/overview", "GET, HEAD, OPTIONS"),
        (Method::POST, "/health", "GET, HEAD, OPTIONS"),
        (Method::PUT, "/users/ada/stats", "GET, HEAD, OPTIONS"),
        (Method::PATCH, "/users/ada/stats/", "GET, HEAD, OPTIONS"),
    ] {
        let answer = client.send(client.request(method.clone(), path)).await;
        answer.expect_error(405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn head_equals_get_without_body_and_trailing_slash_is_ignored() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let paths = ["/auth/me", "/dashboard/overview", "/dashboard/models", "/users/ada", "/users/ada/stats", "/health"];
    for path in paths {
        let get = ada.client.get(path).await;
        let head = ada.client.send(ada.client.request(Method::HEAD, path)).await;
        assert_eq!((get.status, head.status, &*head.text), (200, 200, ""), "{path}");
        assert_eq!(get.header("content-type"), head.header("content-type"), "{path}");
        assert_eq!(ada.client.get(&format!("{path}/")).await.status, 200, "{path}/");
    }
    let missing = server.client().send(server.client().request(Method::HEAD, "/users/nobody")).await;
    assert_eq!((missing.status, &*missing.text), (404, ""));
    let body = json!({"email": "ada", "password": PASSWORD});
    server.client().post("/auth/login/", &body).await.expect(200);
}

#[tokio::test]
async fn request_without_token_is_a_401_before_validation() {
    let server = Server::start().await;
    let token = "s_0123456789012345678901234567890123456789012";
    let gets = [
        "/auth/me",
        "/auth/sessions",
        "/dashboard/overview",
        "/dashboard/trends?days=x",
        "/dashboard/tools",
        "/dashboard/models",
        "/dashboard/machines",
        "/dashboard/projects",
        "/sync/state?source=codex",
    ];
    for client in [server.client(), server.client().with_token(token), server.client().with_token("nonsense")] {
        for path in gets {
            let answer = client.get(path).await;
            answer.expect_error(401, "UNAUTHORIZED");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        }
        for (method, path) in [
            (Method::POST, "/sync"),
            (Method::POST, "/auth/logout"),
            (Method::PATCH, "/users/me"),
            (Method::DELETE, "/auth/sessions/not-an-id"),
        ] {
            let request = client.request(method.clone(), path).header("content-type", "text/plain").body("{");
            client.send(request).await.expect_error(401, "UNAUTHORIZED");
        }
    }
}

#[tokio::test]
async fn expired_session_is_a_401() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    server.database().rows("UPDATE sessions SET expires_at = now() - interval '1 second'");
    ada.client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn private_profile_is_a_403_for_others() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    ada.change(json!({"is_public": false})).await;
    for client in [server.client(), bob.client.clone(), server.client().with_token("nonsense")] {
        for path in ["/users/ada/stats", "/users/ada/tools", "/users/ada/models", "/users/ada/trends"] {
            client.get(path).await.expect_error(403, "FORBIDDEN");
        }
    }
}

#[tokio::test]
async fn taken_name_or_address_is_a_409() {
    let server = Server::start().await;
    let (ada, _bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let answer = ada.client.patch("/users/me", &json!({"username": "BOB"})).await;
    let details = answer.expect_error(409, "CONFLICT");
    assert_eq!((&details["resource"], &details["field"]), (&json!("User"), &json!("username")));
    assert_eq!(ada.get("/auth/me").await["username"], "ada");
    assert_eq!(ada.change(json!({"username": "ADA"})).await["username"], "ADA", "the own name in another case");
}

#[tokio::test]
async fn body_over_limit_is_a_413_that_states_the_limit() {
    let server = Server::start_with(&[("BURNTOP__SYNC__MAX_BODY_BYTES", "20000")]).await;
    let ada = TestUser::register(&server, "ada").await;
    let large = Batch::of((0..200).map(|n| TestMessage::new(format!("m{n}")))).json().to_string();
    assert!(large.len() > 20_000);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, large.as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory");
    assert!(packed.len() < 20_000);
    for (encoding, body) in [("identity", large.into_bytes()), ("gzip", packed)] {
        let answer = ada.client.post_encoded("/sync", encoding, body).await;
        assert_eq!(answer.expect_error(413, "PAYLOAD_TOO_LARGE"), json!({"limit_bytes": 20_000}), "{encoding}");
    }
    ada.sync(&Batch::of([TestMessage::new("small")])).await;
}

#[tokio::test]
async fn body_of_other_type_is_a_415_and_without_type_is_accepted() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let body = Batch::of([TestMessage::new("m")]).json().to_string();
    let send = async |kind: Option<&str>, path: &str, body: &str| {
        let request = ada.client.request(Method::POST, path).body(body.to_owned());
        ada.client.send(kind.into_iter().fold(request, |request, kind| request.header("content-type", kind))).await
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        for path in ["/sync", "/auth/login"] {
            send(Some(kind), path, &body).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    for kind in [None, Some("application/json"), Some("application/json; charset=utf-8")] {
        send(kind, "/sync", &body).await.expect(200);
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_a_400() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for (encoding, body) in [
        ("gzip", b"{}".to_vec()),
        ("br", b"{}".to_vec()),
        ("zstd", b"{}".to_vec()),
        ("identity", vec![b'"', 0xff, b'"']),
    ] {
        for path in ["/sync", "/auth/login"] {
            let answer = ada.client.post_encoded(path, encoding, body.clone()).await;
            answer.expect_error(400, "BAD_REQUEST");
        }
    }
}

#[tokio::test]
async fn sync_problems_are_reported_together_and_nothing_is_stored() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let body = json!({"version": 2, "client": "", "syncedAt": "yesterday", "source": "x".repeat(51), "messages": [
        {"id": "", "timestamp": "2026-13-01T00:00:00Z", "model": null, "inputTokens": -1, "outputTokens": 1.5},
        {"timestamp": "2026-03-04T12:00:00Z", "model": "m", "inputTokens": 9_007_199_254_740_992_u64,
         "outputTokens": "many", "cacheReadTokens": null},
        {"id": "good", "timestamp": "2026-03-04T12:00:00Z", "model": "m"},
    ]});
    let mut problems = ada.try_sync(&body).await.problems();
    problems.sort();
    for expected in [
        "body.version string_type",
        "body.syncedAt datetime_parsing",
        "body.source string_too_long",
        "body.messages.0.id string_too_short",
        "body.messages.0.timestamp datetime_parsing",
        "body.messages.0.model string_type",
        "body.messages.0.inputTokens greater_than_equal",
        "body.messages.0.outputTokens int_type",
        "body.messages.1.id missing",
        "body.messages.1.inputTokens less_than_equal",
        "body.messages.1.outputTokens int_parsing",
        "body.messages.1.cacheReadTokens int_type",
    ] {
        assert!(problems.iter().any(|problem| problem == expected), "{expected} in {problems:#?}");
    }
    assert!(!problems.iter().any(|problem| problem.contains("messages.2")), "{problems:#?}");

    let empty = Batch::of([]).json();
    assert_eq!(ada.try_sync(&empty).await.problems(), ["body.messages too_short"]);
    for (bytes, problem) in [("", "body json_invalid"), ("{", "body json_invalid"), ("[]", "body value_error")] {
        let answer = ada.client.post_encoded("/sync", "identity", bytes.into()).await;
        assert_eq!(answer.problems(), [problem], "{bytes}");
    }
    assert_eq!(server.database().number("SELECT count(*) FROM usage_messages"), 0);
}

#[tokio::test]
async fn sync_with_too_many_messages_is_a_422() {
    let server = Server::start_with(&[("BURNTOP__SYNC__MAX_MESSAGES", "10")]).await;
    let ada = TestUser::register(&server, "ada").await;
    let batch = |count: usize| Batch::of((0..count).map(|n| TestMessage::new(format!("m{n}")))).json();
    assert_eq!(ada.try_sync(&batch(11)).await.problems(), ["body.messages too_long"]);
    ada.try_sync(&batch(10)).await.expect(200);
}

#[tokio::test]
async fn nul_in_text_is_a_422() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for (path, field) in [("id", "id"), ("model", "model")] {
        let mut body = Batch::of([TestMessage::new("m")]).json();
        body["messages"][0][path] = json!("a\0b");
        assert_eq!(ada.try_sync(&body).await.problems(), [format!("body.messages.0.{field} value_error")]);
    }
    for field in ["source", "machineId", "client", "version"] {
        let body = Batch::of([TestMessage::new("m")]).with(field, "a\0b").json();
        assert_eq!(ada.try_sync(&body).await.problems(), [format!("body.{field} value_error")]);
    }
    // Invalid auxiliary fields block no usage: they are ignored with a warning.
    let body = Batch::of([TestMessage::new("m")]).with("timezone", "a\0b").json();
    assert_eq!(ada.try_sync(&body).await.expect(200)["warnings"][0]["field"], "timezone");
    for field in ["name", "bio", "location", "website_url", "timezone", "username"] {
        ada.client.patch("/users/me", &json!({field: "a\0b"})).await.problems();
    }
    for field in ["email", "username", "name", "timezone"] {
        let mut body = json!({"email": "bob@example.org", "username": "bob", "password": PASSWORD});
        body[field] = json!("a\0b");
        server.client().post("/auth/register", &body).await.problems();
    }
    let login = server.client().post("/auth/login", &json!({"email": "a\0b", "password": "a\0b"})).await;
    assert!([401, 422].contains(&login.status), "{}", login.text);
    for path in ["/users/a%00b", "/users/a%00b/stats", "/users/%FF/stats", "/dashboard/trends?days=1%00"] {
        ada.client.get(path).await.problems();
    }
    assert_eq!(server.database().number("SELECT count(*) FROM users"), 1);
}

#[tokio::test]
async fn query_values_are_validated() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for (path, problem) in [
        ("/dashboard/trends?days=0", "query.days greater_than_equal"),
        ("/dashboard/trends?days=366", "query.days less_than_equal"),
        ("/dashboard/trends?days=many", "query.days int_parsing"),
        ("/dashboard/tools?period=year", "query.period enum"),
        ("/users/ada/models?period=", "query.period enum"),
    ] {
        assert_eq!(ada.client.get(path).await.problems(), [problem], "{path}");
    }
    ada.get("/dashboard/trends?days=7&unknown=1").await;
}

#[tokio::test]
async fn request_over_rate_limit_is_a_429_with_retry_after() {
    let server = Server::start_with(&[("BURNTOP__RATE_LIMITS__DEFAULT_PER_MINUTE", "3")]).await;
    let client = server.client();
    for _ in 0..3 {
        client.get("/users/nobody").await.expect_error(404, "NOT_FOUND");
    }
    let answer = client.get("/users/nobody").await;
    let details = answer.expect_error(429, "RATE_LIMIT_EXCEEDED");
    assert!(details["retry_after"].as_u64().is_some_and(|seconds| (1..=20).contains(&seconds)), "{details}");
    assert_eq!(answer.header("retry-after"), Some(&*details["retry_after"].to_string()));
    client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn profile_change_against_rules_is_a_422() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let long = "x".repeat(501);
    for (field, value) in [
        ("bio", json!(long)),
        ("region", json!("MOON")),
        ("website_url", json!("javascript:alert(1)")),
        ("image", json!("ftp://example.org/a.png")),
        ("is_public", json!("maybe")),
        ("timezone", json!("+02:00")),
        ("username", json!("settings!")),
        ("username", Value::Null),
    ] {
        let problems = ada.client.patch("/users/me", &json!({field: value})).await.problems();
        assert!(problems.len() == 1 && problems[0].starts_with(&format!("body.{field} ")), "{problems:?}");
    }
    let changed = ada.change(json!({"bio": "b", "id": "mine", "is_admin": true, "email_verified": true})).await;
    assert_eq!((&changed["bio"], &changed["id"]), (&json!("b"), &json!(ada.id)));
    assert_eq!(ada.get("/auth/me").await["is_admin"], false);
    assert_eq!(ada.change(json!({"bio": null})).await["bio"], Value::Null);
}

#[tokio::test]
async fn malformed_http_is_refused_and_server_continues() {
    let server = Server::start().await;
    let client = server.client();
    for head in [
        "NONSENSE\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /api/v1/health HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "GET /api/v1/health HTTP/1.1\r\nbad header\r\n\r\n",
    ] {
        assert_eq!(raw(&client, head).await, 400, "{head:?}");
    }
    client.get("/health").await.expect(200);
}

#[tokio::test]
async fn error_carries_sent_correlation_id() {
    let server = Server::start().await;
    let client = server.client();
    let ask = async |id: &str| {
        let request = client.request(Method::GET, "/users/nobody").header("x-correlation-id", id);
        let answer = client.send(request).await;
        answer.expect_error(404, "NOT_FOUND");
        answer.json["correlation_id"].as_str().expect("text").to_owned()
    };
    assert_eq!(ask("abc-123").await, "abc-123");
    assert_ne!(ask(&"x".repeat(129)).await, "x".repeat(129));
    assert_ne!(ask("with space").await, "with space");
    assert!(server.log().contains("abc-123"), "the id is in the log");
}
