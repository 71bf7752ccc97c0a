//! Rate limits, and limits of failed logins.

use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{ApiResponse, Batch, Client, Database, PASSWORD, Server, TestMessage, TestUser};

const FAILED_LOGINS: (&str, &str) = ("BURNTOP__RATE_LIMITS__FAILED_LOGINS_PER_MINUTE", "5");

async fn login(client: &Client, name: &str, password: &str) -> ApiResponse {
    client.post("/auth/login", &json!({"email": name, "password": password})).await
}

/// The seconds after which the next request is served, if this one exceeds the limit.
#[track_caller]
fn retry_after(answer: &ApiResponse) -> u64 {
    let details = answer.expect_error(429, "RATE_LIMIT_EXCEEDED");
    let seconds = details["retry_after"].as_u64().expect("seconds");
    assert_eq!(answer.header("retry-after"), Some(&*seconds.to_string()));
    assert!((1..=60).contains(&seconds), "{seconds}");
    seconds
}

/// The headers for limit and remaining requests.
fn standing(answer: &ApiResponse) -> [Option<u64>; 2] {
    let header = |name| answer.header(name).and_then(|value| value.parse().ok());
    assert!(header("ratelimit-reset").is_some_and(|seconds| seconds <= 60), "{:?}", answer.headers);
    [header("ratelimit-limit"), header("ratelimit-remaining")]
}

