//! What the person who runs burntop sees: metrics of the server and the worker, alerts and the dashboard on them, and health.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Batch, Database, Events, Scrape, Server, TestMessage, TestUser, Worker, wait_until};

const ANY_PORT: &str = "127.0.0.1:0";

/// A server and a worker on one database, with metrics.
async fn server_and_worker() -> (Server, Worker) {
    let server = Server::start_with(&[("METRICS_BIND", ANY_PORT)]).await;
    let worker = Worker::start(server.database(), &[("WORKER_METRICS_BIND", ANY_PORT)]);
    (server, worker)
}

async fn scrape(server: &Server) -> Scrape {
    Scrape::of(|| server.log()).await
}

async fn scrape_worker(worker: &Worker) -> Scrape {
    Scrape::of(|| worker.log()).await
}

/// Waits until the worker has run a refresh of the boards.
async fn boards_are_computed(worker: &Worker) {
    wait_until("the boards are computed", async || {
        let labels = [("kind", "leaderboard"), ("outcome", "done")];
        scrape_worker(worker).await.sum("burntop_job_attempts_total", &labels) > Some(0.0)
    })
    .await;
}

#[tokio::test]
async fn scrape_counts_requests_by_route_and_messages_by_outcome() {
    let server = Server::start_with(&[("METRICS_BIND", ANY_PORT)]).await;
    let ada = TestUser::register(&server, "ada").await;
    let batch = Batch::of([TestMessage::new("m1").output(7), TestMessage::new("m2").output(8)]);
    ada.sync(&batch).await;
    ada.sync(&batch).await;
    let mut dry_run = Batch::of([TestMessage::new("m3").output(9)]).json();
    dry_run["dryRun"] = json!(true);
    ada.try_sync(&dry_run).await.expect(200);
    ada.client.get("/users/ada").await.expect(200);
    ada.client.get("/users/eve").await.expect(404);
    for path in ["/nothing", "/something/else", "/users/a/b/c"] {
        ada.client.get(path).await.expect(404);
    }
    let brew = Method::from_bytes(b"BREW").expect("a method");
    ada.client.send(ada.client.request(brew, "/users/ada")).await.expect(405);

    let scraped = scrape(&server).await;
    let requests = |labels: &[(&str, &str)]| scraped.sum("burntop_http_requests_total", labels);
    let route = ("route", "/api/v1/users/{username}");
    assert_eq!(requests(&[("method", "GET"), route, ("status", "200")]), Some(1.0));
    assert_eq!(requests(&[("method", "GET"), route, ("status", "404")]), Some(1.0));
    assert_eq!(requests(&[("route", "/api/v1/sync"), ("status", "200")]), Some(3.0));
    assert_eq!(requests(&[("route", "unmatched"), ("status", "404")]), Some(3.0));
    assert_eq!(requests(&[("route", "unmatched"), ("method", "OTHER"), ("status", "405")]), Some(1.0));
    assert!(!scraped.text().contains("something") && !scraped.text().contains("BREW"), "no label is a client's text");
    let durations = [("method", "GET"), route];
    assert_eq!(scraped.sum("burntop_http_request_duration_seconds_count", &durations), Some(2.0));
    assert_eq!(scraped.sum("burntop_http_requests_in_flight", &[]), Some(0.0));
    for (outcome, expected) in [("new", 2.0), ("known", 2.0), ("updated", 0.0), ("rejected", 0.0)] {
        let messages = scraped.sum("burntop_sync_messages_total", &[("outcome", outcome)]);
        assert_eq!(messages, Some(expected), "{outcome}");
    }
    for pool in ["requests", "look_ups", "sign_in", "health", "jobs"] {
        let labels = [("pool", pool)];
        assert!(scraped.sum("burntop_database_connections_max", &labels) > Some(0.0), "{pool}");
        assert!(scraped.sum("burntop_database_connections", &labels).is_some(), "{pool}");
        assert_eq!(scraped.sum("burntop_database_wait_failures_total", &labels), Some(0.0), "{pool}");
    }
    assert!(scraped.sum("burntop_database_wait_seconds_count", &[("pool", "requests")]) >= Some(3.0));
    let build = [("program", "api-server"), ("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(scraped.sum("burntop_build_info", &build), Some(1.0));
    assert!(scraped.sum("process_resident_memory_bytes", &[]) > Some(1e6));
    assert!(scraped.sum("process_open_fds", &[]) > Some(3.0));
}

#[tokio::test]
async fn scrape_shows_the_instance_and_the_worker() {
    let (server, mut worker) = server_and_worker().await;
    let ada = TestUser::register(&server, "ada").await;
    let unpriced = TestMessage::new("m2").model("a-model-without-a-price").output(8);
    ada.sync(&Batch::of([TestMessage::new("m1").output(7), unpriced])).await;
    let stream = Events::open(&ada.client, None).await;
    boards_are_computed(&worker).await;

    let mut scraped = scrape(&server).await;
    wait_until("the server has read that", async || {
        scraped = scrape(&server).await;
        scraped.sum("burntop_board_age_seconds", &[]).is_some_and(|age| (0.0..3_600.0).contains(&age))
    })
    .await;
    assert_eq!(scraped.sum("burntop_database_up", &[]), Some(1.0));
    assert_eq!(scraped.sum("burntop_workers", &[]), Some(1.0));
    assert_eq!(scraped.sum("burntop_unpriced_messages", &[]), Some(1.0));
    assert_eq!(scraped.sum("burntop_feed_streams", &[]), Some(1.0));
    assert_eq!(scraped.sum("burntop_price_book_edition", &[]), Some(0.0));
    assert!(scraped.sum("burntop_price_table_age_seconds", &[]).is_some_and(f64::is_nan), "no table was ever read");
    let done = [("kind", "leaderboard"), ("state", "done")];
    assert!(scraped.sum("burntop_jobs", &done) > Some(0.0));
    drop(stream);

    let attempts = scrape_worker(&worker).await;
    let leaderboard = [("kind", "leaderboard")];
    assert!(attempts.sum("burntop_job_duration_seconds_count", &leaderboard) > Some(0.0));
    assert_eq!(attempts.sum("burntop_job_attempts_total", &[("outcome", "dead")]), Some(0.0));
    assert_eq!(attempts.sum("burntop_build_info", &[("program", "worker")]), Some(1.0));
    assert!(attempts.sum("burntop_database_connections", &[("pool", "jobs")]) > Some(0.0));
    assert_eq!(attempts.sum("burntop_workers", &[]), None, "servers report the state of the instance");

    assert_eq!(worker.terminate().await, Some(0));
    let database = server.database();
    database.rows("UPDATE jobs SET status = 'pending', run_at = now() - interval '1 hour' WHERE queue = 'leaderboard'");
    wait_until("the server sees no worker", async || {
        scraped = scrape(&server).await;
        scraped.sum("burntop_workers", &[]) == Some(0.0)
    })
    .await;
    assert!(scraped.sum("burntop_oldest_due_job_age_seconds", &leaderboard) > Some(3_599.0));
    assert_eq!(scraped.sum("burntop_oldest_due_job_age_seconds", &[("kind", "mail")]), Some(0.0));
}

#[tokio::test]
async fn scrape_without_the_database_has_the_other_values() {
    let server = Server::start_with(&[("METRICS_BIND", ANY_PORT)]).await;
    server.database().rows("ALTER TABLE jobs RENAME TO elsewhere");
    server.client().get("/health").await.expect(200);
    let scraped = scrape(&server).await;
    assert_eq!(scraped.sum("burntop_database_up", &[]), Some(0.0));
    for name in ["burntop_workers", "burntop_jobs", "burntop_oldest_due_job_age_seconds", "burntop_unpriced_messages"] {
        assert!(scraped.sum(name, &[]).is_some_and(f64::is_nan), "{name}");
    }
    assert!(scraped.sum("burntop_http_requests_total", &[("route", "/api/v1/health")]) > Some(0.0));
}

#[tokio::test]
async fn metrics_on_a_taken_address_fail_the_start_of_both_programs() {
    let database = Database::migrated();
    let taken = std::net::TcpListener::bind(ANY_PORT).expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for (program, arguments, variable) in
        [("api-server", &[][..], "METRICS_BIND"), ("worker", &["run"], "WORKER_METRICS_BIND")]
    {
        let output = database.command(program).args(arguments).env(variable, &address).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("{address} is in use")) && said.contains(variable), "{said}");
    }
}

