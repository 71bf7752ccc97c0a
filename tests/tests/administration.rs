//! Administrators: granted by the operator, they flag accounts, and the audit log records their actions.

use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser, Worker, wait_until};

/// Runs `worker admin …`; returns whether it succeeded, and its output.
fn admin(server: &Server, arguments: &[&str]) -> (bool, String) {
    let output = server.database().run("worker", &[&["admin"], arguments].concat());
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
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
