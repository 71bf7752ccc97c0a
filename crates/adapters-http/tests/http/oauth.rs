//! `/auth/oauth`, over the wire.

use std::sync::{Arc, Mutex};

use domain::identity::ports::MockIdentityProvider;
use domain::identity::{
    Credential, Email, ExternalAccount, LinkedAccount, OAuthState, PkceVerifier, ProviderError, ProviderName, Session,
};
use domain::ids::UserId;
use domain::users::Presence;
use serde_json::json;

use crate::support::Client;
use crate::support::client::TestResponse;
use crate::support::world::{ADA, ALL_SCOPES, BOB, NOW, World, ada, api_token, bob, github};

const BEGIN: &str = "/api/v1/auth/oauth/github";
const CALLBACK: &str = "/api/v1/auth/oauth/github/callback";
const DEVICE: &str = "/api/v1/auth/oauth/github/device";
const ACCOUNTS: &str = "/api/v1/auth/oauth/accounts";
const LINK: &str = "/api/v1/auth/oauth/github/link";

/// Ada at the provider.
fn account() -> ExternalAccount {
    ExternalAccount {
        provider: ProviderName::trusted("github"),
        subject: "7".to_owned(),
        login: "ada".to_owned(),
        name: None,
        image: None,
        verified_email: Some(Email::trusted("ada@example.org")),
        organizations: Vec::new(),
    }
}

/// A provider that knows Ada by the code `good` and the token `gho_good`, and answers otherwise with `failure`.
fn knowing_ada(failure: &ProviderError) -> MockIdentityProvider {
    let mut provider = github();
    let (one, two) = (failure.clone(), failure.clone());
    provider.expect_exchange().returning(move |code, verifier| {
        let fits = code == "good" && *verifier == PkceVerifier::of([7; 32]);
        if fits { Ok(account()) } else { Err(one.clone()) }
    });
    provider.expect_vouch().returning(
        move |token| {
            if token.expose() == "gho_good" { Ok(account()) } else { Err(two.clone()) }
        },
    );
    provider
}

/// A world where Ada's account at the provider is `owner`'s.
fn world(owner: Option<UserId>, failure: &ProviderError, opened: &Arc<Mutex<Vec<Session>>>) -> World {
    let opened = opened.clone();
    let world = World { github: knowing_ada(failure), ..World::new() };
    world.storing(move |tx| {
        tx.external_accounts.expect_owner().returning(move |_, _, _| Ok(owner));
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        tx.external_accounts.expect_touch().returning(|_, _| Ok(true));
        tx.sessions.expect_is_open().returning(|_, _, _| Ok(true));
        tx.external_accounts.expect_has().returning(|user, _| Ok(user == BOB));
        tx.external_accounts.expect_insert().returning(|link| Ok(link.user != BOB));
        let opened = opened.clone();
        tx.sessions.expect_insert().returning(move |session| {
            opened.lock().expect("sessions").push(session.clone());
            Ok(())
        });
    })
}

fn refused() -> ProviderError {
    ProviderError::Refused("bad_verification_code".to_owned())
}

fn known_ada() -> Client {
    world(Some(ADA), &refused(), &Arc::default()).serve()
}

/// The cookie as a browser sends it back, and its attributes.
fn cookie(answer: &TestResponse) -> (String, String) {
    let set = answer.header("set-cookie").expect("a cookie");
    let (pair, attributes) = set.split_once("; ").expect("attributes");
    (pair.to_owned(), attributes.to_owned())
}

fn location(answer: &TestResponse) -> &str {
    assert_eq!((answer.status, answer.header("cache-control")), (302, Some("no-store")));
    answer.header("location").expect("a location")
}

async fn come_back(client: Client, query: &str, cookie: Option<&str>) -> TestResponse {
    let request = client.request("GET", &format!("{CALLBACK}?{query}"));
    match cookie {
        Some(cookie) => request.header("Cookie", cookie).send().await,
        None => request.send().await,
    }
}

