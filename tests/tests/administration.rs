//! Administrators: granted by the operator, they flag accounts, and the audit log records their actions.

use serde_json::{Value, json};
use tests::{Batch, PASSWORD, Server, TestMessage, TestUser, Worker, wait_until};

/// Runs `worker …`; returns whether it succeeded, and its result or its error.
fn run(server: &Server, arguments: &[&str]) -> (bool, String) {
    let output = server.database().run("worker", arguments);
    let is_done = output.status.success();
    (is_done, String::from_utf8(if is_done { output.stdout } else { output.stderr }).expect("text"))
}

/// Runs `worker admin …`; returns whether it succeeded, and its output.
fn admin(server: &Server, arguments: &[&str]) -> (bool, String) {
    run(server, &[&["admin"], arguments].concat())
}

/// The usernames on the board, without a session.
async fn board(server: &Server) -> Vec<String> {
    let board = server.client().get("/leaderboard").await.expect(200);
    let entries = board["entries"].as_array().expect("entries").clone();
    assert_eq!(board["pagination"]["total"].as_u64(), Some(entries.len() as u64));
    entries.iter().map(|entry| entry["username"].as_str().expect("a name").to_owned()).collect()
}

/// Action and subject of the entries of the audit log, the latest first.
async fn log(root: &TestUser, query: &str) -> Vec<(String, Option<String>)> {
    let log = root.get(&format!("/admin/audit{query}")).await;
    let entries = log["items"].as_array().expect("entries").clone();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    entries
        .iter()
        .map(|entry| (text(&entry["action"]).expect("an action"), text(&entry["subject"]["username"])))
        .collect()
}

#[tokio::test]
async fn administrator_flags_account_and_lifts_the_flag() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let root = TestUser::register(&server, "root_1").await;
    ada.sync(&Batch::of([TestMessage::new("m1").output(2_000)])).await;
    bob.sync(&Batch::of([TestMessage::new("m1").output(1_000)])).await;
    root.client.get("/admin/audit").await.expect_error(403, "FORBIDDEN");

    let (made, printed) = admin(&server, &["grant", "nobody"]);
    assert!(!made && printed.contains("there is no account called nobody"), "{printed}");
    let (made, printed) = admin(&server, &["grant", "ROOT_1"]);
    assert!(made && printed.contains("is now an administrator"), "{printed}");
    let (_, printed) = admin(&server, &["grant", "root_1"]);
    assert!(printed.contains("is already an administrator"), "{printed}");
    let (_, printed) = admin(&server, &["list"]);
    assert_eq!(printed, format!("{}  root_1\n", root.id));
    assert_eq!(root.get("/auth/me").await["is_admin"], true, "an existing session administers");

    // Two requests for a refresh queue one job.
    let job = root.client.post("/leaderboard/refresh", &json!({})).await.expect(202)["job_id"].clone();
    let again = root.client.post("/leaderboard/refresh", &json!({})).await.expect(202)["job_id"].clone();
    assert_eq!(again, job, "the job is still pending");
    let mut worker = Worker::start(server.database(), &[]);
    let state = format!("SELECT status FROM jobs WHERE id = '{}'", job.as_str().expect("an id"));
    wait_until("the boards are computed", async || server.database().rows(&state).trim() == "done").await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(board(&server).await, ["ada", "bob"]);

    let flag = json!({"reason": "These figures are made up.", "expires_at": "2999-01-01T00:00:00Z"});
    let flagged = root.client.post("/admin/users/ADA/flag", &flag).await.expect(201);
    assert_eq!((&flagged["username"], &flagged["state"]), (&json!("ada"), &json!("standing")));
    assert_eq!(board(&server).await, ["bob"], "at once");
    let details = root.client.post("/admin/users/ada/flag", &flag).await.expect_error(409, "CONFLICT");
    assert_eq!(details["resource"], "Flag");
    assert_eq!(ada.overview().await["total_tokens"], 2_000, "the own dashboard is unchanged");
    assert_eq!(ada.get("/leaderboard").await["me"]["rank"], 1);
    server.client().get("/leaderboard/ada").await.expect_error(404, "NOT_FOUND");

    // The stored boards leave the account out, so lifting the flag queues a refresh.
    let output = server.database().run("worker", &["run-once", "leaderboard"]);
    assert!(output.status.success(), "{output:?}");
    root.client.delete("/admin/users/ada/flag").await.expect(204);
    assert_eq!(board(&server).await, ["bob"]);
    let mut worker = Worker::start(server.database(), &[]);
    wait_until("the account is on the board", async || board(&server).await == ["ada", "bob"]).await;
    assert_eq!(worker.terminate().await, Some(0));
    root.client.delete("/admin/users/ada/flag").await.expect_error(404, "NOT_FOUND");
    let flags = root.get("/admin/flags").await;
    assert_eq!((&flags["total"], &flags["items"][0]["state"]), (&json!(1), &json!("lifted")));
    assert_eq!(flags["items"][0]["flagged_by"], "root_1");

    let of = |action: &str, subject: Option<&str>| (action.to_owned(), subject.map(str::to_owned));
    let expected = [
        of("account_unflagged", Some("ada")),
        of("account_flagged", Some("ada")),
        of("boards_refreshed", None),
        of("boards_refreshed", None),
        of("administrator_granted", Some("root_1")),
    ];
    assert_eq!(log(&root, "").await, expected);
    assert_eq!(log(&root, "?actor=root_1&subject=ada").await, expected[..2]);
    assert_eq!(log(&root, "?action=administrator_granted").await, expected[4..]);
    let granted = root.get("/admin/audit?action=administrator_granted").await["items"][0].clone();
    assert_eq!((&granted["by_operator"], &granted["actor"]), (&json!(true), &Value::Null));

    let (revoked, printed) = admin(&server, &["revoke", "root_1"]);
    assert!(revoked && printed.contains("is no longer an administrator"), "{printed}");
    root.client.get("/admin/audit").await.expect_error(403, "FORBIDDEN");
    assert_eq!(admin(&server, &["list"]), (true, String::new()));
}

