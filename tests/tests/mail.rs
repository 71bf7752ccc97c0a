//! Emails: sent once, to the right account, with working links; none without a mail server.

use std::sync::Arc;

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use tests::{
    ApiResponse, Batch, CLIENT_ID, Database, FakeProvider, FakeSmtp, Identity, PASSWORD, ProviderUser, ReceivedEmail,
    Server, SmtpBehavior, TestMessage, TestUser, TlsStart, Worker, wait_until,
};

/// A server and a worker that send emails through `smtp`.
fn settings(smtp: &FakeSmtp) -> Vec<(&'static str, String)> {
    vec![
        ("SMTP_URL", smtp.url()),
        ("MAIL_FROM", "burntop <burntop@example.org>".to_owned()),
        ("PUBLIC_URL", "https://api.example.org".to_owned()),
        ("FRONTEND_URL", "https://app.example.org".to_owned()),
        ("BURNTOP__MAIL__PER_MINUTE", "0".to_owned()),
    ]
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn start(smtp: &FakeSmtp) -> Server {
    Server::start_with(&borrowed(&settings(smtp))).await
}

fn worker(server: &Server, smtp: &FakeSmtp) -> Worker {
    Worker::start(server.database(), &borrowed(&settings(smtp)))
}

/// Waits for `count` emails; returns them.
async fn emails(smtp: &FakeSmtp, count: usize) -> Vec<ReceivedEmail> {
    wait_until("emails arrive", async || smtp.posts().len() >= count).await;
    let posts = smtp.posts();
    assert_eq!(posts.len(), count, "{posts:#?}");
    posts
}

/// The states of all emails, such as `done,2`.
fn states(database: &Database) -> String {
    database.rows("SELECT status, count(*) FROM jobs WHERE queue = 'mail' GROUP BY 1 ORDER BY 1").trim().to_owned()
}

async fn all_done(database: &Arc<Database>, count: usize) {
    wait_until("emails are done", async || states(database) == format!("done,{count}")).await;
}

fn verify_without_an_email(user: &TestUser, database: &Database) {
    database.rows(&format!("UPDATE users SET email_verified = true WHERE id = '{}'", user.id));
    database.rows("DELETE FROM jobs WHERE queue = 'mail'");
}

async fn ask_to_follow(who: &TestUser, whom: &TestUser) {
    who.client.post(&format!("/users/{}/follow", whom.username), &json!({})).await.expect(202);
}

/// The token of the link in an email to `page`.
fn token(post: &ReceivedEmail, page: &str) -> String {
    let start = format!("https://app.example.org{page}?token=");
    post.link(&start)[start.len()..].to_owned()
}

/// Unsubscribes as a mail program does with the headers of `post` (RFC 8058).
async fn unsubscribe(server: &Server, post: &ReceivedEmail) -> ApiResponse {
    assert_eq!(post.header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    let link = post.header("List-Unsubscribe").expect("a link");
    let url = link.trim_start_matches('<').trim_end_matches('>');
    let path = url.strip_prefix("https://api.example.org/api/v1").expect("our address");
    let client = server.client();
    let before = client.get(path).await;
    assert_eq!((before.status, before.text.contains("<form method=\"post\">")), (200, true), "{}", before.text);
    let form = [("List-Unsubscribe", "One-Click")];
    client.send(client.request(Method::POST, path).form(&form)).await
}

#[tokio::test]
async fn address_is_verified_by_link_in_email() {
    let smtp = FakeSmtp::start(Some(("burntop", "hunter2"))).await;
    let server = start(&smtp).await;
    let mut worker = worker(&server, &smtp);
    let ada = TestUser::register(&server, "ada").await;
    let [post] = &emails(&smtp, 1).await[..] else { panic!("one email") };
    assert_eq!((post.from.as_str(), post.to.as_str()), ("burntop@example.org", "ada@example.org"));
    assert_eq!(post.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(post.header("List-Unsubscribe"), None, "verification cannot be unsubscribed from");
    assert!(post.header("Message-ID").is_some_and(|id| id.ends_with("@api.example.org>")), "{post:?}");
    let token = token(post, "/auth/verify");
    assert!(post.part("text/html").contains(&token));

    assert_eq!(ada.get("/auth/me").await["email_verified"], false);
    let forged = format!("{}A", &token[..token.len() - 1]);
    let anonymous = server.client();
    let verify = async |token: &str| anonymous.post("/auth/verify-email", &json!({"token": token})).await;
    if forged != token {
        verify(&forged).await.expect_error(400, "BAD_REQUEST");
    }
    anonymous
        .post("/auth/password/reset", &json!({"token": token, "new_password": "incorrect zebra"}))
        .await
        .expect(400);
    assert_eq!(ada.get("/auth/me").await["email_verified"], false);
    for _ in 0..2 {
        verify(&token).await.expect(204);
        assert_eq!(ada.get("/auth/me").await["email_verified"], true);
    }

    // Another email is sent on request: not twice in five minutes, and not to a verified address.
    let bob = TestUser::register(&server, "bob").await;
    emails(&smtp, 2).await;
    let database = server.database();
    database.rows("DELETE FROM jobs WHERE queue = 'mail'");
    for user in [&ada, &bob, &bob] {
        user.client.post("/auth/verify-email", &json!({})).await.expect(204);
        let request = user.client.request(Method::POST, "/auth/verify-email");
        user.client.send(request).await.expect(204);
    }
    anonymous.post("/auth/verify-email", &json!({})).await.expect_error(401, "UNAUTHORIZED");
    assert_eq!(emails(&smtp, 3).await[2].to, "bob@example.org");
    all_done(database, 1).await;
    assert!(!worker.log().contains("hunter2"));
    assert_eq!(worker.terminate().await, Some(0));
    let stored = database.rows("SELECT payload, last_error FROM jobs");
    assert!(!stored.contains("example.org") && !stored.contains(&token), "{stored}");
}

#[tokio::test]
async fn email_over_tls_needs_trusted_certificate() {
    let identity = Identity::new();
    for (opens, scheme, host) in [(TlsStart::AtOnce, "smtps", "localhost"), (TlsStart::WhenAsked, "smtp", "0.0.0.0")] {
        let smtp = FakeSmtp::start(Some(("burntop", "hunter2"))).await;
        let door = identity.door(opens, smtp.port()).await;
        let mut settings = settings(&smtp);
        settings.retain(|(name, _)| *name != "SMTP_URL");
        settings.push(("SMTP_URL", format!("{scheme}://burntop:hunter2@{host}:{door}")));
        let server = Server::start_with(&borrowed(&settings)).await;
        let database = server.database();
        let mut worker = Worker::start(database, &borrowed(&settings));
        TestUser::register(&server, "ada").await;
        let refused = "SELECT count(*) FROM jobs WHERE queue = 'mail' AND last_error LIKE '%certificate%'";
        wait_until("the certificate is refused", async || database.rows(refused).trim() == "1").await;
        assert_eq!(worker.terminate().await, Some(0));
        assert!(smtp.commands().is_empty(), "{opens:?}: the server received {:?}", smtp.commands());

        // The operator can trust the certificate, as for all programs that use the system's certificates.
        settings.push(("SSL_CERT_FILE", identity.certificate().display().to_string()));
        database.rows("UPDATE jobs SET run_at = created_at WHERE queue = 'mail'");
        let mut worker = Worker::start(database, &borrowed(&settings));
        assert_eq!(emails(&smtp, 1).await[0].to, "ada@example.org", "{opens:?}");
        assert_eq!(worker.terminate().await, Some(0));
    }
}

#[tokio::test]
async fn news_emails_go_to_verified_addresses_until_unsubscribed() {
    let smtp = FakeSmtp::start(None).await;
    let server = start(&smtp).await;
    let database = server.database();
    let zone = tests::noon_zone();
    let ada = TestUser::register_in(&server, "ada", zone.iana_name().expect("a name")).await;
    let others = [
        TestUser::register(&server, "bob").await,
        TestUser::register(&server, "cid").await,
        TestUser::register(&server, "dan").await,
    ];
    ada.change(json!({"is_public": false})).await;
    database.rows("DELETE FROM jobs WHERE queue = 'mail'");
    ask_to_follow(&others[0], &ada).await;
    assert_eq!(states(database), "", "the address is not verified");

    verify_without_an_email(&ada, database);
    ask_to_follow(&others[1], &ada).await;
    // Achievements are notified only in the application.
    let week_ago = tests::now() - SignedDuration::from_hours(7 * 24);
    ada.sync(&Batch::of([TestMessage::new("m1").at(week_ago).output(1_234)])).await;
    assert_eq!(states(database), "pending,1");
    // Accounts created after Monday get no summary, and from Thursday on no account gets one.
    database.rows("UPDATE users SET created_at = created_at - interval '1 week'");
    let is_due = tests::is_summed_up_in(&zone);
    let mut worker = worker(&server, &smtp);
    // The worker that was just started may write the summary first.
    let mut summing = database.command("worker");
    let summed = summing.args(["run-once", "weekly-summary"]).envs(settings(&smtp)).output().expect("a run");
    assert!(summed.status.success(), "{summed:?}");
    let posts = emails(&smtp, 1 + usize::from(is_due)).await;
    let about = |subject: &str| {
        let found = posts
            .iter()
            .find(|post| post.header("Subject").is_some_and(|subject_line| subject_line.starts_with(subject)));
        found.unwrap_or_else(|| panic!("no email says {subject}"))
    };
    let request = about("Follow request");
    assert!(request.part("text/plain").contains("cid would like to follow you."), "{}", request.part("text/plain"));
    if is_due {
        let week = about("Your week");
        let (text, page) = (week.part("text/plain"), week.part("text/html"));
        assert!(text.contains("Tokens: 1,234") && text.contains("Active days: 1"), "{text}");
        assert!(page.contains("1,234") && page.contains("Most used model"), "{page}");
    }

    let stopped = unsubscribe(&server, request).await;
    assert_eq!((stopped.status, stopped.text.contains("no more follow requests")), (200, true), "{}", stopped.text);
    let wanted = ada.get("/notifications/preferences").await;
    assert_eq!(
        (&wanted["email"]["follow_request"], &wanted["in_app"]["follow_request"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(wanted["email"]["weekly_summary"], true, "other kinds still come");
    ask_to_follow(&others[2], &ada).await;
    all_done(database, 1 + usize::from(is_due)).await;
    let inbox = ada.get("/notifications").await["notifications"].to_string();
    assert!(inbox.contains("dan would like to follow you."), "the application shows it: {inbox}");
    for bad in ["", "?token=", "?token=x"] {
        for method in [Method::GET, Method::POST] {
            let client = server.client();
            let request = client.request(method, &format!("/notifications/unsubscribe{bad}"));
            assert_eq!(client.send(request).await.status, 400, "{bad}");
        }
    }
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn queued_email_is_skipped_after_unsubscribing() {
    let smtp = FakeSmtp::start(None).await;
    let server = start(&smtp).await;
    let database = server.database();
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    ada.change(json!({"is_public": false})).await;
    verify_without_an_email(&ada, database);
    ask_to_follow(&bob, &ada).await;
    assert_eq!(states(database), "pending,1");
    let change = json!({"email": {"follow_request": false}});
    ada.client.patch("/notifications/preferences", &change).await.expect(200);
    let mut worker = worker(&server, &smtp);
    all_done(database, 1).await;
    assert_eq!((smtp.visits(), worker.terminate().await), (0, Some(0)));
    assert!(worker.log().contains("email skipped: no longer needed"), "{}", worker.log());
}

#[tokio::test]
async fn forgotten_password_is_reset_only_by_link_in_email() {
    let smtp = FakeSmtp::start(None).await;
    let server = start(&smtp).await;
    let database = server.database();
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    verify_without_an_email(&ada, database);
    let elsewhere = ada.login().await;
    let issued = ada.client.post("/auth/tokens", &json!({"name": "ci", "scopes": ["read"]})).await.expect(201);
    let program = ada.client.with_token(issued["token"].as_str().expect("a token"));
    let begun = server.client().post("/auth/device/code", &json!({})).await.expect(200);
    ada.client.post("/auth/device/confirm", &json!({"user_code": begun["user_code"]})).await.expect(204);
    let mut worker = worker(&server, &smtp);
    let anonymous = server.client();
    for email in ["nobody@example.org", &bob.email, "ADA@example.org", &ada.email] {
        let answer = anonymous.post("/auth/password/forgot", &json!({"email": email})).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{email}");
    }
    all_done(database, 3).await;
    let [post] = &emails(&smtp, 1).await[..] else { panic!("one email") };
    assert_eq!(post.to, "ada@example.org");
    let token = token(post, "/auth/reset");

    let new = "incorrect zebra capacitor";
    let reset = async |password: &str| {
        anonymous.post("/auth/password/reset", &json!({"token": token, "new_password": password})).await
    };
    assert_eq!(reset("short").await.problems(), ["body.new_password string_too_short"]);
    anonymous.post("/auth/verify-email", &json!({"token": token})).await.expect_error(400, "BAD_REQUEST");
    ada.get("/auth/me").await;
    reset(new).await.expect(204);
    for ended in [&ada.client, &elsewhere, &program] {
        ended.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    }
    let poll = anonymous.post("/auth/device/token", &json!({"device_code": begun["device_code"]})).await;
    assert_eq!(poll.expect_error(400, "BAD_REQUEST")["error"], "expired_token");
    let login =
        async |password| anonymous.post("/auth/login", &json!({"email": ada.email, "password": password})).await;
    login(PASSWORD).await.expect(401);
    login(new).await.expect(200);
    reset("yet another one").await.expect_error(400, "BAD_REQUEST");
    login(new).await.expect(200);
    bob.get("/auth/me").await;
    // A verified owner is notified, also of a change with the password. An unverified address gets no email.
    let body = json!({"current_password": new, "new_password": "yet another one"});
    let again = ada.login_with(new).await;
    again.post("/auth/password", &body).await.expect(204);
    let body = json!({"current_password": PASSWORD, "new_password": "yet another one"});
    bob.client.post("/auth/password", &body).await.expect(204);
    for post in &emails(&smtp, 3).await[1..] {
        assert_eq!((post.to.as_str(), post.header("List-Unsubscribe")), ("ada@example.org", None));
        assert_eq!(post.header("Subject").as_deref(), Some("Your password for burntop was changed"));
    }
    all_done(database, 6).await;
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn password_reset_removes_linked_provider_accounts() {
    let (smtp, provider) = (FakeSmtp::start(None).await, FakeProvider::start(None).await);
    let mut settings = settings(&smtp);
    settings.extend(provider.settings());
    let server = Server::start_with(&borrowed(&settings)).await;
    let squatter = TestUser::register(&server, "ada").await;
    let github = json!({"access_token": provider.issue(CLIENT_ID, ProviderUser::new(7, "squatter"))});
    squatter.client.post("/auth/oauth/github/link", &github).await.expect(204);
    verify_without_an_email(&squatter, server.database());
    let mut worker = worker(&server, &smtp);
    let anonymous = server.client();
    anonymous.post("/auth/password/forgot", &json!({"email": squatter.email})).await.expect(204);
    let token = token(&emails(&smtp, 1).await[0], "/auth/reset");
    let body = json!({"token": token, "new_password": "incorrect zebra capacitor"});
    anonymous.post("/auth/password/reset", &body).await.expect(204);
    let session = anonymous.post("/auth/oauth/github/device", &github).await.expect(200);
    assert_ne!(session["user_id"].as_str(), Some(squatter.id.as_str()), "the provider account opens a new account");
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn account_without_password_gets_one_by_reset() {
    let smtp = FakeSmtp::start(None).await;
    let server = start(&smtp).await;
    let database = server.database();
    let ada = TestUser::register(&server, "ada").await;
    verify_without_an_email(&ada, database);
    database.rows("UPDATE users SET password_hash = NULL");
    let mut worker = worker(&server, &smtp);
    let anonymous = server.client();
    anonymous.post("/auth/password/forgot", &json!({"email": ada.email})).await.expect(204);
    let token = token(&emails(&smtp, 1).await[0], "/auth/reset");
    let body = json!({"token": token, "new_password": "incorrect zebra capacitor"});
    anonymous.post("/auth/password/reset", &body).await.expect(204);
    let body = json!({"email": "ada", "password": "incorrect zebra capacitor"});
    anonymous.post("/auth/login", &body).await.expect(200);
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn worker_killed_while_sending_loses_no_email() {
    let smtp = FakeSmtp::start(None).await;
    smtp.behave(SmtpBehavior::Silent);
    let server = start(&smtp).await;
    TestUser::register(&server, "ada").await;
    let mut killed = worker(&server, &smtp);
    wait_until("an email is being sent", async || smtp.visits() == 1).await;
    killed.kill();
    smtp.behave(SmtpBehavior::Takes);
    let (mut one, mut other) = (worker(&server, &smtp), worker(&server, &smtp));
    all_done(server.database(), 1).await;
    assert_eq!([one.terminate().await, other.terminate().await], [Some(0), Some(0)]);
    assert_eq!(emails(&smtp, 1).await.len(), 1);
    // A finished job is not run again.
    let mut again = worker(&server, &smtp);
    wait_until("the worker is ready", async || again.log().contains("ready")).await;
    assert_eq!((again.terminate().await, smtp.posts().len()), (Some(0), 1));
}

#[tokio::test]
async fn email_refused_is_dead_and_failed_is_retried() {
    let smtp = FakeSmtp::start(Some(("burntop", "hunter2"))).await;
    let server = start(&smtp).await;
    let database = server.database();
    smtp.behave(SmtpBehavior::Says("RCPT", "550 5.1.1 nobody here"));
    TestUser::register(&server, "ada").await;
    let mut worker = worker(&server, &smtp);
    wait_until("the job is dead", async || states(database) == "dead,1").await;
    let why = database.rows("SELECT attempts, last_error FROM jobs WHERE queue = 'mail'");
    assert!(why.starts_with("1,") && why.contains("550") && why.contains("nobody here"), "{why}");

    database.rows("DELETE FROM jobs WHERE queue = 'mail'");
    smtp.behave(SmtpBehavior::Says("AUTH", "535 5.7.8 not hunter2"));
    TestUser::register(&server, "bob").await;
    wait_until("the job is retried", async || {
        !database.rows("SELECT last_error FROM jobs WHERE queue = 'mail'").trim().is_empty()
    })
    .await;
    let why = database.rows("SELECT status, last_error FROM jobs WHERE queue = 'mail'");
    assert!(why.starts_with("pending,") && why.contains("535") && !why.contains("hunter2"), "{why}");
    smtp.behave(SmtpBehavior::Takes);
    assert_eq!(emails(&smtp, 1).await[0].to, "bob@example.org");
    assert!(!worker.log().contains("hunter2"));
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test]
async fn without_mail_server_no_email_is_queued() {
    let server = Server::start().await;
    let database = server.database();
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    ada.change(json!({"is_public": false})).await;
    ada.client.post("/auth/verify-email", &json!({})).await.expect(204);
    database.rows("UPDATE users SET email_verified = true");
    ask_to_follow(&bob, &ada).await;
    server.client().post("/auth/password/forgot", &json!({"email": ada.email})).await.expect(204);
    assert_eq!(states(database), "");
    assert!(ada.get("/notifications").await.to_string().contains("bob would like to follow you."));
}
