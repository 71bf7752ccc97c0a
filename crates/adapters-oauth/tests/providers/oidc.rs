//! OpenID Connect: what is asked of an issuer, and which of its tokens are believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::clock::Clock;
use domain::identity::ports::IdentityProvider;
use domain::identity::{AccessToken, Email, ExternalAccount, OAuthState, ProviderError};
use http_client::script::{ScriptedResponse, ok, respond};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::issuer::{CLIENT_ID, DISCOVERY, NOW, SigningKey, TestIssuer, other_verifier, sign_with_secret, unsigned};
use crate::ours::verifier;

/// A clock that tests move on.
#[derive(Clone, Default)]
struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(time.whole_seconds(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::seconds(self.0.load(Ordering::SeqCst))
    }
}

type Outcome = Result<ExternalAccount, ProviderError>;

async fn exchange(issuer: &TestIssuer) -> Outcome {
    issuer.client(&[]).exchange("the code", &verifier()).await
}

/// Signs in with Ada's token and `changes`, at an issuer that permits `groups`.
async fn exchange_with(issuer: &TestIssuer, groups: &[&str], changes: &Value) -> Outcome {
    issuer.issue_with(changes);
    issuer.client(groups).exchange("the code", &verifier()).await
}

#[track_caller]
fn assert_refused(case: &str, outcome: Outcome, reason: &str) {
    match outcome {
        Err(ProviderError::Refused(text)) => assert!(text.contains(reason), "{case}: {text}"),
        other => panic!("{case}: {other:?}"),
    }
}

#[track_caller]
fn assert_unavailable(case: &str, outcome: Outcome, reason: &str) {
    match outcome {
        Err(ProviderError::Unavailable(text)) => assert!(text.contains(reason), "{case}: {text}"),
        other => panic!("{case}: {other:?}"),
    }
}

#[tokio::test]
async fn oidc_authorize_url_has_all_parameters() {
    let issuer = TestIssuer::start().await;
    let state = OAuthState::of([7; 32]);
    let client = issuer.client(&[]);
    let url = client.authorize_url(&state, &verifier()).await.expect("an address");
    let (base, query) = url.split_once('?').expect("a query");
    assert_eq!(base, format!("{}/authorize", issuer.url()));
    let (state, challenge, nonce) = (state.as_str(), verifier().challenge(), verifier().nonce());
    assert_eq!(
        query.split('&').collect::<Vec<_>>(),
        [
            "kc_idp_hint=x",
            "client_id=our+id",
            "redirect_uri=https%3A%2F%2Fburntop.example.org%2Fapi%2Fv1%2Fauth%2Foauth%2Foidc%2Fcallback",
            "response_type=code",
            "scope=openid+profile+email",
            &format!("state={state}"),
            &format!("nonce={nonce}"),
            &format!("code_challenge={challenge}"),
            "code_challenge_method=S256",
        ]
    );
}

#[tokio::test]
async fn oidc_code_gives_account_of_verified_token() {
    for key in [SigningKey::rsa(), SigningKey::ec()] {
        let issuer = TestIssuer::with_key(key).await;
        let account = exchange_with(&issuer, &[], &json!({})).await.expect("an account");
        assert_eq!(account.provider.as_str(), "oidc");
        assert_eq!(account.subject, format!("{}#ada-7", issuer.url()));
        assert_eq!((&*account.login, account.name.as_deref()), ("ada", Some("Ada Lovelace")));
        assert_eq!(account.verified_email, Some(Email::trusted("ada@example.org")));

        let requests = issuer.pages.requests_to("/token");
        assert_eq!(requests.len(), 1);
        // RFC 6749, 2.3.1: both are form-encoded first.
        let credentials = "Basic b3VyK2lkOm91ciU3RXNlY3JldA==";
        assert_eq!(requests[0].header("authorization"), Some(credentials));
        for part in ["grant_type=authorization_code", "code=the+code", "redirect_uri=https%3A%2F%2F"] {
            assert!(requests[0].body.contains(part), "{part} in {}", requests[0].body);
        }
        assert!(requests[0].body.contains(&format!("code_verifier={}", verifier().expose())));
        assert!(!requests[0].body.contains("secret"));
        assert!(issuer.pages.requests_to("/userinfo").is_empty(), "the token has all claims");
    }
}

