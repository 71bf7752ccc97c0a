//! Migrations: up, down and up again, and by several processes at once.

use std::process::Output;
use std::sync::Arc;

use serde_json::json;
use tests::{Batch, Database, Random, Server, TestUser};

#[track_caller]
fn output_text(output: Output) -> String {
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// The number of migrations.
fn steps() -> usize {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    std::fs::read_dir(folder)
        .expect("migrations")
        .filter(|entry| entry.as_ref().is_ok_and(|e| e.path().is_dir()))
        .count()
}

fn up(database: &Database) {
    output_text(database.run("api-server", &["migrate"]));
}

fn down(database: &Database, steps: usize) {
    output_text(database.run("api-server", &["migrate", "--yes", "--down", &steps.to_string()]));
}

/// The tables except the one of the migrations.
fn tables(database: &Database) -> String {
    database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migrations%'")
}

#[test]
fn migrations_down_and_up_give_the_same_schema() {
    let database = Database::empty();
    up(&database);
    let schema = database.schema();
    assert!(schema.contains("CREATE TABLE public.usage_messages"), "{schema}");
    for back in 1..=steps() {
        down(&database, back);
        assert_ne!(database.schema(), schema, "{back} undone");
        up(&database);
        assert_eq!(database.schema(), schema, "{back} undone and done again");
    }
    down(&database, steps());
    assert_eq!(tables(&database), "");
    up(&database);
    up(&database);
    assert_eq!(database.schema(), schema, "a repetition changes nothing");
}

#[tokio::test]
async fn populated_database_migrates_down_and_up_and_serves() {
    let mut server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let batch = Batch::of(Random::seeded(51).history("m", 300));
    ada.sync(&batch).await;
    let schema = server.database().schema();
    assert_eq!(server.terminate().await, Some(0));

    down(server.database(), steps());
    assert_eq!(tables(server.database()), "");
    up(server.database());
    assert_eq!(server.database().schema(), schema);
    server.restart().await;
    ada.client.get("/auth/me").await.expect_error(401, "UNAUTHORIZED");
    TestUser::register(&server, "ada").await.sync(&batch).await;
}

#[tokio::test]
async fn reverting_lists_what_is_lost_and_needs_confirmation() {
    let mut server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.sync(&Batch::of(Random::seeded(53).history("m", 300))).await;
    let database = server.database().clone();
    let revert = |arguments: &[&str]| {
        let output = database.run("api-server", &[&["migrate", "--down"], arguments].concat());
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let before = (database.schema(), database.number("SELECT count(*) FROM usage_messages"));
    let all = steps().to_string();

    let too_many = (steps() + 1).to_string();
    for arguments in [&[&*too_many][..], &[&*too_many, "--yes"], &["99", "--yes"]] {
        let (code, _, error) = revert(arguments);
        assert!(code == Some(1) && error.contains(&format!("the database has {all}")), "{error}");
    }
    // The server's sessions hold no locks.
    let (code, listed, error) = revert(&[&all]);
    assert_eq!(code, Some(1), "{error}");
    assert_eq!(listed.matches("reverts 20").count(), steps(), "{listed}");
    for line in ["drops table usage_messages (300 rows)", "drops table users (1 rows)"] {
        assert!(listed.lines().any(|listed| listed == line), "{listed}");
    }
    assert!(error.contains("other sessions in the database: ") && error.contains("with --yes"), "{error}");
    let after = (database.schema(), database.number("SELECT count(*) FROM usage_messages"));
    assert_eq!(after, before);

    let held = database.hold_account("ada");
    let (code, _, error) = revert(&[&all, "--yes"]);
    assert!(code == Some(1) && error.contains("in use by other sessions"), "{error}");
    assert_eq!(database.schema(), before.0);
    drop(held);

    assert_eq!(server.terminate().await, Some(0));
    let (code, done, error) = revert(&[&all, "--yes"]);
    assert!(code == Some(0) && !error.contains("other sessions"), "{error}");
    assert_eq!(done.matches("reverted 20").count(), steps(), "{done}");
    assert_eq!(tables(&database), "");
}

#[tokio::test]
async fn accounts_survive_reverted_ledger() {
    let mut server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let batch = Batch::of(Random::seeded(52).history("m", 100));
    let first = ada.sync(&batch).await;
    assert_eq!(server.terminate().await, Some(0));
    down(server.database(), steps() - 1);
    server.restart().await;
    assert_eq!(ada.overview().await["total_tokens"], 0);
    assert_eq!(ada.sync(&batch).await, first, "all messages are new again");
    server.assert_rebuild_changes_nothing("ada");
}

#[test]
fn concurrent_migrations_run_once() {
    let database = Database::empty();
    let start = || database.command("api-server").arg("migrate").stderr(std::process::Stdio::piped()).spawn();
    let running: Vec<_> = (0..4).map(|_| start().expect("the program runs")).collect();
    for process in running {
        output_text(process.wait_with_output().expect("it ends"));
    }
    let fresh = Database::migrated();
    assert_eq!(database.schema(), fresh.schema());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_started_at_once_on_empty_database_are_ready() {
    let database = Arc::new(Database::empty());
    let (one, two) = tokio::join!(Server::start_on(database.clone(), &[]), Server::start_on(database.clone(), &[]));
    let ada = TestUser::register(&one, "ada").await;
    let elsewhere = two.client().with_token(ada.client.token().expect("a session"));
    elsewhere.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn server_without_migrations_is_not_ready_until_migrated() {
    let database = Arc::new(Database::empty());
    let settings = [("BURNTOP__DATABASE__MIGRATE_ON_START", "false")];
    let server = Server::start_unready_on(database.clone(), &settings).await;
    let log = server.log();
    assert!(
        log.contains("WARN") && log.contains("schema is not current") && log.contains("`api-server migrate`"),
        "{log}"
    );
    let ready = server.client().get("/health/ready").await;
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert_eq!(ready.json["checks"], json!({"database": "ok", "migrations": "error", "serving": "ok"}));
    let reason = "reason=the schema is not current";
    tests::wait_until("the line is written", async || server.log().contains(reason)).await;
    up(&database);
    let client = server.client();
    tests::wait_until("the server is ready", async || client.get("/health/ready").await.status == 200).await;
    TestUser::register(&server, "ada").await;
}

#[test]
fn migrate_status_lists_applied_and_pending() {
    let database = Database::empty();
    let status = || output_text(database.run("api-server", &["migrate", "status"]));
    let before = status();
    assert_eq!(database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "");
    up(&database);
    let after = status();
    assert_ne!(before, after);
    for text in [before, after] {
        assert!(text.contains("accounts") && text.contains("ledger"), "{text}");
    }
}