#[tokio::test]
async fn price_override_prices_unpriced_messages_and_its_end_changes_none() {
    let server = Server::start().await;
    let (ada, root) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "root_1").await);
    ada.sync(&Batch::of([TestMessage::new("m1").model("house-model").output(1_000_000)])).await;
    assert!(admin(&server, &["grant", "root_1"]).0);
    let unpriced = root.get("/admin/models/unpriced").await["models"][0].clone();
    assert_eq!(
        (&unpriced["model"], &unpriced["tokens"], &unpriced["people"]),
        (&json!("house-model"), &json!(1_000_000), &json!(1))
    );

    let price = json!({
        "model": "house-model", "valid_from": "2026-01-01T00:00:00Z", "prices": {"input": "1", "output": "2.5"},
        "reason": "By contract.",
    });
    let decided = root.client.post("/admin/prices/overrides", &price).await.expect(201);
    let mut worker = Worker::start(server.database(), &[]);
    wait_until("the message has a price", async || ada.overview().await["total_cost"] == 2.5).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(root.get("/admin/models/unpriced").await["models"], json!([]));

    let end = |id: &Value| {
        let path = format!("/admin/prices/overrides/{id}");
        root.client.request(reqwest::Method::DELETE, &path).json(&json!({"reason": "It is over."}))
    };
    assert_eq!(root.client.send(end(&decided["id"])).await.status, 204);
    root.client.send(end(&decided["id"])).await.expect_error(404, "NOT_FOUND");
    let overrides = root.get("/admin/prices/overrides").await;
    let listed: Vec<(&Value, &Value)> = overrides["overrides"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["prices"]["output"], &one["stands"]))
        .collect();
    assert_eq!(listed, [(&Value::Null, &json!(false)), (&json!("2.5"), &json!(false))]);
    assert_eq!(ada.overview().await["total_cost"], 2.5, "stored costs do not change");
    let log = log(&root, "?subject=house-model").await;
    assert_eq!(log.iter().map(|(action, _)| &**action).collect::<Vec<_>>(), ["price_ended", "price_set"]);
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn dead_job_is_listed_retried_and_removed() {
    let server = Server::start().await;
    let root = TestUser::register(&server, "root_1").await;
    assert!(admin(&server, &["grant", "root_1"]).0);
    server.database().rows(
        "INSERT INTO jobs (id, queue, idempotency_key, payload, status, priority, attempts, max_attempts, created_at,
                           run_at, finished_at, last_error)
         VALUES (gen_random_uuid(), 'cleanup', 'story', '{}', 'dead', 90, 5, 5, now(), now(), now(), 'timed out')",
    );
    let dead = root.get("/admin/queue").await["dead"][0].clone();
    assert_eq!(
        (&dead["kind"], &dead["attempts"], &dead["last_error"]),
        (&json!("cleanup"), &json!(5), &json!("timed out"))
    );
    let path = format!("/admin/queue/{}", dead["id"].as_str().expect("an id"));
    root.client.post(&format!("{path}/retry"), &json!({})).await.expect(204);
    assert_eq!(root.get("/admin/queue").await["dead"], json!([]));
    assert_eq!(server.database().rows("SELECT status, attempts FROM jobs").trim(), "pending,0");
    root.client.delete(&path).await.expect(204);
    root.client.delete(&path).await.expect_error(404, "NOT_FOUND");
    let log = log(&root, "").await;
    assert_eq!(
        log.iter().map(|(action, _)| &**action).collect::<Vec<_>>(),
        ["job_removed", "job_retried", "administrator_granted"]
    );
}