#[tokio::test]
async fn oidc_secret_is_in_the_form_where_the_header_is_not_read() {
    let issuer = TestIssuer::start().await;
    let mut discovery = issuer.discovery();
    discovery["token_endpoint_auth_methods_supported"] = json!(["client_secret_post", "private_key_jwt"]);
    issuer.pages.set(DISCOVERY, ok(discovery.to_string()));
    exchange_with(&issuer, &[], &json!({})).await.expect("an account");
    let request = &issuer.pages.requests_to("/token")[0];
    assert_eq!(request.header("authorization"), None);
    assert!(request.body.ends_with("client_id=our+id&client_secret=our%7Esecret"), "{}", request.body);
}

#[tokio::test]
async fn oidc_token_with_wrong_claim_is_refused() {
    let issuer = TestIssuer::start().await;
    let now = NOW.unix_timestamp();
    for (case, changes, reason) in [
        ("wrong issuer", json!({"iss": "https://evil.example"}), "of another issuer"),
        ("issuer with a slash", json!({"iss": format!("{}/", issuer.url())}), "of another issuer"),
        ("several issuers", json!({"iss": [issuer.url()]}), "malformed"),
        ("no issuer", json!({"iss": null}), "is malformed"),
        ("wrong audience", json!({"aud": "another-client"}), "for another client"),
        ("wrong audiences", json!({"aud": ["a", "b"]}), "for another client"),
        ("no audience", json!({"aud": null}), "is malformed"),
        ("several audiences, no azp", json!({"aud": [CLIENT_ID, "b"]}), "does not say to which client"),
        ("issued to another client", json!({"aud": [CLIENT_ID, "b"], "azp": "b"}), "issued to another client"),
        ("one audience, another azp", json!({"azp": "b"}), "issued to another client"),
        ("expired", json!({"exp": now - 60}), "has expired"),
        ("no expiry", json!({"exp": null}), "is malformed"),
        ("expiry is a text", json!({"exp": "never"}), "is malformed"),
        ("not issued yet", json!({"iat": now + 61}), "is not valid yet"),
        ("no time of issue", json!({"iat": null}), "is malformed"),
        ("not yet valid", json!({"nbf": now + 61}), "is not valid yet"),
        ("nbf is a text", json!({"nbf": "0"}), "is malformed"),
        ("wrong nonce", json!({"nonce": other_verifier().nonce()}), "of another sign-in"),
        ("no nonce", json!({"nonce": null}), "of another sign-in"),
        ("no subject", json!({"sub": null}), "is malformed"),
        ("empty subject", json!({"sub": ""}), "invalid subject"),
        ("subject too long", json!({"sub": "x".repeat(256)}), "invalid subject"),
        ("subject with a control character", json!({"sub": "a\u{0}"}), "invalid subject"),
    ] {
        assert_refused(case, exchange_with(&issuer, &[], &changes).await, reason);
    }
}

#[tokio::test]
async fn oidc_token_within_clock_skew_is_accepted() {
    let issuer = TestIssuer::start().await;
    let now = NOW.unix_timestamp();
    for (case, changes) in [
        ("just expired", json!({"exp": now - 59})),
        ("issued by a fast clock", json!({"iat": now + 60, "nbf": now + 60})),
        ("with a fraction", json!({"exp": 1_796_029_500.5, "iat": 1_796_029_200.25})),
        ("several audiences", json!({"aud": [CLIENT_ID, "b"], "azp": CLIENT_ID})),
        ("a list of one audience", json!({"aud": [CLIENT_ID]})),
        ("the longest subject", json!({"sub": "x".repeat(255)})),
    ] {
        assert!(exchange_with(&issuer, &[], &changes).await.is_ok(), "{case}");
    }
}

