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

/// A server with the limits of a new installation, behind a proxy that names the clients. Passwords are hashed fast, so that a slow
/// machine serves hundreds of sign-ins within the time that they wait.
async fn start_with_default_limits() -> Server {
    let limits = [("AUTH", "10"), ("FAILED_LOGINS", "5"), ("DEFAULT", "600")];
    let names = limits.map(|(name, value)| (format!("BURNTOP__RATE_LIMITS__{name}_PER_MINUTE"), value));
    let mut settings: Vec<(&str, &str)> = names.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    settings.extend([("BURNTOP__PASSWORDS__MEMORY_KIB", "8"), ("BURNTOP__PASSWORDS__ITERATIONS", "1")]);
    settings.push(("TRUSTED_PROXIES", "127.0.0.1"));
    Server::start_with(&settings).await
}

const OFFICE: &str = "203.0.113.7";
const ELSEWHERE: &str = "203.0.113.8";

/// `POST path` from `address`.
async fn post_from(client: &Client, address: &str, path: &str, body: &Value) -> ApiResponse {
    client.send(client.request(Method::POST, path).header("x-forwarded-for", address).json(body)).await
}

fn credentials(name: &str, password: &str) -> Value {
    json!({"email": name, "password": password})
}

/// Gives `number` further accounts, called `user1` and so on, the password of `ada`.
fn multiply_ada(server: &Server, number: usize) {
    server.database().rows(&format!(
        "INSERT INTO users (id, username, email, email_verified, password_hash, is_public, is_admin, created_at, updated_at)
         SELECT gen_random_uuid(), 'user' || n, 'user' || n || '@example.org', false, password_hash, true, false, now(), now()
         FROM users, generate_series(1, {number}) AS n WHERE username = 'ada'"
    ));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn office_signs_in_at_once_from_the_address_of_an_attacker() {
    let server = start_with_default_limits().await;
    let client = server.client();
    TestUser::register(&server, "ada").await;
    multiply_ada(&server, 200);
    // One colleague guesses a password of another: the limit of that account stops it, and spares the address.
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(post_from(&client, OFFICE, "/auth/login", &credentials("ada", "a wrong guess")).await.status);
    }
    assert_eq!(
        (&statuses[..5], statuses[5..].iter().all(|status| *status == 429)),
        (&[401; 5][..], true),
        "{statuses:?}"
    );
    assert_eq!(post_from(&client, OFFICE, "/auth/login", &credentials("ada", PASSWORD)).await.status, 429);

    let everybody = (1..=200).map(|number| {
        let client = client.clone();
        async move { post_from(&client, OFFICE, "/auth/login", &credentials(&format!("user{number}"), PASSWORD)).await }
    });
    let answers = join_all(everybody).await;
    let refused: Vec<&ApiResponse> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(refused.is_empty(), "{} refused, such as {:?}", refused.len(), refused[0]);
    // The five guesses count for the address, and the sign-ins do not.
    assert!(answers.iter().all(|answer| standing(answer)[1] >= Some(5)), "{:?}", answers.last());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn spray_over_many_accounts_is_stopped_by_limit_of_address() {
    let server = start_with_default_limits().await;
    let client = server.client();
    TestUser::register(&server, "ada").await;
    multiply_ada(&server, 60);
    let spray =
        (1..=60).map(|number| {
            let client = client.clone();
            async move {
                post_from(&client, OFFICE, "/auth/login", &credentials(&format!("user{number}"), "Summer2026")).await
            }
        });
    let answers = join_all(spray).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    // Two are looked at at once; a slow machine refills a few meanwhile.
    assert!((10..30).contains(&tried), "{tried}");
    for refused in answers.iter().filter(|answer| answer.status != 401) {
        retry_after(refused);
    }
    retry_after(&post_from(&client, OFFICE, "/auth/register", &json!({})).await);
    assert_eq!(post_from(&client, ELSEWHERE, "/auth/login", &credentials("ada", PASSWORD)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn device_polls_are_limited_by_code_and_not_by_address() {
    let server = start_with_default_limits().await;
    let client = server.client();
    let mut codes = Vec::new();
    for _ in 0..100 {
        let begun = post_from(&client, OFFICE, "/auth/device/code", &json!({})).await.expect(200);
        codes.push(begun["device_code"].clone());
    }
    let poll =
        async |code: &Value| post_from(&client, OFFICE, "/auth/device/token", &json!({"device_code": code})).await;
    let error = |answer: &ApiResponse| answer.expect_error(400, "BAD_REQUEST")["error"].clone();
    for _ in 0..8 {
        let answers = join_all(codes.iter().map(poll)).await;
        assert!(answers.iter().all(|answer| error(answer) == "authorization_pending"));
        // The advertised five seconds pass.
        server.database().rows("UPDATE device_logins SET last_polled_at = last_polled_at - interval '5 seconds'");
    }

    // Each poll that is too fast gets `slow_down`.
    for _ in 0..100 {
        let answer = poll(&codes[0]).await;
        assert!(error(&answer) == "slow_down" || error(&answer) == "authorization_pending", "{answer:?}");
    }
    assert_eq!(error(&poll(&codes[0]).await), "slow_down");
    assert_eq!(error(&poll(&codes[1]).await), "authorization_pending", "other devices are not affected");
}

#[tokio::test]
async fn unknown_device_codes_are_limited_by_address() {
    let settings = [("BURNTOP__RATE_LIMITS__DEFAULT_PER_MINUTE", "20"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    let client = server.client();
    let poll = async |address: &str, number: usize| {
        let body = json!({"device_code": format!("t_guess{number}")});
        post_from(&client, address, "/auth/device/token", &body).await
    };
    for number in 0..20 {
        assert_eq!(poll(OFFICE, number).await.expect_error(400, "BAD_REQUEST")["error"], "expired_token");
    }
    retry_after(&poll(OFFICE, 20).await);
    poll(ELSEWHERE, 20).await.expect_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn registrations_by_invitation_do_not_count_for_address() {
    let settings = [("BURNTOP__RATE_LIMITS__AUTH_PER_MINUTE", "2"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    let client = server.client();
    let root = TestUser::register(&server, "root_1").await;
    assert!(server.database().run("worker", &["admin", "grant", "root_1"]).status.success());
    let register = async |name: &str, invitation: Option<&Value>| {
        let mut body = json!({"email": format!("{name}@example.org"), "username": name, "password": PASSWORD});
        if let Some(invitation) = invitation {
            body["invitation"] = invitation.clone();
        }
        post_from(&client, OFFICE, "/auth/register", &body).await
    };
    for number in 0..4 {
        let invitation = root.client.post("/admin/invitations", &json!({})).await.expect(201);
        let answer = register(&format!("invited{number}"), Some(&invitation["token"])).await;
        assert_eq!((answer.status, standing(&answer)), (201, [Some(2), Some(2)]));
    }
    assert_eq!(register("eve", Some(&json!("i_made_up"))).await.status, 403);
    assert_eq!(register("ada", None).await.status, 201);
    retry_after(&register("bob", None).await);
}
