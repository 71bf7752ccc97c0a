//! Fetching: which failures are retried, and which answers are refused.

use std::time::Duration;

use adapters_pricing::FetchLimits;
use domain::pricing::ports::{FetchOutcome, PriceSource, SourceError};
use http_client::script::{ReceivedRequest, Script, ScriptedResponse, ok, respond, respond_with};
use tokio::net::TcpListener;

use crate::tables::{limits, table, table_of};

const TABLE: &str = r#"{"gpt-9": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 1e-06}}"#;

fn unavailable(fetched: &Result<FetchOutcome, SourceError>) -> bool {
    matches!(fetched, Err(SourceError::Unavailable(_)))
}

fn nonsense(fetched: &Result<FetchOutcome, SourceError>) -> bool {
    matches!(fetched, Err(SourceError::Nonsense(_)))
}

#[tokio::test]
async fn table_with_known_etag_is_not_sent_again() {
    let script =
        Script::of([respond_with(200, "ETag: W/\"one\"", TABLE), respond_with(304, "ETag: W/\"one\"", "")]).await;
    let source = table_of(&script);
    let Ok(FetchOutcome::Table { etag, entries }) = source.fetch(None).await else { panic!("no table") };
    assert_eq!((etag.as_deref(), entries.len()), (Some("W/\"one\""), 1));
    assert_eq!(source.fetch(etag).await, Ok(FetchOutcome::Unchanged));
    let requests = script.requests();
    assert_eq!([0, 1].map(|n| requests[n].header("if-none-match")), [None, Some("W/\"one\"")]);
    let names_us =
        |requests: &ReceivedRequest| requests.header("user-agent").is_some_and(|agent| agent.starts_with("burntop/"));
    assert!(requests.iter().all(names_us), "{requests:?}");
}

#[tokio::test]
async fn table_without_usable_etag_is_accepted() {
    let script = Script::of([ok(TABLE)]).await;
    assert!(matches!(table_of(&script).fetch(None).await, Ok(FetchOutcome::Table { etag: None, .. })));
    let endless = format!("ETag: \"{}\"", "x".repeat(500));
    let script = Script::of([respond_with(200, endless, TABLE)]).await;
    assert!(matches!(table_of(&script).fetch(None).await, Ok(FetchOutcome::Table { etag: None, .. })));
}

#[tokio::test]
async fn table_unrequested_304_is_unavailable() {
    let script = Script::of([respond(304, "")]).await;
    let fetched = table_of(&script).fetch(None).await;
    assert!(unavailable(&fetched), "{fetched:?}");
}

#[tokio::test]
async fn table_server_failure_is_tried_three_times() {
    for trouble in [respond(500, "oops"), ScriptedResponse::HangUp] {
        let script = Script::of([trouble.clone(), trouble.clone(), ok(TABLE)]).await;
        assert!(table_of(&script).fetch(None).await.is_ok(), "{trouble:?}");
        let script = Script::of([trouble.clone()]).await;
        let fetched = table_of(&script).fetch(None).await;
        assert!(unavailable(&fetched), "{fetched:?}");
        assert_eq!(script.requests().len(), 3, "{trouble:?}");
    }
}

#[tokio::test]
async fn table_server_refusal_is_not_retried() {
    for status in [400, 403, 404, 429] {
        let script = Script::of([respond(status, TABLE)]).await;
        let fetched = table_of(&script).fetch(None).await;
        assert!(unavailable(&fetched), "{fetched:?}");
        assert_eq!(script.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn table_server_timeout_is_not_retried() {
    let script = Script::of([ScriptedResponse::Stall]).await;
    let source = table(&script.url, FetchLimits { timeout: Duration::from_millis(50), ..limits() });
    let fetched = source.fetch(None).await;
    assert!(unavailable(&fetched), "{fetched:?}");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn table_server_unreachable_error_hides_password() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let fetched = table(&format!("http://ada:hunter2@{port}/t"), limits()).fetch(None).await;
    assert!(unavailable(&fetched) && !format!("{fetched:?}").contains("hunter2"), "{fetched:?}");
}

#[tokio::test]
async fn table_larger_than_limit_is_refused() {
    let big = format!(r#"{{"x": "{}"}}"#, "y".repeat(100_000));
    let script = Script::of([ok(big)]).await;
    let fetched = table_of(&script).fetch(None).await;
    assert!(nonsense(&fetched), "{fetched:?}");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn table_malformed_is_refused_and_not_retried() {
    for body in ["", "<html>", "[]", "{}", r#"{"message": "try later"}"#, r#"{"gpt-9": {"mode": "chat""#] {
        let script = Script::of([ok(body)]).await;
        let fetched = table_of(&script).fetch(None).await;
        assert!(nonsense(&fetched), "{body}: {fetched:?}");
        assert_eq!(script.requests().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn table_redirect_is_followed_only_on_same_host() {
    let script = Script::of([respond_with(301, "Location: /moved.json", ""), ok(TABLE)]).await;
    assert!(table_of(&script).fetch(None).await.is_ok());
    assert!(script.lines()[1] == "GET /moved.json");

    let elsewhere = Script::of([ok(TABLE)]).await;
    for status in [301, 302, 307, 308] {
        let script = Script::of([respond_with(status, format!("Location: {}", elsewhere.url), "")]).await;
        let fetched = table_of(&script).fetch(None).await;
        assert!(unavailable(&fetched), "{fetched:?}");
    }
    assert!(elsewhere.requests().is_empty());

    let circle = Script::of([respond_with(302, "Location: /table.json", "")]).await;
    let fetched = table_of(&circle).fetch(None).await;
    assert!(unavailable(&fetched), "{fetched:?}");
    assert_eq!(circle.requests().len(), 4);
}
