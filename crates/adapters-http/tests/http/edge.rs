//! What is true of every answer: its headers, its encoding, its document.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::routes::FLOODS_ENDED;
use crate::support::{Client, FRESH, OneId, Request, listen_within, routes, server, start};
use actix_web::rt::net::TcpStream;
use adapters_http::app::app;
use adapters_http::edge::{Edge, EdgeSettings};
use adapters_http::server::ServerLimits;
use domain::clock::{Clock, FixedClock};
use domain::jobs::WorkerStatus;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn get(client: Client, path: &str) -> Request {
    client.request("GET", path)
}

#[actix_web::test]
async fn correlation_id_valid_is_echoed_and_other_replaced() {
    let client = server();
    let long = "x".repeat(128);
    let too_long = "x".repeat(129);
    let fresh = FRESH.to_string();
    for (sent, echoed) in [
        ("abc-123!~", "abc-123!~"),
        (&long, &long),
        (&too_long, &fresh),
        ("has space", &fresh),
        ("tab\tbed", &fresh),
        ("ümlaut", &fresh),
        ("", &fresh),
    ] {
        for path in ["/api/v1/health", "/nothing", "/api/v1/crash"] {
            let answer = get(client, path).header("X-Correlation-ID", sent).send().await;
            assert_eq!(answer.header("x-correlation-id"), Some(echoed), "{sent} {path}");
        }
    }
    assert_eq!(client.get("/api/v1/health").await.header("x-correlation-id"), Some(&*fresh));
}