#[tokio::test]
async fn oidc_token_with_forged_signature_is_refused() {
    let issuer = TestIssuer::start().await;
    let claims = issuer.claims();
    let genuine = issuer.key.sign(Some("k1"), &claims);
    let (message, signature) = genuine.rsplit_once('.').expect("a signature");
    let admin = unsigned(&json!({"alg": "RS256", "kid": "k1"}), &issuer.claims_with(&json!({"sub": "admin"})));
    let none = unsigned(&json!({"alg": "none", "kid": "k1"}), &claims);
    let jwk = issuer.key.jwk("k1");
    let with_key = unsigned(&json!({"alg": "RS256", "jwk": SigningKey::rsa().jwk("k1")}), &claims);
    for (case, token, reason) in [
        ("alg none", format!("{none}."), "is malformed"),
        ("alg none with a signature", format!("{none}.{signature}"), "is malformed"),
        (
            "HS256 with the modulus",
            sign_with_secret("k1", jwk["n"].as_str().expect("n").as_bytes(), &claims),
            "not permitted",
        ),
        ("HS256 with the key document", sign_with_secret("k1", jwk.to_string().as_bytes(), &claims), "not permitted"),
        ("other claims", format!("{admin}.{signature}"), "wrong signature"),
        ("no signature", format!("{message}."), "wrong signature"),
        ("key in the header", format!("{with_key}.{signature}"), "wrong signature"),
        ("signed by another key", SigningKey::ec().sign(Some("k1"), &claims), "unknown key"),
        ("two parts", message.to_owned(), "is malformed"),
        ("no token", String::new(), "is malformed"),
    ] {
        issuer.issue(&token);
        assert_refused(case, exchange(&issuer).await, reason);
    }
    issuer.issue(&genuine);
    exchange(&issuer).await.expect("the genuine one");
}

#[tokio::test]
async fn oidc_key_for_another_purpose_verifies_no_token() {
    let issuer = TestIssuer::start().await;
    issuer.issue_with(&json!({}));
    for (case, change) in [
        ("encryption", json!({"use": "enc"})),
        ("another algorithm", json!({"alg": "RSA-OAEP"})),
        ("RS512 only", json!({"alg": "RS512"})),
    ] {
        let mut key = issuer.key.jwk("k1");
        key.as_object_mut().expect("a key").extend(change.as_object().expect("a change").clone());
        issuer.publish(&[key]);
        assert_refused(case, exchange(&issuer).await, "unknown key");
    }
    issuer.publish(&[json!({"kty": "quantum", "kid": "k0"}), json!(7), issuer.key.jwk("k1")]);
    exchange(&issuer).await.expect("keys of unknown kinds are skipped");
}

#[tokio::test]
async fn oidc_token_without_key_id_fits_the_only_key() {
    let issuer = TestIssuer::start().await;
    issuer.issue(&issuer.key.sign(None, &issuer.claims()));
    issuer.publish(&[SigningKey::ec().jwk("e1"), issuer.key.jwk("k1")]);
    exchange(&issuer).await.expect("one RSA key");
    issuer.publish(&[issuer.key.jwk("k0"), issuer.key.jwk("k1")]);
    assert_refused("two RSA keys", exchange(&issuer).await, "does not say with which key");
}

#[tokio::test]
async fn oidc_rotated_key_is_fetched_once_a_minute() {
    let issuer = TestIssuer::with_key(SigningKey::ec()).await;
    let clock = ManualClock::default();
    let client = issuer.client_at(&[], clock.clone());
    let sign_in = async || client.exchange("the code", &verifier()).await;
    issuer.issue_with(&json!({}));
    sign_in().await.expect("the first key");
    sign_in().await.expect("the first key");
    assert_eq!(issuer.pages.requests_to("/keys").len(), 1, "keys are cached");
    assert_eq!(issuer.pages.requests_to(DISCOVERY).len(), 1);

    let rotated = SigningKey::ec();
    issuer.publish(&[issuer.key.jwk("k1"), rotated.jwk("k2")]);
    issuer.issue(&rotated.sign(Some("k2"), &issuer.claims()));
    sign_in().await.expect("the new key");
    assert_eq!(issuer.pages.requests_to("/keys").len(), 2);

    let third = SigningKey::ec();
    issuer.issue(&third.sign(Some("k3"), &issuer.claims()));
    for _ in 0..5 {
        assert_refused("unknown", sign_in().await, "unknown key");
    }
    assert_eq!(issuer.pages.requests_to("/keys").len(), 2, "not again within the minute");
    clock.pass(Duration::minutes(1));
    assert_refused("still unknown", sign_in().await, "unknown key");
    assert_eq!(issuer.pages.requests_to("/keys").len(), 3);
    issuer.publish(&[third.jwk("k3")]);
    clock.pass(Duration::minutes(1));
    sign_in().await.expect("the third key");
}

