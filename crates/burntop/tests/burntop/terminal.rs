//! What a terminal obeys is not printed, wherever it comes from.

use crate::fake_server::{FakeServer, Fault};
use crate::fixture_home::{FixtureHome, Response, SESSION};

/// Clears the screen, sets the title, changes the order of characters and adds a line.
const HOSTILE: &str = "x\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}2J\u{7f}\u{202e}\r\nForged line.";

/// Runs the command, and checks all that it prints.
#[track_caller]
fn prints_harmless_text(home: &FixtureHome, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    let text = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8(output.stderr).expect("UTF-8");
    let obeyed = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(obeyed, None, "{arguments:?}: {text:?}");
    let forged = text.lines().any(|line| line.starts_with("Forged"));
    assert!(!forged, "{arguments:?}: {text}");
    text
}

#[test]
fn texts_of_server_are_printed_without_control_characters() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    home.log_claude(SESSION, &[Response::new("a", 1, 5), Response::new("b", 1, 5)]);
    server.rename_user(HOSTILE);
    home.sign_in(&server.url());
    assert!(prints_harmless_text(&home, &["whoami"]).contains("x[2J"));
    server.fail([Fault::RefuseFor(HOSTILE), Fault::Say(HOSTILE)]);
    for (arguments, part) in
        [(&["sync"][..], "status 422: x[2J"), (&["sync"], "rejected 1 message: x[2J"), (&["doctor"], ", as x[2J")]
    {
        let text = prints_harmless_text(&home, arguments);
        assert!(text.contains(part), "{arguments:?}: {text}");
        prints_harmless_text(&home, &["doctor", "--json"]);
    }
    server.fail([Fault::Say(HOSTILE)]);
    prints_harmless_text(&home, &["sync", "--full", "--json"]);
}

#[cfg(unix)]
#[test]
fn paths_and_logs_are_printed_without_control_characters() {
    let home = FixtureHome::new();
    home.log_claude(SESSION, &[Response::new("a", 1, 5)]);
    let line = home.read(&format!(".claude/projects/-home-eve-{}/{SESSION}.jsonl", crate::fixture_home::DIRECTORY));
    let hostile = serde_json::to_string(HOSTILE).expect("JSON");
    let line = line.replace("\"claude-opus-4-5-20251101\"", &hostile).replace(&format!("\"{SESSION}\""), &hostile);
    home.write(
        &format!(".claude/projects/{HOSTILE}/one.jsonl"),
        &(line + "{\"type\":\"assistant\",\"message\":{\"usage\": nonsense\n"),
    );
    for arguments in [
        &["stats", "--by", "model"][..],
        &["stats", "--by", "session"],
        &["stats", "--by", "session", "--json"],
        &["sync", "--dry-run"],
        &["explain", "today"],
        &["explain", "today", "--json"],
        &["doctor"],
        &["doctor", "--json"],
    ] {
        prints_harmless_text(&home, arguments);
    }
    assert!(home.text(&["doctor"]).contains("x[2J"));
}