/// Dates all failed logins a minute back.
fn a_minute_passes(database: &Database) {
    database.rows("UPDATE login_attempts SET tries = ARRAY(SELECT t - interval '1 minute' FROM unnest(tries) AS t)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_wrong_passwords_on_two_servers_are_limited_to_five() {
    let database = Arc::new(Database::migrated());
    let one = Server::start_on(database.clone(), &[FAILED_LOGINS]).await;
    let other = Server::start_on(database.clone(), &[FAILED_LOGINS]).await;
    let (ada, bob) = (TestUser::register(&one, "ada").await, TestUser::register(&other, "bob").await);

    for name in ["ada@example.org", "nobody@example.org"] {
        let tries = (0..32).map(|number| {
            let client = if number % 2 == 0 { one.client() } else { other.client() };
            async move { login(&client, name, "wrong password").await }
        });
        let answers = join_all(tries).await;
        let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
        assert_eq!(looked_at, 5, "{name}");
        for refused in answers.iter().filter(|answer| answer.status != 401) {
            retry_after(refused);
        }
    }
    for (server, name) in [(&one, "ADA@example.org"), (&other, "ada@example.org"), (&one, "Nobody@example.org")] {
        retry_after(&login(&server.client(), name, PASSWORD).await);
    }
    assert_eq!(login(&one.client(), &bob.email, PASSWORD).await.status, 200, "other accounts are not affected");
    ada.client.get("/auth/me").await.expect(200);

    a_minute_passes(&database);
    login(&other.client(), "ada@example.org", "wrong password").await.expect_error(401, "UNAUTHORIZED");
    login(&one.client(), "ada@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn login_success_resets_failures_of_account() {
    let server = Server::start_with(&[FAILED_LOGINS]).await;
    let ada = TestUser::register(&server, "ada").await;
    let client = server.client();
    for _ in 0..2 {
        for _ in 0..2 {
            login(&client, "ada", "wrong password").await.expect_error(401, "UNAUTHORIZED");
            login(&client, &ada.email, "wrong password").await.expect_error(401, "UNAUTHORIZED");
        }
        login(&client, "Ada", PASSWORD).await.expect(200);
    }
    let counted = "SELECT coalesce(sum(cardinality(tries)), 0) FROM login_attempts";
    assert_eq!(server.database().number(counted), 8, "failures of the address stay, those of the account are reset");
    for _ in 0..20 {
        login(&client, "ada", PASSWORD).await.expect(200);
    }
    assert_eq!(server.database().number(counted), 8, "a success does not count");
}

#[tokio::test]
async fn failed_logins_count_together_on_all_routes() {
    let server = Server::start_with(&[FAILED_LOGINS]).await;
    let ada = TestUser::register(&server, "ada").await;
    let begun = server.client().post("/auth/device/code", &json!({})).await.expect(200);
    let page = format!("http://{}/device", server.client().address());
    let fill = async |name: &str| {
        let code = begun["user_code"].as_str().expect("a code");
        let form = [("user_code", code), ("name", name), ("password", "wrong password"), ("answer", "yes")];
        reqwest::Client::new().post(&page).form(&form).send().await.expect("an answer").status().as_u16()
    };
    let change = json!({"current_password": "wrong password", "new_password": "another one"});
    let client = server.client();
    login(&client, "ada", "wrong password").await.expect_error(401, "UNAUTHORIZED");
    login(&client, "ADA@example.org", "wrong password").await.expect_error(401, "UNAUTHORIZED");
    ada.change(json!({"username": "lovelace"})).await;
    login(&client, "lovelace", "wrong password").await.expect_error(401, "UNAUTHORIZED");
    ada.client.post("/auth/password", &change).await.expect_error(401, "UNAUTHORIZED");
    assert_eq!(fill("ada@example.org").await, 401);

    for name in ["lovelace", "ada@example.org"] {
        retry_after(&login(&client, name, PASSWORD).await);
    }
    retry_after(&ada.client.post("/auth/password", &change).await);
    assert_eq!(fill("lovelace").await, 429);
    login(&client, "ada", "wrong password").await.expect_error(401, "UNAUTHORIZED");
    a_minute_passes(server.database());
    login(&client, "lovelace", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn failed_logins_for_many_names_are_limited_by_address() {
    let server = Server::start_with(&[("BURNTOP__RATE_LIMITS__FAILED_LOGINS_PER_MINUTE", "1")]).await;
    let ada = TestUser::register(&server, "ada").await;
    let client = server.client();
    for number in 0..10 {
        login(&client, &format!("nobody{number}"), "123456789").await.expect_error(401, "UNAUTHORIZED");
    }
    for name in ["nobody10", &ada.email] {
        retry_after(&login(&client, name, PASSWORD).await);
    }
    a_minute_passes(server.database());
    login(&client, &ada.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn failed_login_name_is_stored_hashed() {
    let server = Server::start_with(&[FAILED_LOGINS]).await;
    login(&server.client(), "my secret password", "oops").await.expect_error(401, "UNAUTHORIZED");
    let kept = server
        .database()
        .rows("SELECT convert_from(decode(encode(name_hash, 'hex'), 'escape'), 'UTF8') FROM login_attempts");
    let kept: Vec<&str> = kept.lines().collect();
    assert_eq!(kept.len(), 2, "the name and the address");
    assert!(kept.iter().all(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())), "{kept:?}");
}

#[tokio::test]
async fn registrations_and_logins_share_limit_of_address() {
    let limits = [("BURNTOP__RATE_LIMITS__AUTH_PER_MINUTE", "2"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let server = Server::start_with(&limits).await;
    let from = async |address: &str, path: &str, body: Value| {
        let client = server.client();
        let request = client.request(Method::POST, path).header("x-forwarded-for", address).json(&body);
        client.send(request).await
    };
    let new = |name: &str| json!({"email": format!("{name}@example.org"), "username": name, "password": PASSWORD});
    let known = json!({"email": "ada", "password": PASSWORD});

    let first = from("203.0.113.1", "/auth/register", new("ada")).await;
    assert_eq!((first.status, standing(&first)), (201, [Some(2), Some(1)]));
    let ada = server.client().with_token(first.json["token"].as_str().expect("a token"));
    for (path, body, status) in [
        ("/auth/login", json!({"email": "ada", "password": "wrong password"}), 401),
        ("/auth/login", known.clone(), 429),
        ("/auth/register", new("bob"), 429),
    ] {
        let answer = from("203.0.113.1", path, body).await;
        assert_eq!((answer.status, standing(&answer)[0]), (status, Some(2)), "{path}");
        if status == 429 {
            assert!(retry_after(&answer) <= 30);
            assert_eq!(standing(&answer)[1], Some(0));
        }
    }
    // An address that the client itself puts before the proxy's changes nothing.
    assert_eq!(from("198.51.100.9, 203.0.113.1", "/auth/login", known.clone()).await.status, 429);
    assert_eq!(from("203.0.113.2", "/auth/login", known).await.status, 200);
    assert_eq!(ada.get("/auth/me").await.status, 200, "a session is not affected");
}

#[tokio::test]
async fn forwarded_address_without_trusted_proxy_is_ignored() {
    let server = Server::start_with(&[("BURNTOP__RATE_LIMITS__AUTH_PER_MINUTE", "2")]).await;
    let client = server.client();
    let mut statuses = Vec::new();
    for number in 0..4 {
        let request =
            client.request(Method::POST, "/auth/login").header("x-forwarded-for", format!("203.0.113.{number}"));
        statuses.push(client.send(request.json(&json!({}))).await.status);
    }
    assert_eq!(statuses, [422, 422, 429, 429]);
}

#[tokio::test]
async fn sync_rate_limit_is_per_account() {
    let server = Server::start_with(&[("BURNTOP__RATE_LIMITS__SYNC_PER_MINUTE", "2")]).await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let batch = |id: &str| Batch::of([TestMessage::new(id).output(7)]).json();
    for (id, remaining) in [("m1", 1), ("m2", 0)] {
        let answer = ada.try_sync(&batch(id)).await;
        assert_eq!((answer.status, standing(&answer)), (200, [Some(2), Some(remaining)]));
    }
    let refused = ada.try_sync(&batch("m3")).await;
    assert!(retry_after(&refused) <= 30);
    assert_eq!(standing(&refused), [Some(2), Some(0)]);
    assert_eq!(bob.try_sync(&batch("m1")).await.status, 200);
    assert_eq!(ada.overview().await["total_tokens"], 14, "a refused sync was counted");
    server.client().post("/sync", &batch("m4")).await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn health_has_no_rate_limit() {
    let limits = ["AUTH", "SYNC", "DEFAULT"].map(|name| format!("BURNTOP__RATE_LIMITS__{name}_PER_MINUTE"));
    let limits: Vec<(&str, &str)> = limits.iter().map(|name| (name.as_str(), "1")).collect();
    let server = Server::start_with(&limits).await;
    for path in ["/health", "/health/live", "/health/ready"].repeat(3) {
        let answer = server.client().get(path).await;
        assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, None), "{path}");
    }
}

#[tokio::test]
async fn proxy_not_configured_is_logged_once() {
    let server = Server::start_with(&[("PUBLIC_URL", "https://api.example.org")]).await;
    let at_start = "the public address suggests a proxy";
    assert_eq!(server.log().matches(at_start).count(), 1, "{}", server.log());
    let ignored = "X-Forwarded-For ignored";
    assert!(!server.log().contains(ignored));
    for number in 0..3 {
        let request = server.client().request(Method::GET, "/stats/platform");
        let forwarded = request.header("x-forwarded-for", format!("203.0.113.{number}"));
        assert_eq!(server.client().send(forwarded).await.status, 200);
    }
    assert_eq!(server.log().matches(ignored).count(), 1, "{}", server.log());

    let settings = [("PUBLIC_URL", "https://api.example.org"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let behind = Server::start_with(&settings).await;
    let request = behind.client().request(Method::GET, "/stats/platform").header("x-forwarded-for", "203.0.113.1");
    assert_eq!(behind.client().send(request).await.status, 200);
    assert!(!behind.log().contains(at_start) && !behind.log().contains(ignored), "{}", behind.log());
}
