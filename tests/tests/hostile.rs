//! Requests with hostile values: each is answered, and the server keeps working.

use reqwest::Method;
use tests::{AccountRows, Batch, Client, Random, Server, TestMessage, TestUser};

/// Values in JSON, most of them unexpected.
const VALUES: [&str; 46] = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1.5",
    "1e3",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "[]",
    "{}",
    "[[[[[[[[]]]]]]]]",
    r#"[{"a": [null]}]"#,
    r#""""#,
    r#"" ""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\udfff\ud800""#,
    r#""\ud83d\udc80""#,
    r#""\u202e\ufeff""#,
    r#""12""#,
    r#"" 12 ""#,
    r#""-12""#,
    r#""0x10""#,
    r#""1e3""#,
    r#""NaN""#,
    r#""'; DROP TABLE users; --""#,
    r#""%s%n\\""#,
    r#""../../etc/passwd""#,
    r#""0000-01-01T00:00:00Z""#,
    r#""9999-12-31T23:59:59.999999999Z""#,
    r#""9999-12-31T23:59:59-23:59""#,
    r#""2016-12-31T23:59:60Z""#,
    r#""2026-02-30T00:00:00Z""#,
    r#""+12026-01-01T00:00:00Z""#,
    r#""2026-03-04T12:00:00+99:99""#,
    r#""2026-03-04 12:00:00""#,
    r#""2026-03-04T12:00:00.1234567890123456789Z""#,
    r#""Europe/Berlin""#,
    r#""Etc/GMT+12""#,
];

const REQUEST: [&str; 12] = [
    "version",
    "client",
    "machineId",
    "syncedAt",
    "source",
    "timezone",
    "messages",
    "inputIncludesCached",
    "reasoningIncludedInOutput",
    "parserVersion",
    "dryRun",
    "machine_id",
];

const MESSAGE: [&str; 14] = [
    "id",
    "timestamp",
    "model",
    "provider",
    "sessionId",
    "project",
    "serviceTier",
    "reportedCostUsd",
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheCreationTokens",
    "cacheCreation1hTokens",
    "reasoningTokens",
];

/// An object with these fields. Of two fields with the same name the later one counts.
fn object(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// The fields of a JSON object.
fn fields(json: &serde_json::Value) -> Vec<(String, String)> {
    json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// One of the values, and sometimes a long text.
fn value(random: &mut Random) -> String {
    if random.number(0..20) == 0 {
        let letter = *random.one_of(&["x", "ü", "\u{1F480}"]);
        return format!("\"{}\"", letter.repeat(*random.one_of(&[50, 51, 100, 200, 201, 5_000])));
    }
    (*random.one_of(&VALUES)).to_owned()
}

async fn send(client: &Client, method: Method, path: &str, body: String) -> u16 {
    let request = client.request(method, path).header("content-type", "application/json").body(body.clone());
    let answer = client.send(request).await;
    match answer.status {
        200..300 => {}
        422 => drop(answer.problems()),
        400 => drop(answer.expect_error(400, "BAD_REQUEST")),
        401 => drop(answer.expect_error(401, "UNAUTHORIZED")),
        409 => drop(answer.expect_error(409, "CONFLICT")),
        413 => drop(answer.expect_error(413, "PAYLOAD_TOO_LARGE")),
        status => panic!("{status} for {body}: {}", answer.text),
    }
    answer.status
}

#[tokio::test]
async fn sync_with_any_values_is_accepted_or_refused() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let mut random = Random::seeded(61);
    let mut taken = 0;
    for number in 0..250 {
        let message = TestMessage::new(format!("m{number}")).input(10).output(20).cache(3, 4).reasoning(5);
        let mut message = fields(&message.json());
        let mut request = fields(&Batch::of([]).json());
        request.retain(|(name, _)| name != "messages");
        for _ in 0..random.number(0..3) {
            message.push(((*random.one_of(&MESSAGE)).to_owned(), value(&mut random)));
        }
        request.push(("messages".to_owned(), format!("[{}]", object(&message))));
        if random.number(0..2) == 0 {
            request.push(((*random.one_of(&REQUEST)).to_owned(), value(&mut random)));
        }
        taken += u32::from(send(&ada.client, Method::POST, "/sync", object(&request)).await == 200);
    }
    assert!((25..225).contains(&taken), "{taken}: some are fine and some are not");
    let facts = AccountRows::of(server.database(), "ada");
    assert!(facts.messages() > 25, "{}", facts.messages());
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn profile_or_login_with_any_values_is_accepted_or_refused() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let mut random = Random::seeded(62);
    let profile = ["name", "bio", "location", "region", "website_url", "image", "is_public", "timezone", "username"];
    let account = ["email", "password", "username", "name", "timezone", "referral_code"];
    for _ in 0..100 {
        let body = object(&[((*random.one_of(&profile)).to_owned(), value(&mut random))]);
        send(&ada.client, Method::PATCH, "/users/me", body).await;
        let good = serde_json::json!({"email": "b@example.org", "password": "short", "username": "bob"});
        let mut body = fields(&good);
        body.push(((*random.one_of(&account)).to_owned(), value(&mut random)));
        send(&server.client(), Method::POST, "/auth/register", object(&body)).await;
        let body = [("email", value(&mut random)), ("password", value(&mut random))];
        let body = body.map(|(name, value)| (name.to_owned(), value));
        send(&server.client(), Method::POST, "/auth/login", object(&body)).await;
    }
    ada.get("/auth/me").await;
}

#[tokio::test]
async fn path_with_any_values_is_found_or_not() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let parts = [
        "ada",
        "me",
        "%00",
        "%FF",
        "%2F",
        "..",
        "%2e%2e",
        "a%20b",
        "%F0%9F%92%80",
        "'",
        "\"",
        "<script>",
        "%25",
        "+",
        "0",
        "-1",
        "1e9",
        "99999999999999999999",
        "%",
        "%zz",
        "all",
        "week",
        "null",
        "2026",
        "-9999",
        "10000",
        "32767",
        "32768",
    ];
    let routes = [
        "/users/{}",
        "/users/{}/stats",
        "/users/{}/level",
        "/users/{}/heatmap",
        "/users/ada/heatmap?year={}",
        "/users/ada/trends?days={}",
        "/users/ada/tools?period={}",
        "/dashboard/trends?days={}",
        "/dashboard/models?period={}",
        "/dashboard/{}",
        "/auth/sessions/{}",
        "/{}",
    ];
    for route in routes {
        for part in parts {
            let path = route.replace("{}", part);
            let answer = ada.client.get(&path).await;
            assert!(
                [200, 304, 404, 405, 422].contains(&answer.status),
                "{} for {path}: {}",
                answer.status,
                answer.text
            );
            if path == "/users/me" {
                // This path is valid, and would delete the account.
                continue;
            }
            let answer = ada.client.delete(&path).await;
            assert!([404, 405, 422].contains(&answer.status), "{} for {path}: {}", answer.status, answer.text);
        }
    }
}
