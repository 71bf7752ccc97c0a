//! Deleting an account: it returns by a sign-in, or is purged.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{AccountRows, Batch, Database, PASSWORD, Server, TestMessage, TestUser};

async fn follow(who: &TestUser, whom: &TestUser) {
    who.client.post(&format!("/users/{}/follow", whom.username), &json!({})).await.expect(201);
}

async fn leave(user: &TestUser) -> Value {
    user.client.delete("/users/me").await.expect(202)
}

/// Dates all deletions `days` days back.
fn age(server: &Server, days: u32) {
    let aged = format!("UPDATE users SET deleted_at = now() - interval '{days} days' WHERE deleted_at IS NOT NULL");
    server.database().rows(&aged);
}

fn cleanup(database: &Database) -> String {
    let output = database.run("worker", &["run-once", "cleanup"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// All rows of all tables, as text.
fn everything(database: &Database) -> String {
    let tables = database
        .rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1");
    let rows = |table: &str| database.rows(&format!("SELECT '{table}', to_jsonb(t) FROM \"{table}\" t"));
    tables.lines().map(rows).collect()
}

#[tokio::test]
async fn deleted_account_vanishes_and_returns_by_sign_in() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    ada.sync(&Batch::of([TestMessage::new("m1").input(1_000), TestMessage::new("m2").output(7)])).await;
    follow(&ada, &bob).await;
    follow(&bob, &ada).await;
    let issued = ada.client.post("/auth/tokens", &json!({"name": "laptop", "scopes": ["sync", "read"]})).await;
    let laptop = server.client().with_token(issued.expect(201)["token"].as_str().expect("a token"));
    let elsewhere = ada.login().await;
    let compute = || assert!(server.database().run("worker", &["run-once", "platform"]).status.success());
    let shown = async || {
        compute();
        let mut shown = Vec::new();
        for path in ["/users/ada", "/users/ada/stats", "/users/ada/achievements", "/users/ada/compare/bob"] {
            shown.push(server.client().get(path).await.expect(200));
        }
        shown.push(bob.get("/users/bob/followers").await);
        shown.push(bob.get("/users/bob/following").await);
        shown.push(bob.get("/users/bob/follow-stats").await);
        shown.push(bob.get("/stats/platform").await);
        shown
    };
    let (before, facts) = (shown().await, AccountRows::of(server.database(), "ada"));

    let deletion = leave(&ada).await;
    let days = server.database().number(&format!(
        "SELECT round(extract(epoch FROM timestamptz '{}' - now()) / 86400) FROM users WHERE username = 'ada'",
        deletion["deletion_at"].as_str().expect("an instant")
    ));
    assert_eq!(days, 30);
    for deleted in [&ada.client, &elsewhere, &laptop] {
        deleted.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
        deleted.delete("/users/me").await.expect_error(401, "UNAUTHORIZED");
    }
    for path in ["/users/ada", "/users/ada/stats", "/users/ada/followers", "/users/ada/compare/bob"] {
        bob.client.get(path).await.expect_error(404, "NOT_FOUND");
    }
    bob.client.post("/users/ada/follow", &json!({})).await.expect_error(404, "NOT_FOUND");
    let counts = bob.get("/users/bob/follow-stats").await;
    assert_eq!((&counts["followers_count"], &counts["following_count"]), (&json!(0), &json!(0)));
    compute();
    assert_eq!(bob.get("/stats/platform").await["total_tokens"], 0);

    let same = json!({"email": "x@example.org", "username": "ADA", "password": PASSWORD});
    server.client().post("/auth/register", &same).await.expect_error(409, "CONFLICT");
    let wrong = server.client().post("/auth/login", &json!({"email": "ada", "password": "not it"})).await;
    let unknown_login = server.client().post("/auth/login", &json!({"email": "nobody", "password": "not it"})).await;
    assert_eq!((wrong.status, &wrong.json["detail"]), (unknown_login.status, &unknown_login.json["detail"]));
    server.client().get("/users/ada").await.expect_error(404, "NOT_FOUND");

    let right = json!({"email": "ada", "password": PASSWORD});
    let session = server.client().post("/auth/login", &right).await.expect(200);
    let back = server.client().with_token(session["token"].as_str().expect("a token"));
    assert_eq!(back.get("/auth/me").await.expect(200)["id"], json!(ada.id));
    assert_eq!(shown().await, before);
    facts.assert_same(&AccountRows::of(server.database(), "ada"));
    for ended in [&ada.client, &elsewhere, &laptop] {
        ended.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    }
    server.assert_rebuild_changes_nothing("ada");
    assert!(cleanup(server.database()).ends_with(", 0 accounts purged (0 messages, 0 other rows)\n"));
}

#[tokio::test]
async fn deleted_account_is_purged_after_grace_period() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada_gone").await, TestUser::register(&server, "bob").await);
    for user in [&ada, &bob] {
        user.sync(&Batch::of([TestMessage::new("m1").input(1_000), TestMessage::new("m2").output(7)])).await;
    }
    follow(&ada, &bob).await;
    follow(&bob, &ada).await;
    let facts = AccountRows::of(server.database(), "bob");
    leave(&ada).await;

    age(&server, 29);
    assert!(cleanup(server.database()).contains(", 0 accounts purged"));
    age(&server, 30);
    let login = json!({"email": "ada_gone", "password": PASSWORD});
    server.client().post("/auth/login", &login).await.expect_error(401, "UNAUTHORIZED");
    let again = json!({"email": "ada_gone@example.org", "username": "ada_gone", "password": PASSWORD});
    server.client().post("/auth/register", &again).await.expect_error(409, "CONFLICT");

    let printed = cleanup(server.database());
    assert!(printed.contains(", 1 account purged (2 messages, "), "{printed}");
    let left = everything(server.database());
    assert!(!left.contains("ada_gone") && !left.contains(&ada.id), "{left}");
    facts.assert_same(&AccountRows::of(server.database(), "bob"));
    server.assert_rebuild_changes_nothing("bob");
    let fresh = TestUser::register(&server, "ada_gone").await;
    assert_ne!(fresh.id, ada.id);
    assert_eq!(fresh.overview().await["total_tokens"], 0);
}

#[tokio::test]
async fn sync_during_deletion_is_stored_whole_or_refused() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let acknowledged = join_all((0..6).map(async |task: u32| {
        let mut acknowledged = 0;
        for round in 0.. {
            if task == 0 && round == 4 {
                leave(&ada).await;
            }
            let message = |n: u32| TestMessage::new(format!("{task}-{round}-{n}")).output(1).project("shop");
            let answer = ada.try_sync(&Batch::of((0..20).map(message)).machine(&format!("machine{task}")).json()).await;
            match answer.status {
                200 => acknowledged += 20,
                401 => break,
                _ => drop(answer.expect_error(404, "NOT_FOUND")),
            }
        }
        acknowledged
    }));
    let acknowledged: i64 = acknowledged.await.into_iter().sum();
    let database = server.database();
    assert_eq!(database.number("SELECT count(*) FROM usage_messages"), acknowledged);
    assert_eq!(database.number("SELECT sum(tokens) FROM usage_rollups"), acknowledged);
    assert_eq!(database.number("SELECT tokens FROM usage_totals"), acknowledged);

    age(&server, 31);
    let printed = cleanup(database);
    assert!(printed.contains(&format!(", 1 account purged ({acknowledged} messages, ")), "{printed}");
    for table in [
        "users",
        "usage_messages",
        "usage_rollups",
        "usage_days",
        "usage_hours",
        "usage_totals",
        "usage_sources",
        "usage_models",
        "usage_calendars",
        "usage_project_days",
        "usage_projects",
        "machines",
    ] {
        assert_eq!(database.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}
