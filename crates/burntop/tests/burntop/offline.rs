//! Commands that need no server.

use serde_json::json;

use crate::fixture_home::{FixtureHome, Response, SESSION};

/// Cost of a response: Claude Opus 4.5 costs 5 USD per million input tokens, 25 for output, 0.5 for reads and 6.25 for writes.
fn micro_dollars(output: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let output = output as f64;
    1_000.0 * 5.0 + output * 25.0 + 200.0 * 0.5 + 30.0 * 6.25
}

fn home() -> FixtureHome {
    let home = FixtureHome::new();
    home.log_claude(
        SESSION,
        &[Response::new("old", 24 * 9, 100), Response::new("yesterday", 25, 10), Response::new("now", 1, 1_000)],
    );
    home
}

#[test]
fn stats_are_priced_by_period() {
    let home = home();
    for (period, outputs) in
        [("day", &[1_000][..]), ("week", &[10, 1_000]), ("month", &[100, 10, 1_000]), ("all", &[100, 10, 1_000])]
    {
        let stats = home.json(&["stats", period]);
        let total = &stats["total"];
        let tokens: u64 = outputs.iter().map(|output| 1_230 + output).sum();
        let cost: f64 = outputs.iter().map(|output| micro_dollars(*output)).sum::<f64>() / 1e6;
        assert_eq!((&total["responses"], &total["tokens"]), (&json!(outputs.len()), &json!(tokens)), "{period}");
        assert!((total["cost"].as_f64().expect("a cost") - cost).abs() < 1e-6, "{period}: {total} {cost}");
        assert_eq!((&stats["current_streak"], &stats["longest_streak"]), (&json!(2), &json!(2)), "{period}");
    }
}

#[test]
fn stats_are_grouped() {
    let home = home();
    for (by, name) in [
        ("model", "claude-opus-4-5-20251101"),
        ("tool", "claude-code"),
        ("project", crate::fixture_home::DIRECTORY),
        ("session", SESSION),
    ] {
        let stats = home.json(&["stats", "--by", by]);
        assert_eq!((&stats["groups"][0]["name"], &stats["groups"][0]["responses"]), (&json!(name), &json!(3)), "{by}");
    }
    assert_eq!(home.json(&["stats", "--by", "day"])["groups"].as_array().map(Vec::len), Some(3));
    let text = home.text(&["stats"]);
    assert!(text.contains("claude-code") && text.contains("Streak: 2 days") && !text.contains('\x1b'), "{text}");
}

#[test]
fn stats_remember_what_tool_deleted() {
    let home = home();
    home.text(&["stats"]);
    std::fs::remove_dir_all(home.path(".claude")).expect("removed");
    assert_eq!(home.json(&["stats"])["total"]["responses"], 3);
}

#[test]
fn stats_set_damaged_database_aside_and_read_again() {
    let home = home();
    home.text(&["stats"]);
    home.write(".local/state/burntop/usage.db", &"this is no database ".repeat(100));
    assert_eq!(home.json(&["stats"])["total"]["responses"], 3);
    assert!(home.path(".local/state/burntop/usage.damaged").exists());
}

#[test]
fn wrong_time_zone_is_named_with_the_one_in_use() {
    let home = home().set("TZ", "Mars/Olympus");
    for command in [&["stats"][..], &["explain", "today"], &["sync", "--dry-run"]] {
        let warning = String::from_utf8(home.run(command).stderr).expect("UTF-8");
        assert!(warning.starts_with("warning: TZ is `Mars/Olympus`, which is not"), "{command:?}: {warning}");
        assert!(warning.contains(" Days are those of "), "{command:?}: {warning}");
    }
    assert!(home.json(&["doctor"])["warnings"].to_string().contains("TZ is `Mars/Olympus`"));
    assert!(home.run(&["statusline"]).stderr.is_empty());
    for system in ["", ":/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin"] {
        let home = FixtureHome::new().set("TZ", system);
        assert!(home.run(&["stats"]).stderr.is_empty(), "{system}");
    }
}

#[test]
fn stats_without_logs_are_zero() {
    let home = FixtureHome::new();
    assert_eq!(home.json(&["stats"])["total"]["tokens"], 0);
}

#[test]
fn stats_work_where_state_cannot_be_written() {
    let home = home().set("XDG_STATE_HOME", "/dev/null");
    assert_eq!(home.json(&["stats"])["total"]["responses"], 3);
}

#[test]
fn statusline_shows_today_from_state_only() {
    let home = home();
    assert_eq!(home.text(&["statusline"]), "burntop: run `burntop stats` once\n");
    home.text(&["stats"]);
    let line = home.text(&["statusline"]);
    assert_eq!(line, "2,230 tokens · $0.03 · 2-day streak\n");
    std::fs::remove_dir_all(home.path(".claude")).expect("removed");
    std::fs::remove_file(home.path(".local/state/burntop/usage.db")).expect("removed");
    assert_eq!(home.text(&["statusline"]), line, "neither logs nor the database are read");
    assert_eq!(home.json(&["statusline"])["tokens"], 2_230);
}

