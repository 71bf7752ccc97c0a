//! Rate limits, over the wire: the keys of clients, the limits of routes, and the headers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adapters_http::limits::{Limits, Rates, Stopwatch};
use domain::identity::FailedLogins;
use domain::identity::ports::{AttemptOutcome, MockPasswordHasher, MockSessionReader};
use serde_json::{Value, json};

use crate::support::client::TestResponse;
use crate::support::world::{World, ada, bob, stranger};
use crate::support::{Client, Request};

/// A clock that stands still until it is moved on.
#[derive(Clone, Default)]
struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn limits(&self, rates: Rates) -> Limits {
        let seconds = self.0.clone();
        Limits::timed(rates, &Stopwatch::new(move || Duration::from_secs(seconds.load(Ordering::SeqCst))))
    }
}

/// The whole API with limits, and the clock that tests advance.
fn limited(rates: Rates) -> (Client, ManualClock) {
    let clock = ManualClock::default();
    (World { limits: clock.limits(rates), ..World::new() }.serve(), clock)
}

fn from(client: Client, address: &str, method: &str, path: &str) -> Request {
    client.request(method, &format!("/api/v1{path}")).header("X-Forwarded-For", address)
}

/// `GET path` without a token, from `address`.
async fn get(client: Client, address: &str, path: &str) -> TestResponse {
    from(client, address, "GET", path).send().await
}

/// The headers: limit, remaining, reset.
fn standing(answer: &TestResponse) -> Option<[u64; 3]> {
    let header = |name| answer.header(name).map(|value| value.parse().expect("a number"));
    match [header("ratelimit-limit"), header("ratelimit-remaining"), header("ratelimit-reset")] {
        [Some(limit), Some(remaining), Some(reset)] => Some([limit, remaining, reset]),
        none => {
            assert_eq!(none, [None, None, None], "all or none");
            None
        }
    }
}

/// Checks that `answer` is the contract's 429.
fn assert_refused(answer: &TestResponse, retry_after: u64) {
    answer.assert_error(429, "RATE_LIMIT_EXCEEDED", &json!({"retry_after": retry_after}));
    assert_eq!(answer.header("retry-after"), Some(&*retry_after.to_string()));
}

const ONE: &str = "198.51.100.1";
const OTHER: &str = "198.51.100.2";

#[actix_web::test]
async fn rate_limit_allows_a_burst_then_the_steady_rate() {
    let (client, clock) = limited(Rates { default: 3, ..Rates::default() });
    for remaining in [2, 1, 0] {
        let answer = get(client, ONE, "/users/ada").await;
        assert_eq!((answer.status, standing(&answer)), (200, Some([3, remaining, 20 * (3 - remaining)])));
        assert_eq!(answer.header("retry-after"), None);
    }
    let refused = get(client, ONE, "/users/ada").await;
    assert_refused(&refused, 20);
    assert_eq!(standing(&refused), Some([3, 0, 60]));
    assert_eq!(get(client, OTHER, "/users/ada").await.status, 200, "others are not concerned");

    clock.pass(19);
    assert_refused(&get(client, ONE, "/users/ada").await, 1);
    clock.pass(1);
    assert_eq!(get(client, ONE, "/users/ada").await.status, 200);
    assert_refused(&get(client, ONE, "/users/ada").await, 20);
    clock.pass(60);
    assert_eq!(standing(&get(client, ONE, "/users/ada").await), Some([3, 2, 20]));
}

#[actix_web::test]
async fn rate_limit_counts_by_account_else_by_address() {
    let (client, _) = limited(Rates { default: 2, ..Rates::default() });
    let me = async |token: String, address: &str| {
        standing(&from(client, address, "GET", "/auth/me").bearer(&token).send().await)
            .map(|[_, remaining, _]| remaining)
    };
    assert_eq!(me(ada(), ONE).await, Some(1));
    assert_eq!(me(ada(), OTHER).await, Some(0));
    assert_eq!(me(bob(), ONE).await, Some(1), "the address has nothing to do with it");
    let refused = from(client, "198.51.100.3", "GET", "/users/ada").bearer(&ada()).send().await;
    assert_refused(&refused, 30);
    for _ in 0..2 {
        assert_eq!(get(client, ONE, "/users/ada").await.status, 200);
    }
    assert_refused(&get(client, ONE, "/users/ada").await, 30);
    assert_eq!(me(bob(), ONE).await, Some(0));
}