#[actix_web::test]
async fn oauth_start_redirects_to_provider_with_path_cookie() {
    for (https, secure) in [(true, true), (false, false)] {
        let answer = World { https, ..World::new() }.serve().get(BEGIN).await;
        let (state, challenge) = (OAuthState::of([7; 32]), PkceVerifier::of([7; 32]).challenge());
        let expected =
            format!("https://github.example/login/oauth/authorize?state={}&code_challenge={challenge}", state.as_str());
        assert_eq!(location(&answer), expected);
        let (pair, attributes) = cookie(&answer);
        assert!(pair.starts_with("oauth_state="), "{pair}");
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/api/v1/auth/oauth/github", "Max-Age=600"] {
            assert!(attributes.split("; ").any(|known| known == attribute), "{attribute} in {attributes}");
        }
        assert_eq!(attributes.contains("Secure"), secure, "{attributes}");
    }
}

#[actix_web::test]
async fn oauth_callback_with_valid_code_signs_in_at_the_frontend() {
    let opened = Arc::default();
    let client = world(Some(ADA), &refused(), &opened).serve();
    let (pair, _) = cookie(&client.get(BEGIN).await);
    let state = OAuthState::of([7; 32]);
    let answer = come_back(client, &format!("code=good&state={}", state.as_str()), Some(&pair)).await;
    let token = location(&answer).strip_prefix("https://app.example.org/auth/callback?token=").expect("a token");
    let session = opened.lock().expect("sessions").pop().expect("a session");
    assert_eq!((Credential::parse(token), session.user), (Some(Credential::Session(session.token)), ADA));
    let (pair, attributes) = cookie(&answer);
    assert_eq!(pair, "oauth_state=");
    assert!(attributes.contains("Max-Age=0") && attributes.contains("Path=/api/v1/auth/oauth/github"), "{attributes}");
    assert!(answer.body.is_empty());
}

#[actix_web::test]
async fn oauth_callback_failure_states_an_error_and_removes_the_cookie() {
    let client = known_ada();
    let (good, _) = cookie(&client.get(BEGIN).await);
    let state = OAuthState::of([7; 32]);
    let state = state.as_str();
    let (with, changed) = (Some(good.as_str()), good.replacen("oauth_state=", "oauth_state=1", 1));
    for (query, cookie_sent, error) in [
        (format!("error=access_denied&error_description=x&state={state}"), with, "access_denied"),
        ("error=access_denied".to_owned(), None, "access_denied"),
        (format!("error=server_error&code=good&state={state}"), with, "auth_failed"),
        (String::new(), None, "missing_code"),
        (format!("state={state}"), with, "missing_code"),
        (format!("code=&state={state}"), with, "missing_code"),
        (format!("code=good&state={state}"), None, "invalid_state"),
        (format!("code=good&state={state}"), Some(changed.as_str()), "invalid_state"),
        (format!("code=good&state={state}"), Some("oauth_state="), "invalid_state"),
        ("code=good&state=other".to_owned(), with, "invalid_state"),
        ("code=good".to_owned(), with, "invalid_state"),
        (format!("code=bad&state={state}"), with, "auth_failed"),
    ] {
        let answer = come_back(client, &query, cookie_sent).await;
        let start = format!("https://app.example.org/auth/callback?error={error}&error_description=");
        assert!(location(&answer).starts_with(&start), "{query}: {}", location(&answer));
        assert!(!location(&answer).contains("token="));
        assert_eq!(cookie(&answer).0, "oauth_state=", "{query}");
    }
}

#[actix_web::test]
async fn oauth_callback_provider_failure_reveals_no_detail() {
    for failure in [ProviderError::Unavailable("secret".into()), ProviderError::RefusesUs("secret".into())] {
        let client = world(Some(ADA), &failure, &Arc::default()).serve();
        let (pair, _) = cookie(&client.get(BEGIN).await);
        let query = format!("code=bad&state={}", OAuthState::of([7; 32]).as_str());
        let answer = come_back(client, &query, Some(&pair)).await;
        assert!(location(&answer).contains("?error=auth_failed&") && !location(&answer).contains("secret"));
    }
}

