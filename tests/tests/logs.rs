//! The log: a line of a request tells who asked for what, how it ended and why.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use jiff::ToSpan;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Batch, Database, Server, TestMessage, TestUser, now, wait_until};

/// The line of the request with `correlation_id`, once it is written.
async fn line_of(server: &Server, correlation_id: &str) -> String {
    let field = format!("correlation_id={correlation_id} ");
    let find =
        || server.log().lines().find(|line| line.contains(&field) && line.contains("request_log")).map(str::to_owned);
    wait_until("the line is written", async || find().is_some()).await;
    find().expect("a line")
}

#[track_caller]
fn assert_fields(line: &str, fields: &[&str]) {
    for field in fields {
        assert!(
            line.contains(&format!("{field} ")) || line.contains(&format!("{field}}}")),
            "{field} is missing: {line}"
        );
    }
}

#[tokio::test]
async fn request_line_tells_caller_client_route_status_and_counts_of_a_sync() {
    let server = Server::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let ada = TestUser::register(&server, "ada").await;
    let future = TestMessage::new("late").at(now() + 72.hours()).output(1);
    let messages = [TestMessage::new("m1").output(7), TestMessage::new("m2").output(8), future];
    let request = ada.client.request(Method::POST, "/sync").json(&Batch::of(messages).json());
    let request = request.header("X-Correlation-ID", "sync-1").header("X-Forwarded-For", "203.0.113.9");
    ada.client.send(request).await.expect(200);

    let line = line_of(&server, "sync-1").await;
    assert!(line.contains(" INFO ") && line.ends_with("request served"), "{line}");
    assert_fields(
        &line,
        &["client=203.0.113.9", "method=POST", "username=ada", "route=\"/api/v1/sync\"", "status=200"],
    );
    assert_fields(&line, &["new=2", "updated=0", "known=0", "rejected=1", "rejected_for=\"timestamp_in_future\""]);
    assert!(line.contains(" user_id=") && line.contains(" duration_ms="), "{line}");
}

#[tokio::test]
async fn request_line_of_a_server_error_has_its_cause_once_and_the_client_has_not() {
    let server = Server::start_with(&[("LOG_LEVEL", "error,api_server=info")]).await;
    let ada = TestUser::register(&server, "ada").await;
    server.database().rows("ALTER TABLE usage_sources RENAME TO moved_away");
    let request = ada.client.request(Method::GET, "/dashboard/tools").header("X-Correlation-ID", "broken-1");
    let error = ada.client.send(request).await.expect_error(500, "INTERNAL_ERROR");
    assert!(!error.to_string().contains("usage_sources"), "{error}");

    let line = line_of(&server, "broken-1").await;
    assert!(line.contains("ERROR") && line.ends_with("request failed"), "{line}");
    assert_fields(&line, &["username=ada", "route=\"/api/v1/dashboard/tools\"", "status=500"]);
    assert!(line.contains("reason=") && line.contains("usage_sources"), "{line}");
    assert_eq!(server.log().matches("broken-1").count(), 1, "{}", server.log());
}

#[tokio::test]
async fn probe_that_succeeds_is_logged_at_debug() {
    for (level, expected) in [("info", false), ("debug", true)] {
        let server = Server::start_with(&[("LOG_LEVEL", level)]).await;
        for path in ["/health", "/health/live", "/health/ready"] {
            server.client().get(path).await.expect(200);
        }
        server.client().get("/users/nobody").await.expect(404);
        wait_until("the last line is written", async || server.log().contains("/users/{username}")).await;
        assert_eq!(server.log().contains("/health/ready\""), expected, "{level}: {}", server.log());
    }
}

#[tokio::test]
async fn request_line_has_no_method_that_a_client_invented() {
    let server = Server::start().await;
    let method = Method::from_bytes("E".repeat(5_000).as_bytes()).expect("a method");
    let request = server.client().request(method, "/users/nobody").header("X-Correlation-ID", "long-1");
    server.client().send(request).await.expect(405);
    let line = line_of(&server, "long-1").await;
    assert!(line.contains("method=OTHER ") && line.len() < 1_000, "{line}");
}

#[tokio::test]
async fn start_line_names_version_configuration_and_database() {
    let database = Arc::new(Database::migrated());
    let file = database.home().join("burntop.toml");
    fs::write(&file, "[app]\nname = 'here'\n").expect("a file");
    let file = file.to_str().expect("UTF-8");
    let server = Server::start_on(database, &[("BURNTOP_CONFIG", file)]).await;
    let log = server.log();
    let first = log.lines().next().unwrap_or_default();
    assert!(first.contains("starting version=") && first.contains(&format!("configuration=\"{file}\"")), "{log}");
    assert!(log.lines().any(|line| line.contains("database found database=")), "{log}");
}

#[tokio::test]
async fn connections_name_their_purpose_in_postgresql() {
    let server = Server::start().await;
    TestUser::register(&server, "ada").await;
    let names = server.database().rows(
        "SELECT DISTINCT application_name FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'burntop %' ORDER BY 1",
    );
    for purpose in ["requests", "sign_in", "health", "notifications"] {
        assert!(names.contains(&format!("burntop {purpose}")), "{purpose} is missing: {names}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_log_has_no_other_lines_and_tells_the_first_administrator() {
    let database = Arc::new(Database::migrated());
    fs::set_permissions(database.home(), Permissions::from_mode(0o711)).expect("permissions");
    let settings = [("DATABASE_URL", ""), ("LOG_JSON_FORMAT", "true")];
    let mut server = Server::start_on(database, &settings).await;
    server.client().post("/auth/login", &json!({"username": "eve", "password": "x"})).await;
    server.terminate().await;
    let log = server.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
    let line =
        |message: &str| lines.iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains(message)));
    let url = line("no account yet").and_then(|line| line["url"].as_str()).expect("a URL");
    assert!(url.contains("/register?"), "{url}");
    let request = |line: &&Value| line["span"]["route"] == json!("/api/v1/auth/login");
    let span = &lines.iter().find(request).expect("the line of the sign-in")["span"];
    assert_eq!((&span["client"], &span["status"]), (&json!("127.0.0.1"), &json!(401)), "{log}");
}
