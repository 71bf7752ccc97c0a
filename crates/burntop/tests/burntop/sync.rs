//! Syncing: every response once, whatever fails in between.

use std::io::{BufRead, BufReader};

use crate::fake_server::{FakeServer, Fault};
use crate::fixture_home::{FixtureHome, Response, SESSION};

/// A signed-in home with `count` responses, and their tokens.
fn home_with(server: &FakeServer, count: u64) -> (FixtureHome, (usize, u64)) {
    let home = FixtureHome::new();
    let responses: Vec<_> = (0..count).map(|n| Response::new(format!("req_{n}"), 1, 10 + n)).collect();
    home.log_claude(SESSION, &responses);
    home.sign_in(&server.url());
    (home, (responses.len(), responses.iter().map(Response::tokens).sum()))
}

#[test]
fn sync_sends_each_response_once_and_only_what_is_new() {
    let server = FakeServer::start();
    let (home, expected) = home_with(&server, 3);
    let report = home.json(&["sync"]);
    assert_eq!(report["sources"][0]["sent"], 3);
    assert_eq!(server.totals(), expected);
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n");

    let more = Response::new("req_more", 0, 7);
    let tokens = expected.1 + more.tokens();
    home.log_claude(SESSION, &[more]);
    assert_eq!(home.json(&["sync"])["sources"][0]["sent"], 1);
    assert_eq!(server.totals(), (4, tokens));

    assert_eq!(home.json(&["sync", "--full"])["sources"][0]["sent"], 4);
    std::fs::remove_dir_all(home.path(".local/state/burntop")).expect("removed");
    assert_eq!(home.json(&["sync"])["sources"][0]["sent"], 4, "a lost state costs reading and sending again");
    assert_eq!(server.totals(), (4, tokens));
}

#[test]
fn sync_request_is_protocol_3_in_gzip() {
    let server = FakeServer::start();
    let (home, _) = home_with(&server, 1);
    home.text(&["sync"]);
    let request =
        server.requests().into_iter().find(|request| request.line.starts_with("POST /api/v1/sync")).expect("one");
    assert_eq!((request.encoding.as_str(), request.authorization.as_str()), ("gzip", "Bearer t_secret"));
    let body = request.json();
    assert_eq!((&body["version"], &body["source"]), (&"3.0.0".into(), &"claude-code".into()));
    assert!(body["parserVersion"].as_u64().is_some_and(|version| version > 0), "{body}");
    assert!(body.get("handover").is_none(), "the npm client was never here");
    let message = &body["messages"][0];
    assert_eq!((&message["id"], &message["model"]), (&"req_0".into(), &"claude-opus-4-5-20251101".into()));
    assert_eq!((&message["inputTokens"], &message["cacheReadTokens"]), (&1_000.into(), &200.into()));
}