#[tokio::test]
async fn worker_health_follows_the_worker() {
    let server = Server::start().await;
    let client = server.client();
    let state = async || {
        let answer = client.get("/health/worker").await;
        (answer.status, answer.json["status"].as_str().unwrap_or_default().to_owned(), answer.json.clone())
    };
    let (status, name, body) = state().await;
    assert_eq!((status, &*name), (503, "stale"), "{body}");
    assert_eq!((&body["last_seen_at"], &body["oldest_due_job_seconds"]), (&Value::Null, &Value::Null));

    let mut worker = Worker::start(server.database(), &[]);
    // Its first jobs are of times that have passed, so it can be behind for a moment.
    let mut body = Value::Null;
    wait_until("a worker is alive", async || {
        let (status, name, seen) = state().await;
        body = seen;
        status == 200 && name == "ok"
    })
    .await;
    assert!(body["last_seen_at"].is_string(), "{body}");
    worker.kill();
    wait_until("the lease of the killed worker expires", async || state().await.1 == "stale").await;

    let mut worker = Worker::start(server.database(), &[]);
    wait_until("another worker is alive", async || state().await.0 == 200).await;
    assert_eq!(worker.terminate().await, Some(0));
    let (status, name, body) = state().await;
    assert_eq!((status, &*name), (503, "stale"), "a worker that has shut down is gone at once");
    assert!(body["last_seen_at"].is_string(), "{body}");
    server.database().rows("ALTER TABLE worker_heartbeats RENAME TO elsewhere");
    assert_eq!(state().await.1, "degraded");
}