#[actix_web::test]
async fn rate_limit_ipv6_network_is_one_client() {
    let (client, _) = limited(Rates { default: 1, ..Rates::default() });
    assert_eq!(get(client, "2001:db8:0:1::1", "/users/ada").await.status, 200);
    assert_refused(&get(client, "2001:db8:0:1:ffff::1", "/users/ada").await, 60);
    assert_eq!(get(client, "2001:db8:0:2::1", "/users/ada").await.status, 200);
}

#[actix_web::test]
async fn rate_limit_classes_are_separate_and_auth_is_by_address() {
    let (client, _) = limited(Rates { auth: 1, sync: 2, default: 3 });
    let limit = |answer: &TestResponse| standing(answer).map(|[limit, remaining, _]| (limit, remaining));
    let login = from(client, ONE, "POST", "/auth/login").bearer(&ada()).body("{").send().await;
    assert_eq!((login.status, limit(&login)), (422, Some((1, 0))));
    assert_refused(&from(client, ONE, "POST", "/auth/login").bearer(&bob()).body("{").send().await, 60);
    assert_refused(&from(client, ONE, "POST", "/auth/register").body("{").send().await, 60);
    assert_eq!(from(client, OTHER, "POST", "/auth/register").body("{").send().await.status, 422);

    let sync = |token: String| from(client, ONE, "POST", "/sync").bearer(&token).body("{").send();
    assert_eq!(limit(&sync(ada()).await), Some((2, 1)));
    assert_eq!(limit(&sync(ada()).await), Some((2, 0)));
    assert_refused(&sync(ada()).await, 30);
    assert_eq!(limit(&sync(bob()).await), Some((2, 1)));
    let me = from(client, ONE, "GET", "/auth/me").bearer(&ada()).send().await;
    assert_eq!((me.status, limit(&me)), (200, Some((3, 2))));
}

#[actix_web::test]
async fn sign_in_that_is_accepted_counts_as_another_request_only() {
    let (client, clock) = limited(Rates { auth: 2, default: 4, ..Rates::default() });
    let begin = || from(client, ONE, "GET", "/auth/oauth/github").send();
    for _ in 0..4 {
        let answer = begin().await;
        assert_eq!((answer.status, standing(&answer)), (302, Some([2, 2, 0])));
    }
    let refused = begin().await;
    assert_refused(&refused, 15);
    assert_eq!(standing(&refused), Some([4, 0, 60]));
    clock.pass(60);
    // A failure counts for sign-ins too, and shows so in its own answer.
    for remaining in [1, 0] {
        let unknown = from(client, ONE, "GET", "/auth/oauth/gitlab").send().await;
        assert_eq!((unknown.status, standing(&unknown).map(|[_, left, _]| left)), (404, Some(remaining)));
    }
    assert_refused(&begin().await, 30);
    assert_eq!(from(client, OTHER, "GET", "/auth/oauth/github").send().await.status, 302);
}

#[actix_web::test]
async fn limited_route_always_has_rate_limit_headers() {
    let (client, _) = limited(Rates { auth: 100, sync: 100, default: 100 });
    for (method, path, token, status) in [
        ("GET", "/users/ada", None, 200),
        ("HEAD", "/users/ada", None, 200),
        ("GET", "/users/eve", None, 404),
        ("GET", "/users/bob/stats", None, 403),
        ("GET", "/users/ada/trends?days=0", None, 422),
        ("GET", "/auth/me", None, 401),
        ("GET", "/auth/me", Some(stranger()), 401),
        ("POST", "/sync", Some(ada()), 422),
        ("POST", "/auth/login", None, 422),
    ] {
        let request = from(client, ONE, method, path);
        let request = if method == "POST" { request.body("{}") } else { request };
        let request = if let Some(token) = &token { request.bearer(token) } else { request };
        let answer = request.send().await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(standing(&answer).map(|[limit, ..]| limit), Some(100), "{method} {path}");
    }
    let known = get(client, ONE, "/users/ada").await.header("etag").expect("a tag").to_owned();
    let same = from(client, ONE, "GET", "/users/ada").header("If-None-Match", &known).send().await;
    assert_eq!((same.status, standing(&same).is_some()), (304, true));
}

