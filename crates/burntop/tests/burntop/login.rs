//! Signing in and out.

use crate::fake_server::FakeServer;
use crate::fixture_home::FixtureHome;

const CREDENTIALS: &str = ".config/burntop/credentials.toml";

#[test]
fn login_through_browser_stores_api_token_and_ends_session() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    let output = home.run(&["login", &server.url()]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert!(err.contains(&format!("{}/register creates one", server.url())), "{err}");
    assert!(err.contains("BCDF-GHJK") && out.contains("as ada"), "{out}{err}");
    assert!(home.read(CREDENTIALS).contains("t_issued"));
    let requests = server.requests();
    let issued = requests.iter().find(|request| request.line.starts_with("POST /api/v1/auth/tokens")).expect("issued");
    assert_eq!(issued.json()["scopes"], serde_json::json!(["sync", "read"]));
    let ended = requests.iter().find(|request| request.line.starts_with("POST /api/v1/auth/logout")).expect("ended");
    assert_eq!(ended.authorization, "Bearer s_session");
    assert_eq!(home.json(&["whoami"])["username"], "ada");

    assert_eq!(home.text(&["logout"]), "Signed out. The server no longer accepts the token.\n");
    let revoked =
        server.requests().into_iter().any(|request| request.line.starts_with("DELETE /api/v1/auth/tokens/token-id"));
    assert!(revoked && !home.path(CREDENTIALS).exists());
    assert_eq!(home.text(&["logout"]), "You were not signed in.\n");
    assert_eq!(home.failure(&["whoami"]).0, 3);
}

#[test]
fn login_refused_or_expired_stores_nothing() {
    for outcome in ["access_denied", "expired_token"] {
        let (server, home) = (FakeServer::start(), FixtureHome::new());
        server.answer_device_login(outcome);
        assert_eq!(home.failure(&["login", &server.url()]).0, 3, "{outcome}");
        assert!(!home.path(CREDENTIALS).exists(), "{outcome}");
    }
}

#[test]
fn login_with_token_reads_standard_input_and_keeps_file_private() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    home.sign_in(&server.url());
    assert!(home.read(CREDENTIALS).contains("t_secret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(home.path(CREDENTIALS)).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    let refused = home.run_with_input(&["login", &server.url(), "--token"], "t_wrong\n");
    assert_eq!(refused.status.code(), Some(3));
    assert!(home.read(CREDENTIALS).contains("t_secret"), "a failed sign-in leaves the earlier one");
    assert_eq!(home.run_with_input(&["login", &server.url(), "--token"], "\n").status.code(), Some(2));
}

#[test]
fn login_with_token_names_missing_scope() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    for (token, scope) in [("t_read", "`sync`"), ("t_sync", "`read`")] {
        let (code, text) = home.failure(&["login", &server.url(), "--token", token]);
        assert!(code == 3 && text.contains(&format!("The token lacks the scope {scope}.")), "{token}: {code} {text}");
        assert!(!home.path(CREDENTIALS).exists(), "{token}");
    }
    server.set_older_release(true);
    home.sign_in(&server.url());
}

#[test]
fn logout_says_how_to_end_token_that_server_keeps() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    server.require_session();
    home.json(&["login", &server.url()]);
    let text = home.text(&["logout"]);
    let request = format!("DELETE {}/api/v1/auth/tokens/token-id", server.url());
    assert!(text.contains("still valid") && text.contains(&request), "{text}");
    assert!(!home.path(CREDENTIALS).exists());

    home.sign_in(&server.url());
    let report = home.json(&["logout"]);
    assert_eq!((&report["is_revoked"], &report["left_token"]["server"]), (&false.into(), &server.url().into()));
    home.sign_in(&server.url());
    assert!(home.text(&["logout"]).contains(&format!("GET {}/api/v1/auth/tokens", server.url())));
}

#[test]
fn logout_without_server_forgets_token() {
    let (server, home) = (FakeServer::start(), FixtureHome::new());
    home.sign_in(&server.url());
    let credentials = home.read(CREDENTIALS).replace(&server.url(), "http://127.0.0.1:1");
    home.write(CREDENTIALS, &credentials);
    assert_eq!(home.failure(&["whoami"]).0, 4, "unreachable");
    assert!(home.text(&["logout"]).contains("still valid"));
    assert!(!home.path(CREDENTIALS).exists());
}

#[test]
fn login_address_that_is_none_is_wrong_usage() {
    let home = FixtureHome::new();
    let (code, text) = home.failure(&["login", "ftp://example.org"]);
    assert_eq!(code, 2);
    assert!(text.contains("must be http or https"), "{text}");
}