/// The page at `/password`: sends its form; returns the status and the text.
async fn set_password(server: &Server, token: &str, password: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{}/password", server.client().address());
    let answer = http.post(url).form(&[("token", token), ("password", password)]).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

async fn root(server: &Server) -> TestUser {
    let root = TestUser::register(server, "root_1").await;
    assert!(admin(server, &["grant", "root_1"]).0);
    root
}

#[tokio::test]
async fn disabled_user_is_signed_out_and_hidden_until_enabled() {
    let server = Server::start().await;
    let (root, ada, bob) =
        (root(&server).await, TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    ada.sync(&Batch::of([TestMessage::new("m1").output(2_000)])).await;
    bob.client.post("/users/ada/follow", &json!({})).await.expect(201);
    let token = ada.client.post("/auth/tokens", &json!({"name": "cli", "scopes": ["sync"]})).await.expect(201);
    let token = ada.client.with_token(token["token"].as_str().expect("a token"));

    root.client.post("/admin/users/ADA/disable", &json!({"reason": "Left the company."})).await.expect(204);
    for client in [&ada.client, &token] {
        client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    }
    let login = json!({"email": "ada", "password": PASSWORD});
    let refused = server.client().post("/auth/login", &login).await;
    assert!(refused.text.contains("This account is disabled."), "{}", refused.text);
    refused.expect_error(403, "FORBIDDEN");
    server
        .client()
        .post("/auth/login", &json!({"email": "ada", "password": "a wrong password"}))
        .await
        .expect_error(401, "UNAUTHORIZED");
    server.client().get("/users/ada").await.expect_error(404, "NOT_FOUND");
    assert_eq!(bob.get("/users/bob/follow-stats").await["following_count"], 0);
    root.client.post("/admin/users/ada/disable", &json!({})).await.expect_error(409, "CONFLICT");
    root.client.post("/admin/users/ada/password-link", &json!({})).await.expect_error(409, "CONFLICT");
    root.client.post("/admin/users/root_1/disable", &json!({})).await.expect_error(409, "CONFLICT");

    // It is kept for longer than a deleted account.
    server.database().rows("UPDATE users SET deleted_at = now() - interval '1 year' WHERE username = 'ada'");
    let output = server.database().run("worker", &["run-once", "cleanup"]);
    assert!(output.status.success(), "{output:?}");
    server.client().post("/auth/login", &login).await.expect_error(403, "FORBIDDEN");
    let listed = root.get("/admin/users?search=ADA@").await;
    assert_eq!((&listed["total"], &listed["items"][0]["state"]), (&json!(1), &json!("disabled")));
    assert_eq!((&listed["items"][0]["messages"], &listed["items"][0]["deletion_at"]), (&json!(1), &Value::Null));

    root.client.post("/admin/users/ada/enable", &json!({})).await.expect(204);
    root.client.post("/admin/users/ada/enable", &json!({})).await.expect_error(409, "CONFLICT");
    assert_eq!(ada.login().await.get("/dashboard/overview").await.expect(200)["total_tokens"], 2_000);
    server.client().get("/users/ada").await.expect(200);
    assert_eq!(bob.get("/users/bob/follow-stats").await["following_count"], 1);
    let actions = log(&root, "?subject=ada").await;
    assert_eq!(
        actions,
        [("user_enabled".to_owned(), Some("ada".to_owned())), ("user_disabled".to_owned(), Some("ada".to_owned()))]
    );
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn user_deleted_by_administrator_cannot_return_and_is_purged() {
    let server = Server::start().await;
    let (root, ada) = (root(&server).await, TestUser::register(&server, "ada").await);
    let deleted = root.client.delete("/admin/users/ada").await.expect(202);
    assert!(deleted["deletion_at"].is_string(), "{deleted}");
    server
        .client()
        .post("/auth/login", &json!({"email": "ada", "password": PASSWORD}))
        .await
        .expect_error(403, "FORBIDDEN");
    let listed = root.get("/admin/users?search=ada").await["items"][0].clone();
    assert_eq!(
        (&listed["state"], &listed["can_return"], &listed["id"]),
        (&json!("deleted"), &json!(false), &json!(ada.id))
    );
    server.database().rows("UPDATE users SET deleted_at = now() - interval '31 days' WHERE username = 'ada'");
    let output = server.database().run("worker", &["run-once", "cleanup"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(root.get("/admin/users").await["total"], 1);
    root.client.post("/admin/users/ada/enable", &json!({})).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn administrator_helps_user_who_forgot_the_password_without_email() {
    let server = Server::start().await;
    let (root, ada) = (root(&server).await, TestUser::register(&server, "ada").await);
    root.client.post("/admin/users/ada/end-sessions", &json!({})).await.expect(204);
    ada.client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");

    // Ending access ends a link that was made before.
    let link = root.client.post("/admin/users/ada/password-link", &json!({})).await.expect(201);
    let ended = link["url"].as_str().expect("an address").split_once("token=").expect("a token").1.to_owned();
    root.client.post("/admin/users/ada/end-sessions", &json!({})).await.expect(204);
    assert_eq!(set_password(&server, &ended, "incorrect zebra capacitor").await.0, 400);
    let session = ada.login().await;

    let link = root.client.post("/admin/users/ada/password-link", &json!({})).await.expect(201);
    let token = link["url"].as_str().expect("an address").split_once("token=").expect("a token").1.to_owned();
    let (status, text) = set_password(&server, &token, "short").await;
    assert!(status == 422 && text.contains("at least 8 characters"), "{status}: {text}");
    let (status, text) = set_password(&server, &token, "incorrect zebra capacitor").await;
    assert!(status == 200 && !text.contains("<form"), "{status}: {text}");
    session.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    ada.login_with("incorrect zebra capacitor").await.get("/auth/me").await.expect(200);
    let (status, text) = set_password(&server, &token, "another long password").await;
    assert!(status == 400 && text.contains("invalid, used or expired"), "{status}: {text}");
}

#[tokio::test]
async fn operator_manages_users_with_commands() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let user = |arguments: &[&str]| run(&server, &[&["user"], arguments].concat());
    let (done, text) = user(&["list", "--search", "ada"]);
    assert!(done && text.contains("ada@example.org") && text.ends_with("1 user, page 1 of 1\n"), "{text}");
    let (done, text) = user(&["disable", "ADA", "--reason", "on leave"]);
    assert!(done && text.contains("no administrator is left"), "{text}");
    ada.client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    assert!(user(&["list"]).1.contains("disabled"));
    assert!(user(&["enable", "ada"]).0);
    let (done, text) = user(&["password-link", "ada"]);
    assert!(done && text.contains("/password?token="), "{text}");
    assert!(user(&["end-sessions", "ada"]).0);
    let (done, text) = user(&["delete", "ada"]);
    assert!(!done && text.contains("--yes"), "{text}");
    ada.login().await.get("/auth/me").await.expect(200);
    assert!(user(&["delete", "ada", "--yes"]).0);
    let (done, text) = user(&["disable", "bob"]);
    assert!(!done && text.contains("There is no user bob."), "{text}");
}

#[tokio::test]
async fn administrator_cannot_change_account_of_another() {
    let server = Server::start().await;
    let (root, ada) = (root(&server).await, TestUser::register(&server, "ada").await);
    assert!(admin(&server, &["grant", "ada"]).0);
    let invitation = ada.client.post("/admin/invitations", &json!({})).await.expect(201);
    for action in ["disable", "enable", "end-sessions", "password-link"] {
        root.client.post(&format!("/admin/users/ada/{action}"), &json!({})).await.expect_error(409, "CONFLICT");
    }
    root.client.delete("/admin/users/ada").await.expect_error(409, "CONFLICT");
    ada.client.get("/auth/me").await.expect(200);

    // The operator can, and the unused invitations of the account end.
    assert!(run(&server, &["user", "disable", "ada"]).0);
    ada.client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    let listed = root.get("/admin/invitations").await;
    let ids: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|item| &item["id"]).collect();
    assert!(!ids.contains(&&invitation["id"]), "{listed}");
}
