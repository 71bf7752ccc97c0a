//! GitLab: the requests, and the meaning of the answers.

use adapters_oauth::GitLab;
use domain::identity::ports::IdentityProvider;
use domain::identity::{Email, ExternalAccount, OAuthState, ProviderError};
use http_client::script::{Script, ScriptedResponse, ok, respond};

use crate::ours::{application, token, verifier};

const TOKEN: &str =
    r#"{"access_token": "glo_issued", "token_type": "bearer", "expires_in": 7200, "refresh_token": "x"}"#;

fn user(confirmed_at: &str) -> ScriptedResponse {
    ok(format!(
        r#"{{"id": 7, "username": "tanuki.x", "name": "Tanuki", "avatar_url": null, "email": "T@Example.org",
            "confirmed_at": {confirmed_at}, "state": "active"}}"#
    ))
}

fn info(uid: &str, owner: u64) -> ScriptedResponse {
    ok(format!(r#"{{"resource_owner_id": {owner}, "scope": ["read_user"], "application": {{"uid": "{uid}"}}}}"#))
}

async fn exchange(
    acts: impl IntoIterator<Item = ScriptedResponse>,
) -> (Result<ExternalAccount, ProviderError>, Script) {
    let script = Script::of(acts).await;
    let gitlab = GitLab::new(application(&script.url)).expect("a client");
    (gitlab.exchange("the code", &verifier()).await, script)
}

async fn vouch(acts: impl IntoIterator<Item = ScriptedResponse>) -> (Result<ExternalAccount, ProviderError>, Script) {
    let script = Script::of(acts).await;
    let gitlab = GitLab::new(application(&script.url)).expect("a client");
    (gitlab.vouch(&token()).await, script)
}

#[tokio::test]
async fn gitlab_authorize_url_has_all_parameters() {
    let gitlab = GitLab::new(application("https://gitlab.example")).expect("a client");
    let url = gitlab.authorize_url(&OAuthState::of([7; 32]), &verifier()).await.expect("an address");
    assert!(url.starts_with("https://gitlab.example/oauth/authorize?client_id=our+id&"), "{url}");
    for part in ["response_type=code", "scope=read_user", "code_challenge_method=S256"] {
        assert!(url.contains(part), "{url}");
    }
}

#[tokio::test]
async fn gitlab_code_gives_account_with_confirmed_address() {
    for (confirmed, email) in [("\"2012-05-23T09:05:22Z\"", Some("t@example.org")), ("null", None)] {
        let (account, script) = exchange([ok(TOKEN), user(confirmed)]).await;
        let account = account.expect("an account");
        assert_eq!((account.provider.as_str(), &*account.subject, &*account.login), ("gitlab", "7", "tanuki.x"));
        assert_eq!((account.image, account.verified_email), (None, email.map(Email::trusted)));
        assert_eq!(script.lines(), ["POST /oauth/token", "GET /api/user"]);
        let requests = script.requests();
        assert!(requests[0].body.contains("grant_type=authorization_code"), "{}", requests[0].body);
        assert!(requests[0].body.contains(verifier().expose()));
        assert_eq!(requests[1].header("authorization"), Some("Bearer glo_issued"));
    }
}

#[tokio::test]
async fn gitlab_refused_code_is_refused() {
    for (status, name, ours) in [(400, "invalid_grant", false), (401, "invalid_client", true)] {
        let (account, script) = exchange([respond(status, format!(r#"{{"error": "{name}"}}"#))]).await;
        let name = name.to_owned();
        let expected = if ours { ProviderError::RefusesUs(name) } else { ProviderError::Refused(name) };
        assert_eq!(account, Err(expected));
        assert_eq!(script.lines().len(), 1);
    }
}

#[tokio::test]
async fn gitlab_token_of_another_application_or_user_is_refused() {
    let confirmed = "\"2012-05-23T09:05:22Z\"";
    let (account, script) = vouch([info("our id", 7), user(confirmed)]).await;
    assert_eq!(account.expect("an account").subject, "7");
    assert_eq!(script.lines(), ["GET /oauth/token/info", "GET /api/user"]);
    for acts in [
        vec![info("their id", 7), user(confirmed)],
        vec![info("our id", 8), user(confirmed)],
        vec![ok(r#"{"resource_owner_id": 7, "application": null}"#), user(confirmed)],
        vec![respond(401, r#"{"error": "invalid_token"}"#)],
        vec![info("our id", 7), respond(403, r#"{"error": "insufficient_scope"}"#)],
    ] {
        let (account, _) = vouch(acts.clone()).await;
        assert!(matches!(account, Err(ProviderError::Refused(_))), "{acts:?}: {account:?}");
    }
}