#[test]
fn sync_batches_have_at_most_5000_messages() {
    let server = FakeServer::start();
    let (home, expected) = home_with(&server, 5_001);
    home.text(&["sync"]);
    let sizes: Vec<_> = server.syncs().iter().map(|body| body["messages"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(sizes, [5_000, 1]);
    assert_eq!(server.totals(), expected);
}

#[test]
fn sync_survives_busy_server_and_broken_connections() {
    for (name, faults) in [
        ("busy", vec![Fault::Busy(503), Fault::Busy(429)]),
        ("hangs up", vec![Fault::HangUp]),
        ("stores and hangs up", vec![Fault::LoseAnswer]),
    ] {
        let server = FakeServer::start();
        let (home, expected) = home_with(&server, 3);
        let count = faults.len();
        server.fail(faults);
        home.text(&["sync"]);
        assert_eq!((server.totals(), server.syncs().len()), (expected, count + 1), "{name}");
    }
}

#[test]
fn sync_refused_for_good_fails_and_next_run_goes_on() {
    for (status, code) in [(422, 5), (401, 3), (500, 5)] {
        let server = FakeServer::start();
        let (home, expected) = home_with(&server, 3);
        server.fail([Fault::Refuse(status)]);
        assert_eq!(home.failure(&["sync"]).0, code, "{status}");
        home.text(&["sync"]);
        assert_eq!(server.totals(), expected, "{status}");
    }
}

#[test]
fn sync_refused_source_does_not_hold_back_others() {
    let server = FakeServer::start();
    let (home, (count, tokens)) = home_with(&server, 3);
    home.log_codex("019a0000-0000-7000-8000-00000000aaaa", 1);
    server.fail([Fault::Refuse(422)]);
    let (code, text) = home.failure(&["sync"]);
    assert_eq!((code, server.totals()), (5, (1, 1_020)), "{text}");
    assert!(text.contains("The messages of claude-code were not accepted."), "{text}");
    home.text(&["sync"]);
    assert_eq!(server.totals(), (count + 1, tokens + 1_020));
}

#[test]
fn sync_answer_that_is_no_acknowledgement_fails_and_delivers_nothing() {
    for (answer, part) in [
        ("{}", "does not say how many messages were received"),
        (r#"{"messagesReceived": 2, "messagesSynced": 2}"#, "3 messages sent, 2 received"),
        ("[]", "not one of a burntop server"),
    ] {
        let server = FakeServer::start();
        let (home, expected) = home_with(&server, 3);
        server.fail([Fault::Pretend(answer)]);
        let (code, text) = home.failure(&["sync"]);
        assert!(code == 5 && text.contains(part), "{answer}: {code} {text}");
        assert!(home.json(&["doctor"])["last_sync"].is_null(), "{answer}");
        home.text(&["sync"]);
        assert_eq!(server.totals(), expected, "{answer}");
    }
}

#[test]
fn sync_killed_in_the_middle_ends_in_same_totals() {
    let server = FakeServer::start();
    let (home, expected) = home_with(&server, 5_001);
    server.fail([Fault::Hold]);
    let mut first = home.spawn(&["sync"]);
    server.wait_until_held();
    assert_eq!(home.failure(&["sync"]).0, 6, "one sync at a time");
    first.kill().expect("a child process");
    first.wait().expect("a child process");
    server.release();
    home.text(&["sync"]);
    assert_eq!(server.totals(), expected);
}

#[test]
fn sync_tells_that_it_waits_for_silent_server() {
    let server = FakeServer::start();
    let (home, expected) = home_with(&server, 3);
    server.fail([Fault::Hold]);
    let mut running = home.spawn(&["sync"]);
    let mut lines = BufReader::new(running.stderr.take().expect("a pipe")).lines();
    let notice = format!("Waiting for an answer from {}.", server.url());
    assert!(lines.any(|line| line.expect("UTF-8") == notice), "nothing is said");
    server.release();
    assert!(running.wait().expect("a child process").success());
    assert_eq!(server.totals(), expected);
}

#[test]
fn sync_body_refused_as_too_large_is_split() {
    let server = FakeServer::start();
    server.limit_messages(100);
    let (home, expected) = home_with(&server, 301);
    home.text(&["sync"]);
    assert_eq!(server.totals(), expected);
}

#[test]
fn sync_rejected_message_is_shown_and_not_sent_again() {
    let server = FakeServer::start();
    let (home, _) = home_with(&server, 2);
    server.fail([Fault::RejectFirst("too_many_models")]);
    let text = home.text(&["sync"]);
    assert!(text.contains("rejected 1 message: too_many_models"), "{text}");
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n");
    let report = home.json(&["doctor"]);
    assert!(report["warnings"].to_string().contains("rejected 1 message of claude-code: too_many_models"), "{report}");
    let rejected = report["rejected"].clone();
    assert_eq!(rejected, serde_json::json!([{"source": "claude-code", "reason": "too_many_models", "count": 1}]));
}

#[test]
fn sync_message_ahead_of_server_is_sent_again() {
    let server = FakeServer::start();
    let (home, expected) = home_with(&server, 2);
    server.fail([Fault::RejectFirst("timestamp_in_future")]);
    home.text(&["sync"]);
    home.text(&["sync"]);
    assert_eq!(server.totals(), expected);
}

#[test]
fn sync_to_another_account_sends_everything() {
    let (first, second) = (FakeServer::start(), FakeServer::start());
    let (home, expected) = home_with(&first, 3);
    home.text(&["sync"]);
    home.sign_in(&second.url());
    home.text(&["sync"]);
    assert_eq!((first.totals(), second.totals()), (expected, expected));
}

#[test]
fn sync_since_sends_only_later_usage_and_next_run_the_rest() {
    let server = FakeServer::start();
    let home = FixtureHome::new();
    home.log_claude(SESSION, &[Response::new("old", 24 * 9, 5), Response::new("new", 1, 5)]);
    home.sign_in(&server.url());
    home.text(&["sync", "--since", "7d"]);
    assert_eq!(server.totals().0, 1);
    home.text(&["sync"]);
    assert_eq!(server.totals().0, 2);
    assert_eq!(home.failure(&["sync", "--since", "someday"]).0, 2);
    assert_eq!(home.failure(&["sync", "--source", "pencil"]).0, 2);
}

#[test]
fn sync_dry_run_prints_exact_bodies_and_sends_nothing() {
    let server = FakeServer::start();
    let (home, expected) = home_with(&server, 3);
    let shown: serde_json::Value = serde_json::from_str(&home.text(&["sync", "--dry-run"])).expect("one body");
    assert!(server.syncs().is_empty());
    home.text(&["sync"]);
    let mut sent = server.syncs().remove(0);
    sent["syncedAt"] = shown["syncedAt"].clone();
    assert_eq!((sent, server.totals()), (shown.clone(), expected));

    assert_eq!(home.text(&["sync", "--dry-run"]), "");
    let mut full: serde_json::Value =
        serde_json::from_str(&home.text(&["sync", "--full", "--dry-run"])).expect("one body");
    full["syncedAt"] = shown["syncedAt"].clone();
    assert_eq!(full, shown);
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n", "a dry run changes nothing");
}

#[test]
fn sync_without_sign_in_sends_nothing() {
    let home = FixtureHome::new();
    home.log_claude(SESSION, &[Response::new("a", 1, 5)]);
    let (code, text) = home.failure(&["sync"]);
    assert_eq!(code, 3);
    assert!(text.contains("burntop login"), "{text}");
}