#[actix_web::test]
async fn panic_is_counted_and_has_rate_limit_headers() {
    let mut reader = domain::dashboard::ports::MockDashboardReader::new();
    reader.expect_platform().returning(|| panic!("a defect"));
    let limits = ManualClock::default().limits(Rates { default: 2, ..Rates::default() });
    let client = World { reader, limits, ..World::new() }.serve();
    let answer = get(client, ONE, "/stats/platform").await;
    answer.assert_error(500, "INTERNAL_ERROR", &json!({}));
    assert_eq!(standing(&answer), Some([2, 1, 30]));
}

#[actix_web::test]
async fn rate_limit_ignores_health_and_unknown_routes() {
    let (client, _) = limited(Rates { auth: 1, sync: 1, default: 1 });
    for (path, status) in [
        ("/api/v1/health", 200),
        ("/api/v1/health/live", 200),
        ("/api/v1/health/ready", 200),
        ("/api/v1/health/worker", 503),
    ] {
        for _ in 0..3 {
            let answer = client.get(path).await;
            assert_eq!((answer.status, standing(&answer)), (status, None), "{path}");
        }
    }
    for _ in 0..3 {
        let (missing, wrong) = (client.get("/nothing").await, client.get("/api/v1/sync").await);
        assert_eq!((missing.status, standing(&missing)), (404, None));
        assert_eq!((wrong.status, standing(&wrong)), (405, None));
    }
}

#[actix_web::test]
async fn rate_limit_applies_to_pages_and_files() {
    for path in [
        "/api/v1/openapi.json",
        "/docs",
        "/docs/start.js",
        "/docs/swagger-ui.css",
        "/redoc",
        "/redoc/reader.js",
        "/redoc/reader.css",
        "/device/style.css",
    ] {
        let (client, _) = limited(Rates { auth: 1, sync: 1, default: 2 });
        let get = async || client.get(path).await;
        assert_eq!((get().await.status, standing(&get().await)), (200, Some([2, 0, 60])), "{path}");
        assert_refused(&get().await, 30);
    }
}

#[actix_web::test]
async fn unlimited_route_has_no_rate_limit_headers() {
    let (client, _) = limited(Rates { auth: 1, ..Rates::default() });
    for _ in 0..3 {
        let answer = get(client, ONE, "/users/ada").await;
        assert_eq!((answer.status, standing(&answer)), (200, None));
        let stranger = from(client, ONE, "GET", "/auth/me").bearer(&stranger()).send().await;
        assert_eq!((stranger.status, standing(&stranger)), (401, None));
    }
}

#[actix_web::test]
async fn request_without_token_is_a_401_even_at_the_rate_limit() {
    let (client, _) = limited(Rates { sync: 1, default: 2, ..Rates::default() });
    let sync = |token: Option<String>| {
        let request = from(client, ONE, "POST", "/sync").body("{");
        if let Some(token) = token { request.bearer(&token) } else { request }.send()
    };
    for _ in 0..5 {
        sync(None).await.assert_error(401, "UNAUTHORIZED", &json!({}));
    }
    for _ in 0..2 {
        assert_eq!(get(client, ONE, "/users/ada").await.status, 200);
    }
    assert_refused(&get(client, ONE, "/users/ada").await, 30);
    sync(Some(stranger())).await.assert_error(401, "UNAUTHORIZED", &json!({}));
    assert_eq!(sync(Some(ada())).await.status, 422, "a signed-in caller is not concerned");
}

#[actix_web::test]
async fn rate_limit_counts_invalid_token_by_address() {
    let (client, _) = limited(Rates { default: 2, ..Rates::default() });
    let bad = from(client, ONE, "GET", "/auth/me").bearer(&stranger()).send().await;
    assert_eq!((bad.status, standing(&bad)), (401, Some([2, 1, 30])));
    let anonymous = from(client, ONE, "GET", "/users/ada").bearer(&stranger()).send().await;
    assert_eq!((anonymous.status, standing(&anonymous)), (200, Some([2, 0, 60])));
    assert_refused(&get(client, ONE, "/users/ada").await, 30);
}

