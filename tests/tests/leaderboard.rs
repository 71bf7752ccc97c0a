//! Boards: refreshed within moments, and without hidden accounts at once.

use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser, Worker, wait_until};

async fn board(server: &Server) -> Value {
    server.client().get("/leaderboard").await.expect(200)
}

fn names(board: &Value) -> Vec<&str> {
    let entries = board["entries"].as_array().expect("entries");
    entries.iter().map(|entry| entry["username"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn first_messages_of_instance_refresh_boards() {
    let server = Server::start().await;
    let mut worker = Worker::start(server.database(), &[]);
    let refreshed = "SELECT count(*) FROM jobs WHERE queue = 'leaderboard' AND status <> 'done'";
    wait_until("the boards of the start", async || {
        let all = server.database().number("SELECT count(*) FROM jobs WHERE queue = 'leaderboard'");
        all > 0 && server.database().number(refreshed) == 0
    })
    .await;

    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let first = ada.sync(&Batch::of([TestMessage::new("m1").output(70)])).await;
    assert_eq!(first["stats"]["rank"], Value::Null, "no account is ranked yet");
    wait_until("ada is ranked", async || names(&board(&server).await) == ["ada"]).await;
    // From here on only the test refreshes boards.
    assert_eq!(worker.terminate().await, Some(0));

    bob.sync(&Batch::of([TestMessage::new("m1").output(90)])).await;
    let output = server.database().run("worker", &["run-once", "leaderboard"]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("leaderboard: 2 accounts ranked"), "{output:?}");
    let shown = board(&server).await;
    assert_eq!(names(&shown), ["bob", "ada"]);
    assert_eq!((&shown["entries"][0]["rank_change"], &shown["entries"][1]["rank_change"]), (&Value::Null, &json!(-1)));
    let again = ada.sync(&Batch::of([TestMessage::new("m2").output(1)])).await;
    assert_eq!(again["stats"]["rank"], 2, "as of the last refresh");

    bob.change(json!({"is_public": false})).await;
    let hidden = board(&server).await;
    assert_eq!(
        (names(&hidden), &hidden["entries"][0]["rank"]),
        (vec!["ada"], &json!(2)),
        "a gap until the next refresh"
    );
    assert_eq!(bob.get("/leaderboard").await["me"]["rank"], 1, "a hidden account sees where it would stand");
    let output = server.database().run("worker", &["run-once", "leaderboard"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(board(&server).await["entries"][0]["rank"], 1);
    for name in ["ada", "bob"] {
        server.assert_rebuild_changes_nothing(name);
    }
    server.assert_sums_are_right();
}

#[tokio::test]
async fn new_usage_refreshes_boards_older_than_a_minute() {
    let server = Server::start().await;
    let mut worker = Worker::start(server.database(), &[]);
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let queued_refreshes =
        || server.database().number("SELECT count(*) FROM jobs WHERE idempotency_key LIKE 'usage:%'");
    ada.sync(&Batch::of([TestMessage::new("m1").output(70)])).await;
    wait_until("ada is ranked", async || names(&board(&server).await) == ["ada"]).await;
    // A worker would refresh boards at the full hour, and a refresh that is due would show the usage.
    assert_eq!(worker.terminate().await, Some(0));
    server.database().rows("DELETE FROM jobs WHERE queue = 'leaderboard' AND status <> 'done'");

    // Boards whose refresh is slow wait for the schedule.
    let older = "UPDATE board_snapshots SET computed_at = computed_at - interval '2 minutes', took_ms = 1000";
    server.database().rows(older);
    // Another process, because each caches its result for a minute.
    let other = Server::start_on(server.database().clone(), &[]).await;
    let client = other.client().with_token(bob.client.token().expect("signed in"));
    client.post("/sync", &Batch::of([TestMessage::new("m1").output(90)]).json()).await.expect(200);
    assert_eq!((queued_refreshes(), names(&board(&server).await)), (0, vec!["ada"]));

    server.database().rows("UPDATE board_snapshots SET took_ms = 10");
    bob.sync(&Batch::of([TestMessage::new("m2").output(1)])).await;
    assert_eq!(queued_refreshes(), 1);
    let _worker = Worker::start(server.database(), &[]);
    wait_until("bob is ranked", async || names(&board(&server).await) == ["bob", "ada"]).await;
}

#[tokio::test]
async fn rank_is_notified_once_over_several_refreshes() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.sync(&Batch::of([TestMessage::new("m1").output(70)])).await;
    for _ in 0..3 {
        let output = server.database().run("worker", &["run-once", "leaderboard"]);
        assert!(output.status.success(), "{output:?}");
    }
    let inbox = ada.get("/notifications").await;
    let notifications = inbox["notifications"].as_array().expect("notifications");
    let ranks: Vec<_> =
        notifications.iter().filter(|notifications| notifications["type"] == "leaderboard_rank").collect();
    assert_eq!(ranks.len(), 1, "{inbox}");
    assert_eq!(ranks[0]["data"], json!({"top": 1, "rank": 1}));
}
