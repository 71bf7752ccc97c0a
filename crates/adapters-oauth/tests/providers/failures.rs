//! Failures of a provider: which requests are retried, and that no account is returned.

use std::time::Duration;

use adapters_oauth::{Application, GitHub};
use domain::identity::ProviderError;
use domain::identity::ports::IdentityProvider;
use http_client::script::{Script, ScriptedResponse, ok, respond, respond_with};
use tokio::net::TcpListener;

use crate::ours::{application, token, verifier};

const ISSUED: &str = r#"{"app": {"client_id": "our id"}, "user": {"id": 7, "login": "ada"}}"#;

fn failing() -> ScriptedResponse {
    respond(502, "<html>")
}

#[tokio::test]
async fn provider_safe_request_is_tried_three_times() {
    for trouble in [failing(), ScriptedResponse::HangUp] {
        let script = Script::of([trouble.clone(), trouble.clone(), ok(ISSUED), trouble.clone(), ok("[]")]).await;
        let account = GitHub::new(application(&script.url)).expect("a client").vouch(&token()).await;
        assert_eq!(account.expect("an account").subject, "7", "{trouble:?}");
        assert_eq!(script.lines().len(), 5);

        let script = Script::of([trouble.clone()]).await;
        let account = GitHub::new(application(&script.url)).expect("a client").vouch(&token()).await;
        assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
        assert_eq!(script.lines().len(), 3, "{trouble:?}");
    }
}

#[tokio::test]
async fn provider_code_that_may_have_arrived_is_not_resent() {
    for trouble in [failing(), ScriptedResponse::HangUp] {
        let script = Script::of([trouble.clone()]).await;
        let account = GitHub::new(application(&script.url)).expect("a client").exchange("code", &verifier()).await;
        assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
        assert_eq!(script.lines().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn provider_unreachable_error_contains_no_secret() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let github = GitHub::new(application(&format!("http://{port}"))).expect("a client");
    let error = github.exchange("the-code", &verifier()).await.expect_err("unreachable");
    assert!(matches!(&error, ProviderError::Unavailable(reason) if reason.contains("refused")), "{error:?}");
    for secret in ["our secret", "the-code", verifier().expose()] {
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
    }
}

#[tokio::test]
async fn provider_timeout_is_not_retried() {
    let script = Script::of([ScriptedResponse::Wait]).await;
    let application = Application { timeout: Duration::from_millis(50), ..application(&script.url) };
    let account = GitHub::new(application).expect("a client").vouch(&token()).await;
    assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
    assert_eq!(script.lines().len(), 1);
}

#[tokio::test]
async fn provider_redirect_is_not_followed() {
    let elsewhere = Script::of([ok(ISSUED)]).await;
    let location = format!("Location: {}/stolen", elsewhere.url);
    for status in [301, 302, 307, 308] {
        let script = Script::of([respond_with(status, location.clone(), "")]).await;
        let account = GitHub::new(application(&script.url)).expect("a client").vouch(&token()).await;
        assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn provider_answer_malformed_or_too_long_is_refused() {
    let endless = format!(r#"{{"app": "{}"}}"#, "x".repeat(300_000));
    for body in ["", "<html>", "[]", r#"{"app": {}}"#, &endless] {
        let script = Script::of([ok(body)]).await;
        let account = GitHub::new(application(&script.url)).expect("a client").vouch(&token()).await;
        assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
        assert_eq!(script.lines().len(), 1);
    }
    let script = Script::of([respond(429, "{}")]).await;
    let account = GitHub::new(application(&script.url)).expect("a client").vouch(&token()).await;
    assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
    let script = Script::of([ok(r#"{"access_token": "two\nlines"}"#)]).await;
    let account = GitHub::new(application(&script.url)).expect("a client").exchange("code", &verifier()).await;
    assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
    assert_eq!(script.lines().len(), 1);
}
