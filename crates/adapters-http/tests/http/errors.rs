//! Every row of the error table, over the wire.

use std::io::Write;

use crate::support::{LIMIT, SYNC_LIMIT, server};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::json;

const WISHES: &str = "/api/v1/wishes";
const SYNC: &str = "/api/v1/sync";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &brotli::enc::BrotliEncoderParams::default()).expect("memory");
    packed
}

fn sync_body(messages: usize) -> Vec<u8> {
    let message = |index: usize| json!({"id": index.to_string(), "timestamp": "2026-11-22T12:30:00Z", "model": "m"});
    json!({
        "version": "2.0.0", "client": "test", "syncedAt": "2026-11-22T12:34:56.789Z", "source": "codex",
        "messages": (0..messages).map(message).collect::<Vec<_>>(),
    })
    .to_string()
    .into_bytes()
}

#[actix_web::test]
async fn domain_error_becomes_its_status_without_internals() {
    let client = server();
    for (kind, status, code, details) in [
        ("invalid", 400, "BAD_REQUEST", json!({})),
        ("unauthenticated", 401, "UNAUTHORIZED", json!({})),
        ("forbidden", 403, "FORBIDDEN", json!({})),
        ("conflict", 409, "CONFLICT", json!({"resource": "User", "field": "email"})),
        ("limited", 429, "RATE_LIMIT_EXCEEDED", json!({"retry_after": 12})),
        ("internal", 500, "INTERNAL_ERROR", json!({})),
        ("unavailable", 503, "SERVICE_UNAVAILABLE", json!({})),
        ("collided", 503, "SERVICE_UNAVAILABLE", json!({})),
    ] {
        let answer = client.get(&format!("/api/v1/failures/{kind}")).await;
        answer.assert_error(status, code, &details);
        let secret = String::from_utf8_lossy(&answer.body).contains("secret reason");
        assert_eq!(secret, status < 429, "{kind}");
        assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
        let retry_after = match status {
            429 => Some("12"),
            503 => Some("2"),
            _ => None,
        };
        assert_eq!(answer.header("retry-after"), retry_after);
    }
}

#[actix_web::test]
async fn unknown_route_is_named_in_the_error() {
    let client = server();
    let details = json!({"resource": "User", "field": "username", "value": "nobody"});
    client.get("/api/v1/people/nobody").await.assert_error(404, "NOT_FOUND", &details);
    for path in
        ["/", "/api/v1", "/api/v1/nothing", "/api/v1/people/a/b", "/docs/none.js", "/api/v2/health", "/%00", "/%FF"]
    {
        client.get(path).await.assert_error(404, "NOT_FOUND", &json!({"resource": "Route"}));
    }
}