#[actix_web::test]
async fn rate_limit_reached_address_has_no_token_look_up() {
    let mut sessions = MockSessionReader::new();
    sessions.expect_principal().times(3).returning(|_, _| Ok(None));
    let clock = ManualClock::default();
    let limits = clock.limits(Rates { default: 3, ..Rates::default() });
    let client = World { sessions, limits, ..World::new() }.serve();
    let me = |address, token: String| from(client, address, "GET", "/auth/me").bearer(&token).send();
    for _ in 0..3 {
        me(ONE, stranger()).await.assert_error(401, "UNAUTHORIZED", &json!({}));
    }
    for token in [stranger(), ada()] {
        let unjudged = me(ONE, token).await;
        assert_refused(&unjudged, 20);
        assert_eq!(standing(&unjudged), Some([3, 0, 60]));
    }
    get(client, ONE, "/auth/me").await.assert_error(401, "UNAUTHORIZED", &json!({}));
}

#[actix_web::test]
async fn token_valid_is_looked_up_once_and_not_limited() {
    let (client, clock) = limited(Rates { default: 2, ..Rates::default() });
    for _ in 0..10 {
        let answer = from(client, ONE, "GET", "/auth/me").bearer(&ada()).send().await;
        assert_eq!(answer.status, 200);
        clock.pass(30);
    }
    let mut sessions = MockSessionReader::new();
    sessions.expect_principal().times(1).returning(|_, _| Ok(None));
    let client = World { sessions, ..World::new() }.serve();
    let answer = from(client, ONE, "GET", "/users/ada").bearer(&ada()).send().await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn rate_limit_refusal_precedes_validation() {
    let (client, _) = limited(Rates { sync: 1, default: 1, ..Rates::default() });
    let bad = |path: &str| {
        let request = from(client, ONE, "POST", path).bearer(&ada()).header("Content-Type", "text/plain");
        request.header("Content-Encoding", "nonsense").body("{").send()
    };
    assert_eq!(bad("/sync").await.status, 415);
    assert_refused(&bad("/sync").await, 60);
    assert_eq!(get(client, ONE, "/users/bob/stats").await.status, 403);
    assert_refused(&get(client, ONE, "/users/bob/stats").await, 60);
    assert_eq!(get(client, ONE, "/sync").await.status, 405);
}

#[actix_web::test]
async fn failed_logins_beyond_limit_get_retry_after() {
    let seconds_ago = |seconds| crate::support::world::NOW - time::Duration::seconds(seconds);
    let world = World { passwords: MockPasswordHasher::new(), failed_logins: Some(FailedLogins(2)), ..World::new() };
    let client = world
        .storing(move |tx| {
            let tries = vec![seconds_ago(18), seconds_ago(3)];
            let outcome = AttemptOutcome { let_through: false, tries };
            tx.users.expect_find_for_sign_in().returning(|_, _| Ok(None));
            tx.login_attempts.expect_note().returning(move |_, _, _, _| Ok(outcome.clone()));
        })
        .serve();
    for name in ["ada@example.org", "ada", "eve"] {
        let login = json!({"email": name, "password": "wrong"});
        let answer = client.post("/api/v1/auth/login", login.to_string()).await;
        assert_refused(&answer, 42);
        assert_eq!(standing(&answer), None);
    }
}

#[actix_web::test]
async fn openapi_document_has_429_for_limited_routes() {
    let document = World::new().serve().get("/api/v1/openapi.json").await.json();
    let operations = document["paths"].as_object().expect("paths").iter();
    let operations = operations.flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").values();
        methods.map(move |operation| (path, operation))
    });
    for (path, operation) in operations {
        let documented = operation["responses"].get("429");
        let reference = json!({"$ref": "#/components/responses/RateLimited"});
        assert_eq!(documented, (!path.contains("/health")).then_some(&reference), "{path}");
    }
    let headers = document.pointer("/components/responses/RateLimited/headers").and_then(Value::as_object);
    let headers: Vec<&String> = headers.expect("headers").keys().collect();
    assert_eq!(headers, ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"]);
}