#[actix_web::test]
async fn path_with_trailing_slash_is_equal() {
    let client = server();
    for path in ["/api/v1/health/", "/api/v1/health/live//", "/docs/", "/redoc/", "/api/v1/people/?page=2"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    assert_eq!(client.post("/api/v1/wishes/", r#"{"name": "ada"}"#).await.status, 201);
}

#[actix_web::test]
async fn head_is_answered_like_get_without_body() {
    let client = server();
    for path in ["/api/v1/health", "/api/v1/shared", "/api/v1/people/ada", "/docs", "/nothing", "/api/v1/crash"] {
        let (head, get) = (client.request("HEAD", path).send().await, client.get(path).await);
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    let packed = client.request("HEAD", "/api/v1/shared").header("Accept-Encoding", "gzip").send().await;
    assert_eq!((packed.status, packed.header("content-encoding"), packed.body.len()), (200, Some("gzip"), 0));
    assert_eq!(client.request("HEAD", "/api/v1/stream").send().await.status, 200);
}

#[actix_web::test]
async fn response_is_compressed_as_the_client_accepts() {
    let client = server();
    let plain = client.get("/api/v1/shared").await;
    assert_eq!(plain.header("content-encoding"), None);
    let packed = get(client, "/api/v1/shared").header("Accept-Encoding", "gzip").send().await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed.body).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
    let packed = get(client, "/api/v1/shared").header("Accept-Encoding", "br").send().await;
    assert_eq!(packed.header("content-encoding"), Some("br"));
    for impossible in ["identity;q=0", "*;q=0", "bzip2, identity;q=0"] {
        let answer = get(client, "/api/v1/shared").header("Accept-Encoding", impossible).send().await;
        assert_eq!((answer.status, answer.body), (200, plain.body.clone()), "{impossible}");
    }
}

#[actix_web::test]
async fn stream_events_are_sent_at_once_despite_compression() {
    let first = get(server(), "/api/v1/stream").header("Accept-Encoding", "gzip, br").send_until("keepalive").await;
    assert_eq!((first.status, first.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(String::from_utf8_lossy(&first.body), "event: keepalive\n\n");
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn client_that_does_not_read_is_disconnected() {
    let mut connection = get(server(), "/api/v1/flood").open().await;
    let mut byte = [0];
    assert_eq!(connection.read(&mut byte).await.expect("an answer begins"), 1);
    while FLOODS_ENDED.load(Ordering::SeqCst) == 0 {
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn response_always_has_security_headers() {
    let client = server();
    for path in ["/api/v1/health", "/nothing", "/docs", "/redoc", "/api/v1/crash", "/docs/swagger-ui-bundle.js"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(
            answer.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'"))
        );
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    let (https, _) = start(EdgeSettings { https: true, ..EdgeSettings::default() });
    assert!(https.get("/nothing").await.header("strict-transport-security").is_some());
}

#[actix_web::test]
async fn cors_allows_configured_origins_only() {
    let origins = vec!["https://burntop.dev".to_owned(), "http://localhost:3000/".to_owned()];
    let (client, _) = start(EdgeSettings { cors_origins: origins, ..EdgeSettings::default() });
    for origin in ["https://burntop.dev", "http://localhost:3000"] {
        for path in ["/api/v1/health", "/nothing", "/api/v1/crash"] {
            let answer = get(client, path).header("Origin", origin).send().await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert_eq!(
                answer.header("access-control-expose-headers"),
                Some("ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Correlation-ID")
            );
            assert!(answer.headers.iter().any(|(name, value)| name == "vary" && value == "Origin"));
        }
        let preflight = client.request("OPTIONS", "/api/v1/wishes").header("Origin", origin);
        let preflight = preflight.header("Access-Control-Request-Method", "POST").send().await;
        assert_eq!((preflight.status, preflight.header("access-control-max-age")), (204, Some("600")));
        assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
        assert!(preflight.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
        assert!(preflight.header("access-control-allow-headers").is_some_and(|names| names.contains("Authorization")));
    }
    for origin in ["https://evil.example", "null", "https://burntop.dev.evil.example", "*"] {
        let preflight = client.request("OPTIONS", "/api/v1/wishes").header("Origin", origin);
        let preflight = preflight.header("Access-Control-Request-Method", "POST").send().await;
        let answer = get(client, "/api/v1/health").header("Origin", origin).send().await;
        for answer in [preflight, answer] {
            assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control-")), "{origin}");
        }
    }
}

#[actix_web::test]
async fn response_is_cacheable_only_if_public() {
    let client = server();
    let first = client.get("/api/v1/shared").await;
    assert_eq!(first.header("cache-control"), Some("public, no-cache"));
    assert_eq!(first.header("vary"), Some("Authorization"));
    let tag = first.header("etag").expect("a tag").to_owned();
    for known in [tag.as_str(), "*", &format!("\"other\", {tag}"), tag.trim_start_matches("W/")] {
        let again = get(client, "/api/v1/shared").header("If-None-Match", known).send().await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(&*tag)), "{known}");
    }
    let head = client.request("HEAD", "/api/v1/shared").header("If-None-Match", &tag).send().await;
    assert_eq!((head.status, head.header("etag"), head.header("vary")), (304, Some(&*tag), Some("Authorization")));
    let other = get(client, "/api/v1/shared").header("If-None-Match", "\"other\"").send().await;
    assert_eq!(other.status, 200);
    let known = get(client, "/api/v1/shared").header("Authorization", "Bearer s_x").header("If-None-Match", &tag);
    let known = known.send().await;
    assert_eq!((known.status, known.header("cache-control")), (200, Some("private, no-store")));
    assert_eq!(known.header("etag"), None);
    assert_eq!(client.get("/api/v1/lasting").await.header("cache-control"), Some("public, max-age=900"));
    assert_eq!(client.get("/api/v1/people/ada").await.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn request_beyond_timeout_ends_with_its_handler() {
    let origins = vec!["https://burntop.dev".to_owned()];
    let request_timeout = Duration::from_millis(20);
    let (client, _) = start(EdgeSettings { cors_origins: origins, request_timeout, ..EdgeSettings::default() });
    let answer = get(client, "/api/v1/forever").header("Origin", "https://burntop.dev").send().await;
    answer.assert_error(503, "SERVICE_UNAVAILABLE", &json!({}));
    assert_eq!((answer.header("retry-after"), answer.header("x-frame-options")), (Some("2"), Some("DENY")));
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://burntop.dev"));
}

#[actix_web::test]
async fn request_head_beyond_timeout_is_disconnected() {
    // Long enough for the whole head at the end, also on a busy machine.
    let limits = ServerLimits { workers: 1, head_timeout: Duration::from_secs(2), ..ServerLimits::default() };
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(datetime!(2026-11-22 12:34:56.789 UTC)));
    let edge = Edge::new(clock, Arc::new(OneId), EdgeSettings::default());
    let client = listen_within(&limits, move || app(&edge, routes::all()));
    let mut stream = TcpStream::connect(client.0).await.expect("the server listens");
    stream.write_all(b"GET /api/v1/lasting HTTP/1.1\r\nHost: t").await.expect("the server listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server ends the connection");
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(client.get("/api/v1/lasting").await.status, 200);
}

#[actix_web::test]
async fn health_names_the_failing_component() {
    let (client, wellbeing) = start(EdgeSettings::default());
    let timestamp = "2026-11-22T12:34:56.789Z";
    let answer = client.get("/api/v1/health").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.json(), json!({"status": "ok", "timestamp": timestamp, "checks": {"database": "ok"}}));
    assert_eq!(client.get("/api/v1/health/ready").await.status, 200);

    wellbeing.draining.store(true, Ordering::SeqCst);
    let ready = client.get("/api/v1/health/ready").await;
    assert_eq!((ready.status, &ready.json()["checks"]["serving"]), (503, &json!("error")));
    wellbeing.database_gone.store(true, Ordering::SeqCst);
    let answer = client.get("/api/v1/health").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")));
    assert_eq!(answer.json(), json!({"status": "degraded", "timestamp": timestamp, "checks": {"database": "error"}}));
    assert_eq!(client.get("/api/v1/health/live").await.status, 200);
}

#[actix_web::test]
async fn worker_health_is_503_without_a_worker_and_names_the_oldest_job() {
    let (client, wellbeing) = start(EdgeSettings::default());
    let timestamp = "2026-11-22T12:34:56.789Z";
    let seen = datetime!(2026-11-22 12:30 UTC);
    let status = |alive, due_for| WorkerStatus { alive, last_seen_at: Some(seen), oldest_due_for: due_for };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (name, found, expected, state, due_for) in [
        ("idle", status(1, None), 200, "ok", json!(null)),
        ("busy", status(1, seconds(59)), 200, "ok", json!(59)),
        ("behind", status(1, seconds(3_600)), 200, "behind", json!(3_600)),
        ("gone", status(0, None), 503, "stale", json!(null)),
    ] {
        *wellbeing.worker.lock().expect("a status") = found;
        let answer = client.get("/api/v1/health/worker").await;
        assert_eq!((answer.status, answer.header("cache-control")), (expected, Some("no-store")), "{name}");
        assert_eq!(answer.header("retry-after").is_some(), expected == 503, "{name}");
        let body = json!({"status": state, "timestamp": timestamp, "last_seen_at": "2026-11-22T12:30:00Z",
            "oldest_due_job_seconds": due_for});
        assert_eq!(answer.json(), body, "{name}");
    }
    wellbeing.database_gone.store(true, Ordering::SeqCst);
    let answer = client.get("/api/v1/health/worker").await;
    let body =
        json!({"status": "degraded", "timestamp": timestamp, "last_seen_at": null, "oldest_due_job_seconds": null});
    assert_eq!((answer.status, answer.json()), (503, body));
}

#[actix_web::test]
async fn openapi_document_has_every_operation_and_status() {
    let document = server().get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let statuses = |path: &str, method: &str| -> Vec<String> {
        let responses = document["paths"][path][method]["responses"].as_object();
        responses.expect("an operation").keys().cloned().collect()
    };
    assert_eq!(statuses("/api/v1/health", "get"), ["200", "500", "503"]);
    assert_eq!(statuses("/api/v1/people/{name}", "get"), ["200", "404", "422", "429", "500", "503"]);
    assert_eq!(
        statuses("/api/v1/secrets/{name}", "post"),
        ["204", "400", "401", "403", "413", "415", "422", "429", "500", "503"]
    );
    let mut ids = Vec::new();
    let operations = document["paths"].as_object().expect("paths").values().filter_map(Value::as_object);
    for operation in operations.flat_map(|item| item.values()) {
        assert!(operation["summary"].is_string(), "{operation}");
        ids.push(operation["operationId"].to_string());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 17);
    assert_eq!(references(&document).into_iter().find(|name| document.pointer(&name[1..]).is_none()), None);
}

/// Every `$ref` in the document.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[actix_web::test]
async fn api_pages_load_nothing_foreign() {
    let client = server();
    for page in ["/docs", "/redoc"] {
        let html = client.get(page).await;
        assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let html = String::from_utf8(html.body).expect("text");
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script>"), "{html}");
        for link in html.split(['"']).filter(|text| text.starts_with('/')) {
            assert_eq!(client.get(link).await.status, 200, "{link}");
        }
    }
}