#[tokio::test]
async fn oidc_documents_are_fetched_again_after_an_hour() {
    let issuer = TestIssuer::with_key(SigningKey::ec()).await;
    let clock = ManualClock::default();
    let client = issuer.client_at(&[], clock.clone());
    issuer.issue_with(&json!({"exp": NOW.unix_timestamp() + 7_200}));
    for (passes, fetches) in [(0, 1), (3_599, 1), (1, 2), (60, 2)] {
        clock.pass(Duration::seconds(passes));
        client.exchange("the code", &verifier()).await.expect("an account");
        assert_eq!(issuer.pages.requests_to(DISCOVERY).len(), fetches, "{passes}");
        assert_eq!(issuer.pages.requests_to("/keys").len(), fetches, "{passes}");
    }
    // A key that the issuer withdrew is forgotten then.
    issuer.publish(&[]);
    clock.pass(Duration::hours(1));
    assert_refused("withdrawn", client.exchange("the code", &verifier()).await, "unknown key");
}

#[tokio::test]
async fn oidc_address_counts_only_if_verified() {
    let issuer = TestIssuer::start().await;
    issuer.pages.set("/userinfo", ok(r#"{"sub": "ada-7"}"#));
    let ada = Some(Email::trusted("ada@example.org"));
    for (case, changes, email) in [
        ("verified", json!({}), ada.clone()),
        ("verified as a text", json!({"email_verified": "true"}), ada),
        ("not verified", json!({"email_verified": false}), None),
        ("not verified as a text", json!({"email_verified": "false"}), None),
        ("nothing said", json!({"email_verified": null}), None),
        ("a number", json!({"email_verified": 1}), None),
        ("no address", json!({"email": null}), None),
        ("not an address", json!({"email": "ada"}), None),
    ] {
        let account = exchange_with(&issuer, &[], &changes).await.expect("an account");
        assert_eq!(account.verified_email, email, "{case}");
    }
}

#[tokio::test]
async fn oidc_login_is_the_best_name_of_the_account() {
    let issuer = TestIssuer::start().await;
    for (changes, login) in [
        (json!({"preferred_username": "ada@acme.example"}), "ada"),
        (json!({"preferred_username": null, "nickname": "al"}), "al"),
        (json!({"preferred_username": " ", "email": "lovelace@example.org"}), "lovelace"),
        (json!({"preferred_username": 7, "email": "", "name": "Ada Lovelace"}), "Ada Lovelace"),
        (json!({"preferred_username": null, "email": "", "name": null}), "ada-7"),
    ] {
        let account = exchange_with(&issuer, &[], &changes).await.expect("an account");
        assert_eq!(account.login, login, "{changes}");
    }
}

#[tokio::test]
async fn oidc_account_needs_a_permitted_group() {
    let issuer = TestIssuer::start().await;
    issuer.pages.set("/userinfo", ok(r#"{"sub": "ada-7"}"#));
    for (case, permitted, groups, organizations) in [
        ("no restriction", &[][..], json!(["staff"]), Some(vec![])),
        ("no restriction, no groups", &[], Value::Null, Some(vec![])),
        ("member", &["staff", "board"], json!(["x", "staff"]), Some(vec!["oidc:staff"])),
        ("one group as a text", &["staff"], json!("staff"), Some(vec!["oidc:staff"])),
        ("group with a path", &["/acme/staff"], json!(["/acme/staff"]), Some(vec!["oidc:/acme/staff"])),
        ("no member", &["staff"], json!(["x", "staff2", "Staff"]), None),
        ("another group as a text", &["staff"], json!("staff,board"), None),
        ("empty list", &["staff"], json!([]), None),
        ("no claim", &["staff"], Value::Null, None),
        ("an object", &["staff"], json!({"staff": true}), None),
        ("list of other values", &["staff"], json!([7, ["staff"], null]), None),
    ] {
        let outcome = exchange_with(&issuer, permitted, &json!({ "groups": groups })).await;
        let expected = organizations.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
        let expected = expected.ok_or(ProviderError::NotPermitted);
        assert_eq!(outcome.map(|account| account.organizations), expected, "{case}");
    }
}

#[tokio::test]
async fn oidc_claims_missing_in_the_token_come_from_userinfo() {
    let issuer = TestIssuer::start().await;
    let thin = json!({"groups": null, "email": null, "email_verified": null, "name": null});
    let userinfo = json!({
        "sub": "ada-7", "name": "Ada", "email": "ada@example.org", "email_verified": true, "groups": ["staff"],
        "preferred_username": "other",
    });
    issuer.pages.set("/userinfo", ok(userinfo.to_string()));
    let account = exchange_with(&issuer, &["staff"], &thin).await.expect("an account");
    assert_eq!(account.verified_email, Some(Email::trusted("ada@example.org")));
    assert_eq!((&*account.login, account.name.as_deref()), ("ada", Some("Ada")), "claims of the token win");
    assert_eq!(account.organizations, ["oidc:staff"]);
    assert_eq!(issuer.pages.requests_to("/userinfo")[0].header("authorization"), Some("Bearer at"));

    // An address of the token is not verified by the other source, and the other way round.
    let unverified = json!({"groups": null, "email": "eve@example.org", "email_verified": null});
    let account = exchange_with(&issuer, &["staff"], &unverified).await.expect("an account");
    assert_eq!(account.verified_email, None);
    issuer.pages.set("/userinfo", ok(r#"{"sub": "ada-7", "email": "eve@example.org"}"#));
    let account = exchange_with(&issuer, &[], &json!({"email": null})).await.expect("an account");
    assert_eq!(account.verified_email, None);

    for (case, answer) in
        [("another account", ok(r#"{"sub": "eve"}"#)), ("no account", ok("{}")), ("refused", respond(401, "{}"))]
    {
        issuer.pages.set("/userinfo", answer);
        assert_refused(case, exchange_with(&issuer, &["staff"], &thin).await, "userinfo");
    }
}

#[tokio::test]
async fn oidc_discovery_that_does_not_fit_is_refused() {
    let issuer = TestIssuer::start().await;
    issuer.issue_with(&json!({}));
    let other = |name: &str, value: &str| {
        let mut discovery = issuer.discovery();
        discovery[name] = json!(value);
        ok(discovery.to_string())
    };
    let without_keys = {
        let mut discovery = issuer.discovery();
        discovery.as_object_mut().expect("an object").remove("jwks_uri");
        ok(discovery.to_string())
    };
    let oversized = other("filler", &"x".repeat(300_000));
    for (case, answer, reason) in [
        ("another issuer", other("issuer", "https://evil.example"), "names the issuer \"https://evil.example\""),
        ("issuer with a slash", other("issuer", &format!("{}/", issuer.url())), "but the setting is"),
        ("endpoint of another kind", other("token_endpoint", "file:///etc/passwd"), "is not an https address"),
        ("endpoint without a scheme", other("authorization_endpoint", "/authorize"), "is not an https address"),
        ("no keys", without_keys, "unreadable body"),
        ("not JSON", ok("<html>"), "unreadable body"),
        ("oversized", oversized, "more than 262144 bytes"),
        ("not found", respond(404, "{}"), "404"),
        ("failing", respond(503, "{}"), "503"),
    ] {
        issuer.pages.set(DISCOVERY, answer);
        assert_unavailable(case, exchange(&issuer).await, reason);
        let url = issuer.client(&[]).authorize_url(&OAuthState::of([7; 32]), &verifier()).await;
        assert!(
            matches!(&url, Err(ProviderError::Unavailable(text)) if text.contains("the discovery document: ")),
            "{url:?}"
        );
    }
    assert!(issuer.pages.requests_to("/token").is_empty(), "no code is sent to such an issuer");
}

#[tokio::test]
async fn oidc_key_set_that_does_not_fit_is_refused() {
    let issuer = TestIssuer::start().await;
    issuer.issue_with(&json!({}));
    for (case, answer, reason) in [
        ("not JSON", ok("<html>"), "unreadable body"),
        ("oversized", ok(format!(r#"{{"keys": ["{}"]}}"#, "x".repeat(300_000))), "more than 262144 bytes"),
        ("failing", respond(500, "{}"), "500"),
        ("hung up", ScriptedResponse::HangUp, "the key set: "),
    ] {
        issuer.pages.set("/keys", answer);
        assert_unavailable(case, exchange(&issuer).await, reason);
    }
}

#[tokio::test]
async fn oidc_failed_exchange_is_refused() {
    let issuer = TestIssuer::start().await;
    let error = |name: &str| json!({ "error": name, "error_description": "x" }).to_string();
    for (case, answer, expected) in [
        ("used code", respond(400, error("invalid_grant")), ProviderError::Refused("invalid_grant".to_owned())),
        ("wrong secret", respond(401, error("invalid_client")), ProviderError::RefusesUs("invalid_client".to_owned())),
        ("error with 200", ok(error("invalid_request")), ProviderError::Refused("invalid_request".to_owned())),
    ] {
        issuer.pages.set("/token", answer);
        assert_eq!(exchange(&issuer).await, Err(expected), "{case}");
    }
    for (case, answer, reason) in [
        ("no ID token", ok(r#"{"access_token": "at"}"#), "without an ID token"),
        ("failing", respond(502, "<html>"), "502"),
        ("page", respond(403, "<html>"), "unreadable body"),
        ("oversized", ok(format!(r#"{{"id_token": "{}"}}"#, "x".repeat(300_000))), "more than 262144 bytes"),
        ("hung up", ScriptedResponse::HangUp, ""),
    ] {
        issuer.pages.set("/token", answer);
        let before = issuer.pages.requests_to("/token").len();
        assert_unavailable(case, exchange(&issuer).await, reason);
        assert_eq!(issuer.pages.requests_to("/token").len(), before + 1, "{case}: a code is sent once");
    }
}

#[tokio::test]
async fn oidc_id_token_of_a_client_is_verified() {
    let issuer = TestIssuer::start().await;
    let vouch = async |claims: &Value, groups: &[&str]| {
        let token = AccessToken::parse(&issuer.key.sign(Some("k1"), claims)).expect("a token");
        issuer.client(groups).vouch(&token).await
    };
    let without_nonce = json!({"nonce": null});
    let account = vouch(&issuer.claims_with(&without_nonce), &["staff"]).await.expect("an account");
    assert_eq!((account.subject, &*account.login), (format!("{}#ada-7", issuer.url()), "ada"));
    let expired = issuer.claims_with(&json!({"exp": NOW.unix_timestamp() - 61}));
    assert_refused("expired", vouch(&expired, &[]).await, "has expired");
    let foreign = issuer.claims_with(&json!({"aud": "another-client"}));
    assert_refused("of another client", vouch(&foreign, &[]).await, "for another client");
    assert_eq!(vouch(&issuer.claims(), &["board"]).await, Err(ProviderError::NotPermitted));
    let opaque = AccessToken::parse("an-access-token").expect("a token");
    assert_refused("an access token", issuer.client(&[]).vouch(&opaque).await, "is malformed");
    assert!(issuer.pages.requests_to("/token").is_empty());
}

#[tokio::test]
async fn oidc_issuer_down_is_unavailable_until_it_is_up() {
    let issuer = TestIssuer::start().await;
    issuer.issue_with(&json!({}));
    let client = issuer.client(&[]);
    issuer.pages.set(DISCOVERY, ScriptedResponse::HangUp);
    assert_unavailable("down", client.exchange("the code", &verifier()).await, "the discovery document: ");
    issuer.pages.set(DISCOVERY, ok(issuer.discovery().to_string()));
    client.exchange("the code", &verifier()).await.expect("a failure is not remembered");
}
