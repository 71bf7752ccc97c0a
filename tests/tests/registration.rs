//! New accounts on an instance whose operator limits them: invitations, the first administrator, domains, organizations.

use std::collections::HashMap;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tests::{Client, FakeProvider, PASSWORD, ProviderUser, Server, TestUser};

const DOMAINS: &str = "BURNTOP__REGISTRATION__EMAIL_DOMAINS";
const ORGANIZATIONS: &str = "BURNTOP__REGISTRATION__GITHUB_ORGANIZATIONS";

/// The invitation in the first link of `text`.
fn invitation(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("/register?invitation=")?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn body(username: &str, invitation: Option<&str>) -> Value {
    let mut body = json!({"email": format!("{username}@example.org"), "username": username, "password": PASSWORD});
    if let Some(invitation) = invitation {
        body["invitation"] = json!(invitation);
    }
    body
}

/// Registers `username`; returns the status and the error's message.
async fn register(server: &Server, username: &str, invitation: Option<&str>) -> (u16, String) {
    let answer = server.client().post("/auth/register", &body(username, invitation)).await;
    (answer.status, answer.json["detail"].as_str().unwrap_or_default().to_owned())
}

/// The page at `/register`: sends its form if there is one.
async fn page(server: &Server, query: &str, form: Option<&[(&str, &str)]>) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{}/register{query}", server.client().address());
    let request = match form {
        Some(fields) => http.post(url).form(fields),
        None => http.get(url),
    };
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// Creates the first administrator with the link that the server printed.
async fn first_administrator(server: &Server) -> Client {
    let token = invitation(&server.log()).expect("a link");
    let session = server.client().post("/auth/register", &body("root_1", Some(&token))).await.expect(201);
    server.client().with_token(session["token"].as_str().expect("a token"))
}

#[tokio::test]
async fn printed_link_makes_first_account_an_administrator_once() {
    let mut server = Server::start_with(&[("REGISTRATION_MODE", "closed")]).await;
    assert_eq!(register(&server, "ada", None).await, (403, "This server accepts no new accounts.".to_owned()));
    let token = invitation(&server.log()).expect("a link");
    let (status, text) = page(&server, &format!("?invitation={token}"), None).await;
    assert!(status == 200 && text.contains(&format!(r#"value="{token}""#)), "{status}: {text}");

    let fields =
        [("invitation", &*token), ("email", "root@example.org"), ("username", "root_1"), ("password", PASSWORD)];
    let short = [&fields[..3], &[("password", "short")]].concat();
    let (status, text) = page(&server, "", Some(&short)).await;
    assert!(status == 422 && text.contains("The password needs at least 8 characters."), "{status}: {text}");
    assert!(text.contains("root@example.org") && text.contains(&token), "what was typed stays: {text}");
    let (status, text) = page(&server, "", Some(&fields)).await;
    assert!(status == 201 && !text.contains("<form"), "{status}: {text}");

    let session =
        server.client().post("/auth/login", &json!({"email": "root_1", "password": PASSWORD})).await.expect(200);
    let root = server.client().with_token(session["token"].as_str().expect("a token"));
    let me = root.get("/auth/me").await.expect(200);
    assert_eq!((&me["is_admin"], &me["is_public"]), (&json!(true), &json!(false)));
    let log = root.get("/admin/audit").await.expect(200);
    assert_eq!(log["items"][0]["action"], "administrator_granted");

    let (status, _) = page(
        &server,
        "",
        Some(&[&fields[..1], &[("email", "b@example.org"), ("username", "bob"), fields[3]]].concat()),
    )
    .await;
    assert_eq!(status, 403, "the link works once");
    assert_eq!(server.terminate().await, Some(0));
    server.restart().await;
    assert_eq!(invitation(&server.log()), None, "the instance has an account");
}

#[tokio::test]
async fn invitation_creates_one_private_account() {
    let server = Server::start_with(&[("REGISTRATION_MODE", "invite")]).await;
    let root = first_administrator(&server).await;
    let needed = "A new account on this server needs an invitation. Ask an administrator for one.";
    assert_eq!(register(&server, "ada", None).await, (403, needed.to_owned()));
    let invalid = "This invitation is used, expired or for another email address. Ask an administrator for a new one.";
    for unknown in ["i_unknown", "\u{202e}", "' OR true --"] {
        assert_eq!(register(&server, "ada", Some(unknown)).await, (403, invalid.to_owned()), "{unknown}");
    }

    let created = root.post("/admin/invitations", &json!({"email": "ADA@example.org"})).await.expect(201);
    let token = created["token"].as_str().expect("a token").to_owned();
    assert_eq!(invitation(created["url"].as_str().expect("an address")), Some(token.clone()));
    assert_eq!(register(&server, "bob", Some(&token)).await, (403, invalid.to_owned()), "for another address");
    assert_eq!(register(&server, "ada", Some(&token)).await.0, 201);
    assert_eq!(register(&server, "ada_2", Some(&token)).await, (403, invalid.to_owned()), "used");
    server.client().get("/users/ada").await.expect(200);
    let profile = server.client().get("/users/ada").await.expect(200);
    assert_eq!((&profile["is_public"], &profile["bio"]), (&json!(false), &Value::Null));

    // Of two registrations at once with one invitation, one succeeds.
    let output = server.database().run("worker", &["invite", "create", "--days", "1"]);
    let token = invitation(&String::from_utf8_lossy(&output.stdout)).expect("a link");
    let both = tokio::join!(register(&server, "bob", Some(&token)), register(&server, "eve", Some(&token)));
    let mut statuses = [both.0.0, both.1.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403]);

    let unused = root.post("/admin/invitations", &json!({})).await.expect(201);
    let listed = root.get("/admin/invitations").await.expect(200);
    assert_eq!(listed["total"], 4);
    let used: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|item| &item["used_by"]).collect();
    assert_eq!((used[0], used[2], used[3]), (&Value::Null, &json!("ada"), &json!("root_1")));
    root.delete(&format!("/admin/invitations/{}", unused["id"].as_str().expect("an id"))).await.expect(204);
    let token = unused["token"].as_str().expect("a token");
    assert_eq!(register(&server, "joe", Some(token)).await, (403, invalid.to_owned()), "revoked");
    let used = listed["items"][2]["id"].as_str().expect("an id").to_owned();
    root.delete(&format!("/admin/invitations/{used}")).await.expect_error(404, "NOT_FOUND");
    for expiry in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        root.post("/admin/invitations", &json!({"expires_at": expiry})).await.expect_error(400, "BAD_REQUEST");
    }
    let log = root.get("/admin/audit").await.expect(200);
    let actions: Vec<&str> =
        log["items"].as_array().expect("items").iter().filter_map(|item| item["action"].as_str()).collect();
    assert_eq!(actions[..2], ["invitation_revoked", "invitation_created"]);

    // Nothing names the address once the account is purged.
    server.database().rows("UPDATE users SET deleted_at = now() - interval '31 days' WHERE username = 'ada'");
    assert!(server.database().run("worker", &["run-once", "cleanup"]).status.success());
    let named = "SELECT (SELECT count(*) FROM invitations WHERE email LIKE 'ada@%')
        + (SELECT count(*) FROM audit_log WHERE details::text LIKE '%ada@%')";
    assert_eq!(server.database().number(named), 0);
}

#[tokio::test]
async fn expired_invitation_is_refused() {
    let server = Server::start_with(&[("REGISTRATION_MODE", "invite")]).await;
    let token = invitation(&server.log()).expect("a link");
    server.database().rows("UPDATE invitations SET expires_at = now() - interval '1 second'");
    assert_eq!(register(&server, "ada", Some(&token)).await.0, 403);
    assert!(server.database().run("worker", &["run-once", "cleanup"]).status.success());
    assert_eq!(server.database().number("SELECT count(*) FROM invitations"), 0);
}

#[tokio::test]
async fn new_address_needs_listed_domain_and_existing_accounts_sign_in() {
    let mut server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    assert_eq!(server.terminate().await, Some(0));
    server.restart_with(&[(DOMAINS, "acme.example")]).await;
    assert_eq!(ada.login().await.get("/auth/me").await.expect(200)["is_public"], true);
    let refused = "This server accepts accounts of certain email domains, organizations or groups only, and this is none of them.";
    assert_eq!(register(&server, "bob", None).await, (403, refused.to_owned()));
    let body = json!({"email": "bob@ACME.example", "username": "bob", "password": PASSWORD});
    server.client().post("/auth/register", &body).await.expect(201);
}

#[tokio::test]
async fn invalid_invitation_is_refused_in_open_mode_too() {
    let mut server = Server::start().await;
    let former = invitation(&server.log()).expect("a link");
    assert_eq!(server.terminate().await, Some(0));
    server.restart().await;
    let latest = invitation(&server.log()).expect("another link");
    assert_eq!(register(&server, "root_1", Some(&former)).await.0, 403, "a restart ends the former link");
    assert_eq!(register(&server, "root_1", Some(&latest)).await.0, 201);
    assert_eq!(register(&server, "ada", None).await.0, 201);
}

/// Signs in with a browser at the fake GitHub; returns the parameters for the frontend.
async fn sign_in(server: &Server, query: &str) -> HashMap<String, String> {
    let client = server.client();
    let away = client.get(&format!("/auth/oauth/github{query}")).await;
    let cookie = away.header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned();
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let provider = http.get(away.header("location").expect("a location")).send().await.expect("the provider answers");
    let back: Url = provider.headers()["location"].to_str().expect("text").parse().expect("an address");
    let path = format!("/auth/oauth/github/callback?{}", back.query().unwrap_or_default());
    let home = client.send(client.request(Method::GET, &path).header("cookie", cookie)).await;
    let home: Url = home.header("location").expect("a location").parse().expect("an address");
    home.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn github_account_needs_invitation_or_organization() {
    let provider = FakeProvider::start(Some(ProviderUser::new(7, "octo"))).await;
    let mut settings = provider.settings();
    settings.push(("REGISTRATION_MODE", "invite".to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::start_with(&settings).await;
    let root = first_administrator(&server).await;

    let refused = sign_in(&server, "").await;
    assert_eq!(refused["error"], "auth_failed");
    assert!(refused["error_description"].contains("needs an invitation"), "{refused:?}");
    let refused = server
        .client()
        .post(
            "/auth/oauth/github/device",
            &json!({"access_token": provider.issue(tests::CLIENT_ID, ProviderUser::new(7, "octo"))}),
        )
        .await;
    refused.expect_error(403, "FORBIDDEN");
    let created = root.post("/admin/invitations", &json!({})).await.expect(201);
    let token = created["token"].as_str().expect("a token");
    let signed_in = sign_in(&server, &format!("?invitation={token}")).await;
    assert!(signed_in.contains_key("token"), "{signed_in:?}");
    assert!(sign_in(&server, "").await.contains_key("token"), "an existing account needs no invitation");
    assert_eq!(provider.requests_to("/user/orgs"), 0, "organizations are read only where they count");
}

#[tokio::test]
async fn github_organization_lets_its_members_register() {
    let member = || ProviderUser { organizations: vec!["Acme".to_owned()], ..ProviderUser::new(7, "octo") };
    let provider = FakeProvider::start(Some(ProviderUser::new(8, "stranger"))).await;
    let mut settings = provider.settings();
    settings.push((ORGANIZATIONS, "other,acme".to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::start_with(&settings).await;
    let away = server.client().get("/auth/oauth/github").await;
    assert!(away.header("location").expect("a location").contains("read%3Aorg"), "the scope");
    assert!(sign_in(&server, "").await["error_description"].contains("organizations"));
    provider.browsing(Some(member()));
    assert!(sign_in(&server, "").await.contains_key("token"));
    assert_eq!(register(&server, "ada", None).await.0, 403, "a password proves no membership");
}

#[tokio::test]
async fn users_are_shown_only_after_sign_in_where_operator_demands_it() {
    let server = Server::start_with(&[("BURNTOP__PRIVACY__REQUIRE_SIGN_IN", "true")]).await;
    let ada = TestUser::register(&server, "ada").await;
    let document = server.client().get("/openapi.json").await.expect(200);
    let (mut open, mut shown) = (Vec::new(), 0);
    for (path, item) in document["paths"].as_object().expect("paths") {
        let path = path.strip_prefix("/api/v1").expect("a path below /api/v1");
        let filled = ["{username}", "{a}", "{b}"].iter().fold(path.to_owned(), |path, name| path.replace(name, "ada"));
        if item["get"].is_null() || filled.contains('{') || filled.ends_with("/stream") {
            continue;
        }
        let anonymous = server.client().get(&filled).await.status;
        if anonymous != 401 {
            open.push(path.to_owned());
        }
        shown += usize::from(ada.client.get(&filled).await.status == 200);
    }
    assert_eq!(
        open,
        ["/achievements", "/auth/providers", "/health", "/health/live", "/health/ready", "/health/worker"]
    );
    assert!(shown > 20, "{shown} operations answer a signed-in user");
    let totals = ada.client.get("/stats/platform").await;
    assert_eq!(totals.header("cache-control"), Some("no-store"));
}