#[actix_web::test]
async fn wrong_method_lists_the_supported_ones() {
    let client = server();
    for (method, path, allow) in [
        ("DELETE", WISHES, "OPTIONS, POST"),
        ("GET", SYNC, "OPTIONS, POST"),
        ("POST", "/api/v1/health", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/health/", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/people/ada", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/people/me", "OPTIONS, PATCH"),
        ("TRACE", "/api/v1/crash", "GET, HEAD, OPTIONS"),
        ("WHAT", "/docs", "GET, HEAD, OPTIONS"),
    ] {
        let answer = client.request(method, path).send().await;
        answer.assert_error(405, "METHOD_NOT_ALLOWED", &json!({}));
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        let options = client.request("OPTIONS", path).send().await;
        assert_eq!((options.status, options.header("allow")), (204, Some(allow)));
    }
    assert_eq!(client.get("/api/v1/people/me").await.json(), json!({"said": "me"}));
}

#[actix_web::test]
async fn panic_is_a_500_without_reason_and_server_continues() {
    let client = server();
    for _ in 0..3 {
        let answer = client.get("/api/v1/crash").await;
        answer.assert_error(500, "INTERNAL_ERROR", &json!({}));
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(client.get("/api/v1/health/live").await.status, 200);
}

#[actix_web::test]
async fn body_of_other_content_type_is_refused_and_missing_type_accepted() {
    let client = server();
    let body = r#"{"name": "ada"}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "///"] {
        for path in [WISHES, SYNC] {
            let answer = client.request("POST", path).header("Content-Type", kind).body(body).send().await;
            answer.assert_error(415, "UNSUPPORTED_MEDIA_TYPE", &json!({}));
        }
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        let answer = client.request("POST", WISHES).header("Content-Type", kind).body(body).send().await;
        assert_eq!((answer.status, answer.json()), (201, json!({"said": "ada"})), "{kind}");
    }
    assert_eq!(client.post(WISHES, body).await.status, 201);
}

#[actix_web::test]
async fn body_limit_applies_to_decoded_size() {
    let client = server();
    let large = format!(r#"{{"name": "ada", "x": "{}"}}"#, "x".repeat(LIMIT)).into_bytes();
    let bomb = vec![b' '; 64 << 20];
    let details = json!({"limit_bytes": LIMIT});
    client.post(WISHES, large.clone()).await.assert_error(413, "PAYLOAD_TOO_LARGE", &details);
    let chunked = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let answer = client.request("POST", WISHES).body(chunked).send_raw("Transfer-Encoding: chunked\r\n").await;
    answer.assert_error(413, "PAYLOAD_TOO_LARGE", &details);
    for (encoding, packed) in [("gzip", gzip(&bomb)), ("br", brotli(&bomb)), ("deflate", zlib(&bomb))] {
        let send = |path| client.request("POST", path).header("Content-Encoding", encoding).body(packed.clone()).send();
        send(WISHES).await.assert_error(413, "PAYLOAD_TOO_LARGE", &details);
        send(SYNC).await.assert_error(413, "PAYLOAD_TOO_LARGE", &json!({"limit_bytes": SYNC_LIMIT}));
    }
}

#[actix_web::test]
async fn body_compressed_is_decoded() {
    let client = server();
    let body = sync_body(900);
    for (encoding, packed) in [
        ("gzip", gzip(&body)),
        ("X-GZIP", gzip(&body)),
        ("br", brotli(&body)),
        ("deflate", zlib(&body)),
        ("identity", body.clone()),
    ] {
        let answer = client.request("POST", SYNC).header("Content-Encoding", encoding).body(packed).send().await;
        assert_eq!((answer.status, answer.json()), (200, json!({"said": "900"})), "{encoding}");
    }
}

#[actix_web::test]
async fn body_not_matching_its_encoding_is_a_400() {
    let client = server();
    let cut = gzip(&sync_body(10));
    for path in [WISHES, SYNC] {
        for (encoding, body) in [
            ("gzip", b"{}".to_vec()),
            ("gzip", cut[..cut.len() / 2].to_vec()),
            ("gzip", Vec::new()),
            ("br", b"{}".to_vec()),
            ("deflate", b"\xff{}".to_vec()),
            ("zstd", b"{}".to_vec()),
            ("gzip, br", b"{}".to_vec()),
            ("identity", b"{\"name\": \"\xff\"}".to_vec()),
        ] {
            let answer = client.request("POST", path).header("Content-Encoding", encoding).body(body).send().await;
            answer.assert_error(400, "BAD_REQUEST", &json!({}));
        }
    }
}

#[actix_web::test]
async fn body_that_never_arrives_times_out() {
    let client = server();
    for path in [WISHES, SYNC] {
        let answer = client.request("POST", path).body("{").send_raw("Content-Length: 100\r\n").await;
        answer.assert_error(400, "BAD_REQUEST", &json!({}));
    }
}

#[actix_web::test]
async fn body_problems_are_listed_together() {
    let client = server();
    let answer = client.post(WISHES, r#"{"name": 7, "count": -1}"#).await;
    assert_eq!(answer.problems(), [r#"["body","name"] string_type"#, r#"["body","count"] greater_than_equal"#]);
    answer.assert_error(422, "VALIDATION_ERROR", &json!({}));
    for (body, problem) in [
        ("", r#"["body"] json_invalid"#),
        ("{", r#"["body"] json_invalid"#),
        (&"[".repeat(4000), r#"["body"] json_invalid"#),
        ("[]", r#"["body"] value_error"#),
        ("{}", r#"["body","name"] missing"#),
        (r#"{"name": null}"#, r#"["body","name"] string_type"#),
        (r#"{"name": "a\u0000"}"#, r#"["body","name"] value_error"#),
        (r#"{"name": "a", "count": null}"#, r#"["body","count"] int_type"#),
        (r#"{"name": "a", "count": 9007199254740992}"#, r#"["body","count"] less_than_equal"#),
        (r#"{"name": "a", "count": 1e300}"#, r#"["body","count"] less_than_equal"#),
        (r#"{"name": "a", "count": 99999999999999999999999}"#, r#"["body","count"] less_than_equal"#),
    ] {
        assert_eq!(client.post(WISHES, body).await.problems(), [problem], "{body}");
    }
    assert_eq!(client.post(WISHES, r#"{"name": 1, "name": "ada", "more": [1]}"#).await.status, 201);
}

#[actix_web::test]
async fn sync_problems_are_listed_up_to_100() {
    let client = server();
    let body = format!(r#"{{"messages": [{}]}}"#, vec!["{}"; 500].join(","));
    let problems = client.post(SYNC, body).await.problems();
    assert_eq!((problems.len(), &*problems[0]), (100, r#"["body","version"] missing"#));
    assert_eq!(client.post(SYNC, sync_body(1001)).await.problems(), [r#"["body","messages"] too_long"#]);
}

#[actix_web::test]
async fn query_and_path_values_are_validated() {
    let client = server();
    for (query, problems) in [
        ("page=0&size=101", vec![r#"["query","page"] greater_than_equal"#, r#"["query","size"] less_than_equal"#]),
        ("page=x", vec![r#"["query","page"] int_parsing"#]),
        ("page=", vec![r#"["query","page"] int_parsing"#]),
        ("page=99999999999999999999", vec![r#"["query","page"] less_than_equal"#]),
        ("page=1%00", vec![r#"["query","page"] value_error"#]),
        ("other=%FF", vec![r#"["query","other"] value_error"#]),
        ("%FF=1", vec![r#"["query","%FF"] value_error"#]),
    ] {
        assert_eq!(client.get(&format!("/api/v1/people?{query}")).await.problems(), problems, "{query}");
    }
    for path in ["a%00b", "%FF", "%ff%fe", "%00"] {
        assert_eq!(client.get(&format!("/api/v1/people/{path}")).await.problems(), [r#"["path","name"] value_error"#]);
    }
    for (path, name) in [("a%2Fb", "a/b"), ("a%2541", "a%41"), ("a+b", "a+b"), ("a%20b", "a b"), ("%C3%BC", "ü")] {
        assert_eq!(client.get(&format!("/api/v1/people/{path}")).await.json(), json!({"said": name}));
    }
    let page = client.get("/api/v1/people?page=2&unknown=1&page=%33").await.json();
    assert_eq!(page, json!({"items": ["ada"], "total": 101, "page": 3, "size": 50, "pages": 3}));
}

#[actix_web::test]
async fn request_without_token_reveals_no_validation() {
    let client = server();
    let request = client.request("POST", "/api/v1/secrets/%00?page=x").header("Content-Type", "text/plain");
    request.body("{").send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
}
