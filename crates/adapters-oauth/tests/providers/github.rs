//! GitHub: the requests, and the meaning of the answers.

use adapters_oauth::GitHub;
use domain::identity::ports::IdentityProvider;
use domain::identity::{Email, ExternalAccount, OAuthState, ProviderError};
use http_client::script::{Script, ScriptedResponse, ok, respond, respond_with};

use crate::ours::{application, token, verifier};

const TOKEN: &str = r#"{"access_token": "gho_issued", "scope": "user:email", "token_type": "bearer"}"#;
const USER: &str = r#"{"id": 583231, "login": "octo-cat", "name": "Octo Cat", "avatar_url": "https://example.org/1.png",
                       "email": "public@example.org", "plan": {}}"#;
const EMAILS: &str = r#"[{"email": "other@example.org", "primary": false, "verified": true, "visibility": null},
                         {"email": "Octo@Example.org", "primary": true, "verified": true, "visibility": "public"}]"#;
const UNVERIFIED: &str = r#"[{"email": "other@example.org", "primary": false, "verified": true},
                             {"email": "octo@example.org", "primary": true, "verified": false}]"#;

fn issued(client_id: &str) -> ScriptedResponse {
    ok(format!(r#"{{"id": 1, "app": {{"name": "x", "client_id": "{client_id}"}}, "scopes": [], "user": {USER}}}"#))
}

fn github(script: &Script) -> GitHub {
    GitHub::new(application(&script.url)).expect("a client")
}

async fn exchange(
    acts: impl IntoIterator<Item = ScriptedResponse>,
) -> (Result<ExternalAccount, ProviderError>, Script) {
    let script = Script::of(acts).await;
    (github(&script).exchange("the code", &verifier()).await, script)
}

async fn vouch(acts: impl IntoIterator<Item = ScriptedResponse>) -> (Result<ExternalAccount, ProviderError>, Script) {
    let script = Script::of(acts).await;
    (github(&script).vouch(&token()).await, script)
}

#[tokio::test]
async fn github_authorize_url_has_all_parameters() {
    let state = OAuthState::of([7; 32]);
    let github = GitHub::new(application("https://github.example")).expect("a client");
    let url = github.authorize_url(&state, &verifier()).await.expect("an address");
    let (base, query) = url.split_once('?').expect("a query");
    assert_eq!(base, "https://github.example/login/oauth/authorize");
    let pairs: Vec<&str> = query.split('&').collect();
    let (state, challenge) = (state.as_str(), verifier().challenge());
    assert_eq!(
        pairs,
        [
            "client_id=our+id",
            "redirect_uri=https%3A%2F%2Fburntop.example.org%2Fapi%2Fv1%2Fauth%2Foauth%2Fx%2Fcallback",
            "response_type=code",
            "scope=user%3Aemail",
            &format!("state={state}"),
            &format!("code_challenge={challenge}"),
            "code_challenge_method=S256",
        ]
    );
}

#[tokio::test]
async fn github_code_gives_account_with_primary_verified_address() {
    let (account, script) = exchange([ok(TOKEN), ok(USER), ok(EMAILS)]).await;
    let account = account.expect("an account");
    assert_eq!((account.provider.as_str(), &*account.subject, &*account.login), ("github", "583231", "octo-cat"));
    assert_eq!(account.name.as_deref(), Some("Octo Cat"));
    assert_eq!(account.image.as_ref().map(domain::users::WebUrl::as_str), Some("https://example.org/1.png"));
    assert_eq!(account.verified_email, Some(Email::trusted("octo@example.org")));

    let requests = script.requests();
    assert_eq!(
        script.lines(),
        ["POST /login/oauth/access_token", "GET /api/user", "GET /api/user/emails?per_page=100"]
    );
    assert_eq!(requests[0].header("accept"), Some("application/json"));
    for part in ["client_id=our+id", "client_secret=our+secret", "code=the+code", "redirect_uri=https%3A%2F%2F"] {
        assert!(requests[0].body.contains(part), "{part} in {}", requests[0].body);
    }
    assert!(requests[0].body.ends_with(&format!("code_verifier={}", verifier().expose())), "{}", requests[0].body);
    for requests in &requests[1..] {
        assert_eq!(requests.header("authorization"), Some("Bearer gho_issued"));
        assert!(requests.header("user-agent").is_some_and(|agent| agent.starts_with("burntop/")));
    }
}

#[tokio::test]
async fn github_address_not_primary_and_verified_is_ignored() {
    for emails in [ok(UNVERIFIED), ok("[]"), respond(404, "{}"), respond(403, "{}")] {
        let (account, _) = exchange([ok(TOKEN), ok(USER), emails.clone()]).await;
        assert_eq!(account.expect("an account").verified_email, None, "{emails:?}");
    }
}

#[tokio::test]
async fn github_rate_limit_is_unavailable_not_missing_address() {
    for header in ["X-RateLimit-Remaining: 0", "Retry-After: 60"] {
        let (account, _) = exchange([ok(TOKEN), ok(USER), respond_with(403, header, "{}")]).await;
        assert!(matches!(account, Err(ProviderError::Unavailable(_))), "{account:?}");
    }
}

#[tokio::test]
async fn github_refused_code_is_not_retried() {
    let error = |name: &str| ok(format!(r#"{{"error": "{name}", "error_description": "…", "error_uri": "…"}}"#));
    for (name, expected) in [
        ("bad_verification_code", ProviderError::Refused("bad_verification_code".to_owned())),
        ("incorrect_client_credentials", ProviderError::RefusesUs("incorrect_client_credentials".to_owned())),
        ("redirect_uri_mismatch", ProviderError::RefusesUs("redirect_uri_mismatch".to_owned())),
    ] {
        let (account, script) = exchange([error(name)]).await;
        assert_eq!(account, Err(expected));
        assert_eq!(script.lines().len(), 1);
    }
    let (account, _) = exchange([respond(404, "Not Found")]).await;
    assert!(matches!(account, Err(ProviderError::RefusesUs(_))));
}

#[tokio::test]
async fn github_token_is_verified_with_application_credentials() {
    let (account, script) = vouch([issued("our id"), ok(EMAILS)]).await;
    let account = account.expect("an account");
    assert_eq!((&*account.subject, account.verified_email), ("583231", Some(Email::trusted("octo@example.org"))));
    let requests = script.requests();
    assert_eq!(script.lines(), ["POST /api/applications/our%20id/token", "GET /api/user/emails?per_page=100"]);
    assert_eq!(requests[0].header("authorization"), Some("Basic b3VyIGlkOm91ciBzZWNyZXQ="));
    assert_eq!(requests[0].body, r#"{"access_token":"token-of-a-client"}"#);
    assert_eq!(requests[1].header("authorization"), Some("Bearer token-of-a-client"));
}

#[tokio::test]
async fn github_token_of_another_application_is_refused() {
    let without_user = ok(r#"{"app": {"client_id": "our id"}, "user": null}"#);
    for act in [respond(404, "{}"), respond(422, "{}"), issued("their id"), without_user] {
        let (account, script) = vouch([act.clone()]).await;
        assert!(matches!(account, Err(ProviderError::Refused(_))), "{act:?}: {account:?}");
        assert_eq!(script.lines().len(), 1, "the token is not used further");
    }
    let (account, _) = vouch([respond(401, "{}")]).await;
    assert!(matches!(account, Err(ProviderError::RefusesUs(_))));
}
