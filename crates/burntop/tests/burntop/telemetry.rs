//! Telemetry beside the logs: what both have counts once, and what only one has counts too.

use serde_json::json;

use crate::fake_server::FakeServer;
use crate::fixture_home::{FixtureHome, Response, SESSION, TELEMETRY};

/// A home whose telemetry is read.
fn home() -> FixtureHome {
    let home = FixtureHome::new();
    let directory = home.path(TELEMETRY);
    home.set("BURNTOP_EXTRA_DIRS", &format!("otlp:{}", directory.display()))
}

#[test]
fn responses_of_log_and_telemetry_are_sent_once_in_few_requests() {
    let (server, home) = (FakeServer::start(), home());
    let logged: Vec<_> = (1..=20).map(|hours| Response::new(format!("req_{hours}"), hours, 10)).collect();
    let helpers: Vec<_> = (1..=20).map(|hours| Response::new(format!("req_helper_{hours}"), hours, 3)).collect();
    home.log_claude(SESSION, &logged);
    home.log_telemetry(&logged);
    home.log_telemetry(&helpers);
    home.sign_in(&server.url());
    assert_eq!(home.json(&["sync"])["sources"][0]["sent"], 40);
    let tokens = logged.iter().chain(&helpers).map(Response::tokens).sum();
    assert_eq!(server.totals(), (40, tokens));
    assert_eq!(server.syncs().len(), 2, "one for each version of a reader");
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n");

    home.log_telemetry(&helpers);
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n", "events that are sent again");
    let doctor = home.json(&["doctor"]);
    assert_eq!(doctor["tools"].as_array().map(Vec::len), Some(1), "no other tool sends telemetry: {doctor}");
    let roots = doctor["tools"][0]["roots"].to_string();
    assert!(roots.contains(TELEMETRY), "{roots}");
    let explained = home.json(&["explain", SESSION]);
    assert_eq!(explained["sources"][0]["unlogged"], json!(null), "telemetry has these calls");
}

#[test]
fn end_of_an_unfinished_response_keeps_the_project_of_its_log() {
    let home = home();
    let start = Response::new("req_1", 1, 1);
    home.log_claude_without_end(SESSION, &start);
    assert_eq!(home.json(&["stats", "all"])["total"]["tokens"], json!(start.tokens()));
    let end = Response::new("req_1", 1, 500);
    home.log_telemetry(std::slice::from_ref(&end));
    let stats = home.json(&["stats", "all", "--by", "project"]);
    assert_eq!(stats["total"]["tokens"], json!(end.tokens()));
    assert_eq!(stats["groups"][0]["name"], json!(crate::fixture_home::DIRECTORY));
    assert_eq!(stats["groups"].as_array().map(Vec::len), Some(1));
}

#[test]
fn doctor_names_what_is_wrong_with_extra_directories() {
    let home = FixtureHome::new();
    home.write(&format!("{TELEMETRY}/other.txt"), "");
    let directory = home.path(TELEMETRY).display().to_string();
    let home = home.set("BURNTOP_EXTRA_DIRS", &format!("otlp:/nowhere,claude:/tmp,otlp:{directory}"));
    let warnings = home.json(&["doctor"])["warnings"].to_string();
    assert!(warnings.contains(&format!("{directory}, in which is no event of a tool.")), "{warnings}");
    assert!(warnings.contains("BURNTOP_EXTRA_DIRS names /nowhere, which is not there."), "{warnings}");
    assert!(warnings.contains("BURNTOP_EXTRA_DIRS names claude, which is no source"), "{warnings}");
}