#[actix_web::test]
async fn oauth_start_sends_browser_home_while_provider_is_unavailable() {
    for failure in [ProviderError::Unavailable("secret".into()), ProviderError::RefusesUs("secret".into())] {
        let mut provider = MockIdentityProvider::new();
        provider.expect_name().returning(|| ProviderName::trusted("github"));
        provider.expect_authorize_url().returning(move |_, _| Err(failure.clone()));
        let answer = World { github: provider, ..World::new() }.serve().get(BEGIN).await;
        assert!(location(&answer).starts_with("https://app.example.org/auth/callback?error=auth_failed&"));
        assert!(!location(&answer).contains("secret"), "{}", location(&answer));
        assert_eq!(cookie(&answer).0, "oauth_state=");
    }
}

#[actix_web::test]
async fn oauth_providers_are_listed_with_the_address_that_begins() {
    let answer = World::new().serve().get("/api/v1/auth/providers").await;
    let listed = answer.json();
    assert_eq!(
        (answer.status, &listed[0]["provider"], &listed[0]["display_name"]),
        (200, &json!("github"), &json!("GitHub"))
    );
    let url = listed[0]["url"].as_str().expect("an address");
    assert!(url.starts_with("http") && url.ends_with(BEGIN), "{url}");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn oauth_redirect_ignores_request_parameters() {
    let client = known_ada();
    let there = "redirect_uri=https%3A%2F%2Fevil.example&next=https%3A%2F%2Fevil.example&return_to=%2F%2Fevil.example";
    let answer = client.get(&format!("{BEGIN}?{there}")).await;
    assert!(location(&answer).starts_with("https://github.example/") && !location(&answer).contains("evil"));
    let answer = come_back(client, &format!("error=x%26token%3Ds_evil&error_description=evil&{there}"), None).await;
    assert!(location(&answer).starts_with("https://app.example.org/auth/callback?error=auth_failed&"));
    assert!(!location(&answer).contains("evil"), "{}", location(&answer));
}

#[actix_web::test]
async fn oauth_provider_not_configured_is_a_404() {
    let client = known_ada();
    let details = json!({"resource": "Provider", "field": "name", "value": "gitlab"});
    for path in ["", "/callback", "/callback?code=x&state=y"] {
        client.get(&format!("/api/v1/auth/oauth/gitlab{path}")).await.assert_error(404, "NOT_FOUND", &details);
    }
    let token = json!({"access_token": "gho_good"});
    let device = client.post("/api/v1/auth/oauth/gitlab/device", token.to_string()).await;
    device.assert_error(404, "NOT_FOUND", &details);
    let link = client.request("POST", "/api/v1/auth/oauth/gitlab/link").bearer(&ada()).json(&token).send().await;
    link.assert_error(404, "NOT_FOUND", &details);
}

#[actix_web::test]
async fn oauth_client_token_confirmed_by_provider_signs_in() {
    let opened = Arc::default();
    let client = world(Some(ADA), &refused(), &opened).serve();
    let answer = client.post(DEVICE, json!({"access_token": "gho_good"}).to_string()).await;
    let body = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{body}");
    assert_eq!(body["user_id"], json!(ADA.0));
    let token = body["token"].as_str().expect("a token");
    let session = opened.lock().expect("sessions").pop().expect("a session");
    assert_eq!(Credential::parse(token), Some(Credential::Session(session.token)));

    let answer = client.post(DEVICE, json!({"access_token": "gho_bad"}).to_string()).await;
    answer.assert_error(401, "UNAUTHORIZED", &json!({}));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    for (body, problem) in [
        (json!({}), "missing"),
        (json!({"access_token": 1}), "string_type"),
        (json!({"access_token": ""}), "string_too_short"),
        (json!({"access_token": "a\r\nX-Evil: 1"}), "string_pattern_mismatch"),
        (json!({"access_token": "x".repeat(8193)}), "string_too_long"),
    ] {
        let problems = client.post(DEVICE, body.to_string()).await.problems();
        assert_eq!(problems, [format!(r#"["body","access_token"] {problem}"#)]);
    }
}

#[actix_web::test]
async fn oauth_client_provider_failures_have_distinct_statuses() {
    for (failure, status, code) in [
        (ProviderError::Unavailable("secret".into()), 503, "SERVICE_UNAVAILABLE"),
        (ProviderError::RefusesUs("secret".into()), 500, "INTERNAL_ERROR"),
    ] {
        let client = world(Some(ADA), &failure, &Arc::default()).serve();
        let answer = client.post(DEVICE, json!({"access_token": "gho_bad"}).to_string()).await;
        answer.assert_error(status, code, &json!({}));
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    }
}

#[actix_web::test]
async fn oauth_link_is_made_for_the_caller_only() {
    let token = json!({"access_token": "gho_good"});
    let link = async |owner, bearer: String| {
        let client = world(owner, &refused(), &Arc::default()).serve();
        client.request("POST", LINK).bearer(&bearer).json(&token).send().await
    };
    assert_eq!(link(None, ada()).await.status, 204);
    assert_eq!(link(Some(ADA), ada()).await.status, 204, "linked already");
    let details = json!({"resource": "ExternalAccount", "field": "subject"});
    link(Some(ADA), bob()).await.assert_error(409, "CONFLICT", &details);
    let details = json!({"resource": "ExternalAccount", "field": "provider"});
    link(None, bob()).await.assert_error(409, "CONFLICT", &details);
    let bad = json!({"access_token": "gho_bad"});
    let answer = known_ada().request("POST", LINK).bearer(&ada()).json(&bad).send().await;
    answer.assert_error(401, "UNAUTHORIZED", &json!({}));
}

#[actix_web::test]
async fn oauth_links_are_listed_and_removed_except_the_last() {
    let world = |providers: &'static [&'static str], has_password: bool| {
        World::new().storing(move |tx| {
            let linked = |provider: &&str| LinkedAccount {
                provider: ProviderName::trusted(*provider),
                login: "ada-l".to_owned(),
                linked_at: NOW,
                last_used_at: NOW,
            };
            tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
            tx.users.expect_has_password().returning(move |_| Ok(has_password));
            let of = tx.external_accounts.expect_of().withf(|user| *user == ADA);
            of.returning(move |_| Ok(providers.iter().map(linked).collect()));
            tx.external_accounts.expect_delete().returning(|_, _| Ok(()));
        })
    };
    let client = world(&["github"], true).serve();
    let at = "2026-11-22T12:34:56.789Z";
    let listed = client.request("GET", ACCOUNTS).bearer(&ada()).send().await;
    let expected = json!([{"provider": "github", "login": "ada-l", "created_at": at, "last_used_at": at}]);
    assert_eq!((listed.status, listed.json()), (200, expected));
    let undo = async |client: Client, path: &str| client.request("DELETE", path).bearer(&ada()).send().await;
    assert_eq!(undo(client, LINK).await.status, 204);
    let details = json!({"resource": "ExternalAccount", "field": "provider", "value": "gitlab"});
    undo(client, "/api/v1/auth/oauth/gitlab/link").await.assert_error(404, "NOT_FOUND", &details);
    let details = json!({"resource": "ExternalAccount", "field": "provider"});
    undo(world(&["github"], false).serve(), LINK).await.assert_error(409, "CONFLICT", &details);
    for (method, path) in [("GET", ACCOUNTS), ("DELETE", LINK)] {
        assert_eq!(client.request(method, path).send().await.status, 401);
        let token = api_token(ALL_SCOPES[2]);
        client.request(method, path).bearer(&token).send().await.assert_error(403, "FORBIDDEN", &json!({}));
    }
}
