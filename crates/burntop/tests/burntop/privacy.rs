//! What leaves the machine: no prompts, no paths, no names of files; names of projects only if they are wanted.

use crate::fake_server::FakeServer;
use crate::fixture_home::{DIRECTORY, EMAIL, FixtureHome, PROMPT, Response, SESSION, TELEMETRY};

/// Everything that a server receives from a home with `settings`, in all commands that send something.
fn received(settings: &str) -> String {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    let telemetry = home.path(TELEMETRY);
    let home = home.set("BURNTOP_EXTRA_DIRS", &format!("otlp:{}", telemetry.display()));
    home.log_telemetry(&[Response::new("b", 1, 5), Response::new("helper", 1, 5)]);
    home.write(".config/burntop/config.toml", settings);
    home.log_claude(SESSION, &[Response::new("a", 30, 5), Response::new("b", 1, 5)]);
    home.log_codex("019a0000-0000-7000-8000-00000000aaaa", 2);
    home.run(&["login", &server.url()]);
    home.text(&["sync"]);
    home.text(&["sync", "--full"]);
    home.run(&["doctor"]);
    home.text(&["whoami"]);
    home.text(&["logout"]);
    server.requests().into_iter().map(|request| request.line + "\n" + &request.body + "\n").collect()
}

#[test]
fn requests_have_no_prompt_path_or_file_name() {
    for settings in ["", "projects = \"hashed\""] {
        let received = received(settings);
        assert!(received.contains("\"messages\""), "something was sent");
        assert!(received.contains("\"helper\""), "telemetry was sent");
        for secret in
            [PROMPT, EMAIL, TELEMETRY, DIRECTORY, SESSION, "019a0000", "rollout-", ".jsonl", ".claude", "/home/"]
        {
            assert!(!received.contains(secret), "{secret} with {settings:?}");
        }
        assert_eq!(received.contains("\"project\":\"#"), !settings.is_empty(), "{settings:?}");
    }
}

#[test]
fn requests_have_project_names_if_wanted() {
    let received = received("projects = \"plain\"");
    assert!(received.contains(&format!("\"project\":\"{DIRECTORY}\"")));
    for secret in [PROMPT, SESSION, ".jsonl", "/home/"] {
        assert!(!received.contains(secret), "{secret}");
    }
}

#[test]
fn misspelt_privacy_setting_sends_nothing() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    home.sign_in(&server.url());
    home.write(".config/burntop/config.toml", "project = \"off\"");
    home.log_claude(SESSION, &[Response::new("a", 1, 5)]);
    assert_eq!(home.failure(&["sync"]).0, 2);
    assert!(server.syncs().is_empty());
}
