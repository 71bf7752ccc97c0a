//! Sign-in through GitHub, GitLab and OpenID Connect: by redirects of a browser, and by a token of a client.

use std::collections::HashMap;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tests::{ApiResponse, CLIENT_ID, FakeProvider, PASSWORD, ProviderFault, ProviderUser, Server, TestUser};

/// A server and its provider, where `human` is signed in at the browser.
async fn start(human: Option<ProviderUser>) -> (Server, FakeProvider) {
    start_with(human, &[]).await
}

/// The same with more settings.
async fn start_with(human: Option<ProviderUser>, more: &[(&'static str, &str)]) -> (Server, FakeProvider) {
    let provider = FakeProvider::start(human).await;
    let mut settings = provider.settings();
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    (Server::start_with(&settings).await, provider)
}

/// A browser during a sign-in: the callback that the provider redirects to, and the cookie.
struct Browser {
    back: Url,
    cookie: String,
}

fn location(answer: &ApiResponse) -> Url {
    assert_eq!((answer.status, answer.header("cache-control")), (302, Some("no-store")), "{}", answer.text);
    answer.header("location").expect("a location").parse().expect("an address")
}

impl Browser {
    /// Follows the redirects to the provider and back.
    async fn goes_to(server: &Server, provider: &str) -> Self {
        let answer = server.client().get(&format!("/auth/oauth/{provider}")).await;
        let cookie = answer.header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let answer = http.build().expect("a client").get(location(&answer)).send().await.expect("the provider answers");
        assert_eq!(answer.status().as_u16(), 302);
        let back = answer.headers()["location"].to_str().expect("text").parse().expect("an address");
        Self { back, cookie }
    }

    /// Requests the callback; returns the parameters for the frontend.
    async fn comes_back(&self, server: &Server) -> HashMap<String, String> {
        self.comes_back_with(server, Some(&self.cookie)).await
    }

    async fn comes_back_with(&self, server: &Server, cookie: Option<&str>) -> HashMap<String, String> {
        let public = format!("http://127.0.0.1:{}/api/v1/", server.client().address().port());
        assert!(self.back.as_str().starts_with(&public), "the public address: {}", self.back);
        let path = self.back.path().strip_prefix("/api/v1").expect("our callback");
        let client = server.client();
        let mut request = client.request(Method::GET, &format!("{path}?{}", self.back.query().unwrap_or_default()));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let answer = client.send(request).await;
        let removal = answer.header("set-cookie").expect("the cookie is removed");
        assert!(removal.starts_with("oauth_state=;") && removal.contains("Max-Age=0"), "{removal}");
        let home = location(&answer);
        assert!(home.as_str().starts_with("http://localhost:3000/auth/callback?"), "{home}");
        home.query_pairs().into_owned().collect()
    }

    /// Replaces one parameter of the callback.
    fn with(mut self, name: &str, value: &str) -> Self {
        let pairs: Vec<(String, String)> = self.back.query_pairs().into_owned().collect();
        let changed = |(known, kept): (String, String)| {
            let kept = if known == name { value.to_owned() } else { kept };
            (known, kept)
        };
        self.back.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(changed));
        self
    }
}

/// Signs in with a browser; returns the account.
async fn sign_in(server: &Server, provider: &str) -> Value {
    let returned = Browser::goes_to(server, provider).await.comes_back(server).await;
    let token = returned.get("token").unwrap_or_else(|| panic!("no token: {returned:?}"));
    server.client().with_token(token).get("/auth/me").await.expect(200)
}

async fn error(server: &Server, provider: &str) -> String {
    Browser::goes_to(server, provider).await.comes_back(server).await.remove("error").expect("an error")
}

fn accounts(server: &Server) -> i64 {
    server.database().number("SELECT count(*) FROM users")
}

#[tokio::test]
async fn github_sign_in_creates_account_and_finds_it_again() {
    let (server, provider) = start(Some(ProviderUser::new(7, "octo-cat"))).await;
    let me = sign_in(&server, "github").await;
    assert_eq!((&me["username"], &me["email"]), (&json!("octo_cat"), &json!("octo-cat@example.org")));
    assert_eq!((&me["email_verified"], &me["is_admin"]), (&json!(true), &json!(false)));

    // Login and address may change; the account stays the same.
    provider.browsing(Some(ProviderUser { email: "new@example.org".to_owned(), ..ProviderUser::new(7, "renamed") }));
    let again = sign_in(&server, "github").await;
    assert_eq!(again, me);
    assert_eq!(accounts(&server), 1);

    // Another provider account with the login that is free now.
    provider.browsing(Some(ProviderUser { email: "other@example.org".to_owned(), ..ProviderUser::new(8, "octo-cat") }));
    assert_eq!(sign_in(&server, "github").await["username"], "octo_cat2");
    assert_eq!(server.database().rows("SELECT login FROM external_accounts ORDER BY subject"), "renamed\nocto-cat\n");
}

#[tokio::test]
async fn oauth_codes_and_tokens_are_not_logged_or_stored() {
    let (server, _provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let browser = Browser::goes_to(&server, "github").await;
    let returned = browser.comes_back(&server).await;
    let parts: HashMap<String, String> = browser.back.query_pairs().into_owned().collect();
    let log = server.log();
    assert!(log.contains("/auth/oauth/{provider}/callback"), "the request is logged by its route: {log}");
    let tables =
        server.database().rows("SELECT e::text FROM external_accounts e UNION ALL SELECT u::text FROM users u");
    for secret in [&returned["token"], &parts["state"], &format!("code={}", parts["code"]), &"gho_".to_owned()] {
        assert!(!log.contains(secret.as_str()), "{secret} in {log}");
        assert!(!tables.contains(secret.as_str()), "{secret} in {tables}");
    }
}

#[tokio::test]
async fn oauth_refused_consent_gives_no_session() {
    let (server, _provider) = start(None).await;
    assert_eq!(error(&server, "github").await, "access_denied");
    assert_eq!(accounts(&server), 0);
}

#[tokio::test]
async fn oauth_callback_works_once_in_the_same_browser() {
    let (server, provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let browser = Browser::goes_to(&server, "github").await;
    assert_eq!(browser.comes_back_with(&server, None).await["error"], "invalid_state");
    let elsewhere = Browser::goes_to(&server, "github").await;
    assert_eq!(browser.comes_back_with(&server, Some(&elsewhere.cookie)).await["error"], "invalid_state");
    let changed = format!("{}x", browser.cookie);
    assert_eq!(browser.comes_back_with(&server, Some(&changed)).await["error"], "invalid_state");
    let other = elsewhere.with("state", "another");
    assert_eq!(other.comes_back(&server).await["error"], "invalid_state");
    assert_eq!(provider.requests_to("access_token"), 0, "no request to the provider so far");

    assert!(browser.comes_back(&server).await.contains_key("token"));
    assert_eq!(browser.comes_back(&server).await["error"], "auth_failed", "a code works once");
    assert_eq!(browser.with("code", "made-up").comes_back(&server).await["error"], "auth_failed");
    assert_eq!(accounts(&server), 1);
}

#[tokio::test]
async fn oauth_cookie_of_other_provider_is_refused() {
    let (server, provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let mut browser = Browser::goes_to(&server, "github").await;
    let path = browser.back.path().replace("github", "gitlab");
    browser.back.set_path(&path);
    assert_eq!(browser.comes_back(&server).await["error"], "invalid_state");
    assert_eq!(provider.requests_to("/oauth/token"), 0);
}

#[tokio::test]
async fn oauth_provider_failure_creates_no_account_and_retry_works() {
    let (server, provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let token = json!({"access_token": provider.issue(CLIENT_ID, ProviderUser::new(7, "ada"))});
    for (trouble, requests_to) in [(ProviderFault::Fails, 3), (ProviderFault::Slow, 1)] {
        provider.trouble(trouble);
        let before = provider.requests_to("/applications/");
        assert_eq!(error(&server, "github").await, "auth_failed", "{trouble:?}");
        let answer = server.client().post("/auth/oauth/github/device", &token).await;
        answer.expect_error(503, "SERVICE_UNAVAILABLE");
        assert!(answer.header("retry-after").is_some());
        assert_eq!(provider.requests_to("/applications/") - before, requests_to, "{trouble:?}");
        assert_eq!(accounts(&server), 0);
    }
    assert_eq!(provider.requests_to("access_token"), 2, "a code is sent once");
    provider.trouble(ProviderFault::None);
    assert_eq!(sign_in(&server, "github").await["username"], "ada");
}

#[tokio::test]
async fn oauth_unverified_address_is_not_stored() {
    let (server, _provider) = start(Some(ProviderUser { verified: false, ..ProviderUser::new(7, "ada") })).await;
    let ada = TestUser::register(&server, "ada").await;
    let me = sign_in(&server, "github").await;
    assert_eq!((&me["email"], &me["email_verified"], &me["username"]), (&Value::Null, &json!(false), &json!("ada2")));
    assert_eq!(ada.get("/auth/me").await["email"], "ada@example.org", "the account with that address is unchanged");
}

#[tokio::test]
async fn oauth_address_verified_by_both_links_account() {
    let (server, _provider) = start(Some(ProviderUser::new(7, "octocat"))).await;
    let ada = TestUser::register(&server, "ada").await;
    server.database().rows("UPDATE users SET email = 'octocat@example.org', email_verified = true");
    let me = sign_in(&server, "github").await;
    assert_eq!((me["id"].as_str(), me["username"].as_str()), (Some(ada.id.as_str()), Some("ada")));
    assert_eq!(accounts(&server), 1);
    ada.get("/auth/me").await;
}

#[tokio::test]
async fn oauth_verified_address_is_taken_from_unverified_account() {
    let (server, _provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let squatter = TestUser::register(&server, "ada").await;
    let token = json!({"name": "ci", "scopes": ["read", "sync"]});
    let token = squatter.client.post("/auth/tokens", &token).await.expect(201);
    let program = squatter.client.with_token(token["token"].as_str().expect("a token"));
    let begun = server.client().post("/auth/device/code", &json!({})).await.expect(200);
    squatter.client.post("/auth/device/confirm", &json!({"user_code": begun["user_code"]})).await.expect(204);
    let me = sign_in(&server, "github").await;
    assert_ne!(me["id"].as_str(), Some(squatter.id.as_str()));
    assert_eq!((&me["email"], &me["username"]), (&json!("ada@example.org"), &json!("ada2")));

    for ended in [&squatter.client, &program] {
        ended.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    }
    let requests_to = server.client().post("/auth/device/token", &json!({"device_code": begun["device_code"]})).await;
    assert_eq!(requests_to.expect_error(400, "BAD_REQUEST")["error"], "expired_token");
    let login = |name: &str| json!({"email": name, "password": PASSWORD});
    server.client().post("/auth/login", &login("ada@example.org")).await.expect_error(401, "UNAUTHORIZED");
    let session = server.client().post("/auth/login", &login("ada")).await.expect(200);
    let token = session["token"].as_str().expect("a token");
    let kept = server.client().with_token(token).get("/auth/me").await.expect(200);
    assert_eq!((kept["id"].as_str(), &kept["email"]), (Some(squatter.id.as_str()), &Value::Null));
}

#[tokio::test]
async fn oauth_client_token_must_be_issued_to_this_application() {
    let (server, provider) = start(None).await;
    let ada = ProviderUser::new(7, "ada");
    let device = async |provider: &str, token: &str| {
        server.client().post(&format!("/auth/oauth/{provider}/device"), &json!({"access_token": token})).await
    };
    for name in ["github", "gitlab"] {
        for token in [provider.issue("another-application", ada.clone()), "gho_made_up".to_owned()] {
            let answer = device(name, &token).await;
            answer.expect_error(401, "UNAUTHORIZED");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!((accounts(&server), provider.requests_to("/user")), (0, 0), "such a token is not used");

    let token = provider.issue(CLIENT_ID, ada);
    let session = device("github", &token).await.expect(200);
    let again = device("github", &token).await.expect(200);
    assert_eq!(session["user_id"], again["user_id"]);
    let me = server.client().with_token(session["token"].as_str().expect("a token"));
    assert_eq!(me.get("/auth/me").await.expect(200)["email"], "ada@example.org");
}

#[tokio::test]
async fn gitlab_with_same_verified_address_opens_same_account() {
    let (server, provider) = start(Some(ProviderUser::new(7, "tanuki"))).await;
    let me = sign_in(&server, "gitlab").await;
    assert_eq!((&me["username"], &me["email_verified"]), (&json!("tanuki"), &json!(true)));
    assert_eq!(sign_in(&server, "gitlab").await, me);
    assert_eq!(sign_in(&server, "github").await["id"], me["id"], "linked by address");
    let token = provider.issue(CLIENT_ID, ProviderUser::new(7, "tanuki"));
    let answer = server.client().post("/auth/oauth/gitlab/device", &json!({"access_token": token})).await;
    assert_eq!(answer.expect(200)["user_id"], me["id"]);
    provider.browsing(Some(ProviderUser { verified: false, ..ProviderUser::new(9, "other") }));
    assert_eq!(sign_in(&server, "gitlab").await["email"], Value::Null, "an unconfirmed address is ignored");
}

#[tokio::test]
async fn oauth_provider_account_is_linked_to_one_account() {
    let (server, provider) = start(Some(ProviderUser::new(7, "octocat"))).await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let link = async |user: &TestUser, human: ProviderUser| {
        let token = provider.issue(CLIENT_ID, human);
        user.client.post("/auth/oauth/github/link", &json!({"access_token": token})).await
    };
    assert_eq!(link(&ada, ProviderUser::new(7, "octocat")).await.status, 204);
    assert_eq!(link(&ada, ProviderUser::new(7, "octocat")).await.status, 204, "again");
    assert_eq!(link(&bob, ProviderUser::new(7, "octocat")).await.expect_error(409, "CONFLICT")["field"], "subject");
    assert_eq!(link(&ada, ProviderUser::new(8, "other")).await.expect_error(409, "CONFLICT")["field"], "provider");
    assert_eq!(sign_in(&server, "github").await["id"].as_str(), Some(ada.id.as_str()));

    let foreign = json!({"access_token": provider.issue("another-application", ProviderUser::new(9, "bob"))});
    bob.client.post("/auth/oauth/github/link", &foreign).await.expect_error(401, "UNAUTHORIZED");
    let anonymous = server.client().post("/auth/oauth/github/link", &foreign).await;
    anonymous.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn oauth_unlink_of_last_way_to_sign_in_is_refused() {
    let (server, provider) = start(None).await;
    let token = json!({"access_token": provider.issue(CLIENT_ID, ProviderUser::new(7, "octocat"))});
    let session = server.client().post("/auth/oauth/github/device", &token).await.expect(200);
    let octocat = server.client().with_token(session["token"].as_str().expect("a token"));
    let linked = octocat.get("/auth/oauth/accounts").await.expect(200);
    assert_eq!(
        (&linked[0]["provider"], &linked[0]["login"], &linked[1]),
        (&json!("github"), &json!("octocat"), &Value::Null)
    );
    let details = octocat.delete("/auth/oauth/github/link").await.expect_error(409, "CONFLICT");
    assert_eq!(details["resource"], "ExternalAccount");
    let other = json!({"access_token": provider.issue(CLIENT_ID, ProviderUser::new(8, "tanuki"))});
    octocat.post("/auth/oauth/gitlab/link", &other).await.expect(204);
    octocat.delete("/auth/oauth/github/link").await.expect(204);
    octocat.delete("/auth/oauth/github/link").await.expect_error(404, "NOT_FOUND");
    let again = server.client().post("/auth/oauth/gitlab/device", &other).await.expect(200);
    assert_eq!(again["user_id"], session["user_id"]);

    let ada = TestUser::register(&server, "ada").await;
    let hers = json!({"access_token": provider.issue(CLIENT_ID, ProviderUser::new(9, "ada"))});
    ada.client.post("/auth/oauth/github/link", &hers).await.expect(204);
    ada.client.delete("/auth/oauth/github/link").await.expect(204);
    assert_eq!(ada.get("/auth/oauth/accounts").await, json!([]), "the account has a password");
}

#[tokio::test]
async fn oauth_without_client_id_is_off() {
    let server = Server::start().await;
    for path in ["/auth/oauth/github", "/auth/oauth/github/callback?code=x&state=y", "/auth/oauth/nobody"] {
        let details = server.client().get(path).await.expect_error(404, "NOT_FOUND");
        assert_eq!(details["resource"], "Provider", "{path}");
    }
}

const OIDC_GROUPS: &str = "BURNTOP__OIDC__GROUPS";

#[tokio::test]
async fn oidc_sign_in_creates_account_and_finds_it_again() {
    let (server, provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let providers = server.client().get("/auth/providers").await.expect(200);
    let listed: Vec<_> = providers.as_array().expect("a list").iter().map(|one| &one["provider"]).collect();
    assert_eq!(listed, ["github", "gitlab", "oidc"]);
    assert_eq!(providers[2]["display_name"], "Example ID");
    let url = providers[2]["url"].as_str().expect("an address");
    assert!(url.ends_with("/api/v1/auth/oauth/oidc"), "{url}");

    let me = sign_in(&server, "oidc").await;
    assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!("ada@example.org")));
    assert_eq!(me["email_verified"], json!(true));
    provider.rotate_key();
    provider.browsing(Some(ProviderUser { email: "new@example.org".to_owned(), ..ProviderUser::new(7, "renamed") }));
    assert_eq!(sign_in(&server, "oidc").await, me, "after a rotation of the key too");
    let subject = server.database().rows("SELECT subject FROM external_accounts");
    assert!(subject.ends_with("/oidc#7\n"), "the issuer is part of it: {subject}");

    provider.browsing(Some(ProviderUser::new(7, "ada")));
    assert_eq!(sign_in(&server, "github").await["id"], me["id"], "both have verified the address");
    assert_eq!(accounts(&server), 1);
    assert!(!server.log().contains("eyJ"), "no ID token is logged: {}", server.log());
}

#[tokio::test]
async fn oidc_callback_works_once_and_with_its_own_nonce() {
    let (server, provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    let (browser, other) = (Browser::goes_to(&server, "oidc").await, Browser::goes_to(&server, "oidc").await);
    // The code of one sign-in in the other: PKCE and nonce belong to the first.
    let code: HashMap<String, String> = browser.back.query_pairs().into_owned().collect();
    assert_eq!(other.with("code", &code["code"]).comes_back(&server).await["error"], "auth_failed");
    let browser = Browser::goes_to(&server, "oidc").await;
    assert!(browser.comes_back(&server).await.contains_key("token"));
    assert_eq!(browser.comes_back(&server).await["error"], "auth_failed", "a code works once");
    assert_eq!(browser.comes_back_with(&server, None).await["error"], "invalid_state");
    provider.browsing(None);
    assert_eq!(error(&server, "oidc").await, "access_denied");
    assert_eq!(accounts(&server), 1);
}

#[tokio::test]
async fn oidc_issuer_down_leaves_other_sign_ins() {
    let (server, provider) = start(Some(ProviderUser::new(7, "ada"))).await;
    provider.trouble(ProviderFault::Fails);
    let ada = TestUser::register(&server, "ada").await;
    ada.login().await.get("/auth/me").await.expect(200);
    for _ in 0..2 {
        let answer = server.client().get("/auth/oauth/oidc").await;
        let home: HashMap<String, String> = location(&answer).query_pairs().into_owned().collect();
        let description = "The provider does not answer. Try again later, or sign in another way.";
        assert_eq!((&*home["error"], &*home["error_description"]), ("auth_failed", description));
    }
    assert!(server.log().contains("the discovery document: it answered 500"), "{}", server.log());
    let token = json!({"access_token": provider.issue_id_token(CLIENT_ID, &ProviderUser::new(7, "ada"))});
    let answer = server.client().post("/auth/oauth/oidc/device", &token).await;
    answer.expect_error(503, "SERVICE_UNAVAILABLE");
    provider.trouble(ProviderFault::None);
    assert_eq!(sign_in(&server, "oidc").await["username"], "ada2");
}

#[tokio::test]
async fn oidc_user_needs_a_permitted_group_at_each_sign_in() {
    let staff = |groups: &[&str]| {
        let organizations = groups.iter().map(|group| (*group).to_owned()).collect();
        Some(ProviderUser { organizations, ..ProviderUser::new(7, "ada") })
    };
    let (server, provider) = start_with(staff(&["guests"]), &[(OIDC_GROUPS, "staff,board")]).await;
    let refused = Browser::goes_to(&server, "oidc").await.comes_back(&server).await;
    assert_eq!(refused["error"], "auth_failed");
    assert!(refused["error_description"].contains("organizations or groups only"), "{refused:?}");
    assert_eq!(accounts(&server), 0);
    provider.browsing(staff(&["guests", "staff"]));
    assert_eq!(sign_in(&server, "oidc").await["username"], "ada");
    provider.browsing(staff(&[]));
    assert_eq!(error(&server, "oidc").await, "auth_failed", "a former member");

    // The group also permits an account, and other ways to one need an invitation.
    let body = json!({"email": "eve@example.org", "username": "eve", "password": PASSWORD});
    server.client().post("/auth/register", &body).await.expect_error(403, "FORBIDDEN");
    provider.browsing(Some(ProviderUser { organizations: vec!["staff".to_owned()], ..ProviderUser::new(8, "eve") }));
    assert_eq!(error(&server, "github").await, "auth_failed", "an organization at GitHub is no group");
}

#[tokio::test]
async fn oidc_account_obeys_registration_mode() {
    let (mut server, provider) =
        start_with(Some(ProviderUser::new(7, "ada")), &[("REGISTRATION_MODE", "closed")]).await;
    let refused = Browser::goes_to(&server, "oidc").await.comes_back(&server).await;
    assert_eq!(refused["error_description"], "This server accepts no new accounts.");
    assert_eq!(server.terminate().await, Some(0));
    let domains = ("BURNTOP__REGISTRATION__EMAIL_DOMAINS", "example.org");
    server.restart_with(&[("REGISTRATION_MODE", "open"), domains]).await;
    assert_eq!(sign_in(&server, "oidc").await["username"], "ada");
    let unverified = ProviderUser { verified: false, ..ProviderUser::new(8, "eve") };
    provider.browsing(Some(unverified));
    assert_eq!(error(&server, "oidc").await, "auth_failed", "an address that is not verified is none");
}

#[tokio::test]
async fn oidc_id_token_of_a_client_signs_in_and_links() {
    let (server, provider) = start(None).await;
    let human = ProviderUser::new(7, "ada");
    let token = |client: &str| json!({"access_token": provider.issue_id_token(client, &human)});
    let foreign = server.client().post("/auth/oauth/oidc/device", &token("another-client")).await;
    foreign.expect_error(401, "UNAUTHORIZED");
    let bob = TestUser::register(&server, "bob").await;
    bob.client.post("/auth/oauth/oidc/link", &token(CLIENT_ID)).await.expect(204);
    let session = server.client().post("/auth/oauth/oidc/device", &token(CLIENT_ID)).await.expect(200);
    assert_eq!(session["user_id"].as_str(), Some(bob.id.as_str()));
    let linked = bob.get("/auth/oauth/accounts").await;
    assert_eq!((&linked[0]["provider"], &linked[0]["login"]), (&json!("oidc"), &json!("ada")));
    bob.client.delete("/auth/oauth/oidc/link").await.expect(204);
    assert_eq!(bob.get("/auth/oauth/accounts").await, json!([]));
}