#[tokio::test]
async fn healthcheck_command_asks_the_running_server() {
    let mut server = Server::start().await;
    let port = server.client().address().port().to_string();
    let database = server.database().clone();
    let healthcheck = || {
        let mut command = database.command("api-server");
        let output = command.arg("healthcheck").env("PORT", &port).output().expect("it runs");
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
    };
    let url = format!("http://127.0.0.1:{port}/api/v1/health");
    assert_eq!(healthcheck(), (Some(0), format!("{url} answers 200\n")));
    server.kill();
    let (code, said) = healthcheck();
    assert!(code == Some(1) && said.contains(&format!("no answer from {url}")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// A directory of `config`.
fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name)
}

/// The names of burntop's metrics in `text`.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("burntop_") || word.starts_with("process_")).collect()
}

/// The queries of the dashboard.
fn dashboard_queries() -> Vec<String> {
    let text = fs::read_to_string(config("grafana/burntop.json")).expect("a dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().expect("a query").to_owned()).collect()
}

#[tokio::test]
async fn alerts_and_dashboard_name_metrics_that_are_served() {
    let (server, worker) = server_and_worker().await;
    TestUser::register(&server, "ada").await.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    boards_are_computed(&worker).await;
    let scraped = [scrape(&server).await, scrape_worker(&worker).await];
    let metrics: BTreeSet<_> = scraped.iter().flat_map(Scrape::names).collect();

    let alerts = fs::read_to_string(config("prometheus/alerts.yml")).expect("alerts");
    let alerts = metrics_in(&alerts);
    assert!(alerts.len() > 8, "{alerts:?}");
    assert_eq!(alerts.difference(&metrics).collect::<Vec<_>>(), [] as [&&str; 0], "in alerts");
    let queries = dashboard_queries();
    assert!(queries.len() > 15, "{queries:?}");
    for query in &queries {
        let named = metrics_in(query);
        assert!(!named.is_empty() && named.is_subset(&metrics), "{query}");
    }
    for scraped in &scraped {
        for name in scraped.names() {
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
            let is_described = [name, base].iter().any(|name| scraped.text().contains(&format!("# HELP {name} ")));
            assert!(is_described, "{name} has no HELP");
        }
        promtool(&["check", "metrics"], Path::new("."), Some(scraped.text()));
    }
}

#[test]
fn alerts_pass_their_tests() {
    let directory = config("prometheus");
    for arguments in [
        &["check", "config", "--syntax-only", "prometheus.yml"][..],
        &["check", "rules", "alerts.yml"],
        &["test", "rules", "alerts_test.yml"],
    ] {
        promtool(arguments, &directory, None);
    }
}

/// Runs `promtool` in `directory` with `input`; fails if it does. Prints a line instead where it is not installed.
fn promtool(arguments: &[&str], directory: &Path, input: Option<&str>) {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(directory).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: promtool {} ({error})", arguments.join(" "));
            return;
        }
    };
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.as_bytes()).expect("promtool reads");
    }
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "promtool {}: {said}", arguments.join(" "));
}