#[test]
fn explain_counts_files_lines_and_copies() {
    let home = home();
    for subject in ["today", SESSION, &SESSION[..8]] {
        let explained = home.json(&["explain", subject]);
        let source = &explained["sources"][0];
        let count = if subject == "today" { 1 } else { 3 };
        assert_eq!((&source["files_read"], &source["lines_read"]), (&json!(1), &json!(9)), "{subject}");
        assert_eq!(source["subject"]["responses"], count, "{subject}");
        assert!(source["copies_merged"].as_u64().is_some_and(|copies| copies >= 3), "{source}");
        assert!(source["unlogged"].is_string());
    }
    assert!(home.text(&["explain", "today"]).contains("copies merged"));
    assert!(home.text(&["explain", "2020-01-01"]).starts_with("No logs"));
    let stats = r#"{"dailyModelTokens":[{"date":"2020-01-01","tokensByModel":{"claude-opus-4":77}}]}"#;
    home.write(".claude/stats-cache.json", stats);
    assert!(home.text(&["explain", "2020-01-01"]).contains("claude-opus-4: 77 tokens of input and output; read: 0"));
    assert_eq!(home.failure(&["explain", "x"]).0, 2);
    let (code, text) = home.failure(&["explain", "2026-13-45"]);
    assert!(code == 2 && text.contains("`2026-13-45` is not a day"), "{code} {text}");
}

#[test]
fn doctor_names_tools_bad_lines_and_what_is_missing() {
    let home = home();
    home.write(
        ".claude/projects/p/0badcafe-0000-4000-8000-000000000000.jsonl",
        "{\"type\":\"assistant\",\"message\":{\"usage\": nonsense\n",
    );
    home.write(".kiro/sessions/cli/one.json", "{}");
    home.text(&["stats"]);
    let report = home.json(&["doctor"]);
    let tool = &report["tools"][0];
    assert_eq!(
        (&tool["source"], &tool["records"], &tool["problem_count"]),
        (&json!("claude-code"), &json!(3), &json!(1))
    );
    assert_eq!(tool["problems"][0]["line"], 1);
    assert!(tool["retention"]["days"].is_u64());
    assert!(report["without_tokens"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["tool"] == "Kiro")));
    assert!(home.text(&["doctor"]).contains("Not signed in"));
}

#[test]
fn doctor_warns_of_bad_lines_and_fails_for_unread_files() {
    let (server, home) = (crate::fake_server::FakeServer::start(), home());
    home.sign_in(&server.url());
    home.text(&["sync"]);
    assert!(home.text(&["doctor"]).ends_with("Everything is in order.\n"));
    home.write(".claude/projects/p/bad.jsonl", "{\"type\":\"assistant\",\"message\":{\"usage\": nonsense\n");
    let text = home.text(&["doctor"]);
    assert!(text.contains("warning: 1 problem with lines in the logs of claude-code."), "{text}");
    assert!(!text.contains("in order"), "{text}");
    let archive =
        ".codex/sessions/2026/11/01/rollout-2026-11-01T10-00-00-019a0000-0000-7000-8000-00000000bbbb.jsonl.zst";
    home.write(archive, "this is no archive");
    let output = home.run(&["doctor"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(7), "{text}");
    assert!(text.contains("problem: 1 file of codex could not be read, so usage is missing."), "{text}");
}

#[test]
fn home_that_does_not_exist_is_not_created() {
    let home = home();
    let missing = home.path("missing");
    let home = home.set("HOME", missing.to_str().expect("UTF-8"));
    let (code, message) = home.failure(&["stats"]);
    assert_eq!((code, message.contains("does not exist")), (1, true), "{message}");
    assert!(!missing.exists());
}

#[test]
fn files_in_places_of_directories_and_empty_databases_are_no_problem() {
    let home = home();
    for file in [".gemini", ".copilot/session-store.db", ".local/share/goose/sessions/sessions.db", ".qwen/projects"] {
        home.write(file, "");
    }
    let stats = home.json(&["stats"]);
    assert_eq!((&stats["problems"], &stats["total"]["responses"]), (&json!(0), &json!(3)));
}

#[test]
fn completions_are_printed_without_home() {
    for shell in ["bash", "fish", "zsh"] {
        let script = home().set("HOME", "").text(&["completions", shell]);
        assert!(script.contains("statusline"), "{shell}");
    }
}

#[test]
fn doctor_fails_if_server_does_not_answer() {
    let home = home();
    let server = crate::fake_server::FakeServer::start();
    home.sign_in(&server.url());
    assert_eq!(home.json(&["doctor"])["server"]["is_signed_in"], true);
    let credentials = home.read(".config/burntop/credentials.toml").replace(&server.url(), "http://127.0.0.1:1");
    home.write(".config/burntop/credentials.toml", &credentials);
    assert_eq!(home.failure(&["doctor"]).0, 7);
}
