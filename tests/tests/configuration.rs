//! Warnings about settings at start, and `api-server config --check`.

use std::sync::Arc;

use tests::{Database, FakeSmtp, Server, SmtpBehavior, Worker, wait_until};

const SECRETS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];
const DIFFERS: &str = "SECRET_KEY differs from that of the process that started last";

/// The exit code and the output of `config --check` with `settings`.
fn check(database: &Database, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = database.command("api-server");
    let output = command.args(["config", "--check"]).envs(settings.iter().copied()).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[track_caller]
fn contains(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn config_check_tries_database_and_mail_server_and_sends_nothing() {
    let database = Database::migrated();
    let smtp = FakeSmtp::start(Some(("me", "hunter2"))).await;
    let url = smtp.url();
    let mail = [("SMTP_URL", &*url), ("MAIL_FROM", "burntop <burntop@example.org>")];

    let (code, said) = check(&database, &[]);
    assert_eq!(code, Some(0), "{said}");
    contains(
        &said,
        &["OK      configuration", "OK      database: `test_", "schema is current", "OK      mail server: off"],
    );
    let (code, said) = check(&database, &mail);
    assert_eq!(code, Some(0), "{said}");
    contains(&said, &["OK      mail server: 127.0.0.1:", "no email was sent"]);
    assert_eq!(smtp.visits(), 1);
    assert!(
        smtp.posts().is_empty() && !smtp.commands().iter().any(|line| line.starts_with("MAIL")),
        "{:?}",
        smtp.commands()
    );

    let wrong = url.replace("hunter2", "hunter3");
    let closed = "postgres://me:hunter2@127.0.0.1:1/x".to_owned();
    for (settings, expected) in [
        (vec![("SMTP_URL", &*wrong), mail[1]], vec!["OK      database", "FAILED  mail server", "login", "535"]),
        (vec![("SMTP_URL", "smtp://127.0.0.1:1"), mail[1]], vec!["FAILED  mail server", "connecting"]),
        (vec![mail[0], ("MAIL_FROM", "burntop")], vec!["FAILED  mail server", "the sender must be"]),
        (vec![("DATABASE_URL", &*closed)], vec!["FAILED  database", "cannot be reached", "OK      mail server"]),
        (vec![("PORT", "x")], vec!["FAILED  configuration", "PORT: must be a whole number"]),
    ] {
        let (code, said) = check(&database, &settings);
        assert_eq!(code, Some(1), "{said}");
        contains(&said, &expected);
        contains(&said, &["error: the check failed"]);
        assert!(!said.contains("hunter"), "{said}");
    }
    smtp.behave(SmtpBehavior::Silent);
    let (code, said) = check(&database, &[mail[0], mail[1], ("BURNTOP__MAIL__TIMEOUT_SECONDS", "1")]);
    assert_eq!(code, Some(1), "{said}");
    contains(&said, &["FAILED  mail server", "took longer than 1s"]);
}

#[test]
fn config_check_reports_the_schema_and_changes_nothing() {
    let database = Database::empty();
    let (code, said) = check(&database, &[]);
    assert_eq!(code, Some(0), "{said}");
    contains(&said, &["the next start migrates the schema"]);
    let (code, said) = check(&database, &[("BURNTOP__DATABASE__MIGRATE_ON_START", "false")]);
    assert_eq!(code, Some(1), "{said}");
    contains(&said, &["FAILED  database", "`api-server migrate`"]);
    let (code, said) = check(&database, &[("DATABASE_URL", "")]);
    assert_eq!(code, Some(0), "{said}");
    contains(&said, &["embedded PostgreSQL"]);
    assert_eq!(database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "");
    assert_eq!(std::fs::read_dir(database.home()).expect("a directory").count(), 0);

    database.rows("CREATE TABLE orders (id int)");
    let (code, said) = check(&database, &[]);
    assert_eq!(code, Some(1), "{said}");
    contains(&said, &["FAILED  database", "belongs to another program"]);
}

#[tokio::test]
async fn processes_with_different_secret_keys_are_warned_of() {
    let database = Arc::new(Database::migrated());
    let key = |at: usize| [("SECRET_KEY", SECRETS[at])];
    let first = Server::start_on(database.clone(), &key(0)).await;
    let same = Server::start_on(database.clone(), &key(0)).await;
    for server in [&first, &same] {
        assert!(!server.log().contains(DIFFERS), "{}", server.log());
    }
    let other = Server::start_on(database.clone(), &key(1)).await;
    assert!(other.log().contains(DIFFERS), "{}", other.log());
    let after_rotation = Server::start_on(database.clone(), &key(1)).await;
    assert!(!after_rotation.log().contains(DIFFERS), "{}", after_rotation.log());

    let mail = [("SMTP_URL", "smtp://127.0.0.1:1"), ("MAIL_FROM", "b@example.org"), key(0)[0]];
    let worker = Worker::start(&database, &mail);
    wait_until("the worker warns", async || worker.log().contains(DIFFERS)).await;
    let stored = database.rows("SELECT encode(fingerprint, 'escape') FROM secret_key_fingerprint");
    assert!(SECRETS.iter().all(|secret| !stored.contains(secret)), "{stored}");
}

#[tokio::test]
async fn settings_without_effect_or_unsafe_are_warned_of_at_start() {
    let database = Arc::new(Database::migrated());
    let url = database.url().to_owned();
    let quiet = Server::start_on(database.clone(), &[]).await;
    assert!(!quiet.log().contains("WARN"), "{}", quiet.log());
    let settings =
        [("DATABASE_REPLICA_URL", &*url), ("TRUSTED_PROXIES", "127.0.0.1"), ("PUBLIC_URL", "http://b.example.org")];
    let server = Server::start_on(database.clone(), &settings).await;
    let warns = |log: &str, part: &str| log.lines().any(|line| line.contains("WARN") && line.contains(part));
    for expected in ["DATABASE_REPLICA_URL", "PUBLIC_URL is not https behind a proxy"] {
        assert!(warns(&server.log(), expected), "{}", server.log());
    }
    let https = Server::start_on(database.clone(), &[settings[1], ("PUBLIC_URL", "https://b.example.org")]).await;
    assert!(!https.log().contains("PUBLIC_URL is not https"), "{}", https.log());

    assert!(!quiet.log().contains("X-Forwarded-For ignored"));
    let client = quiet.client();
    let request = client.request(reqwest::Method::GET, "/health").header("X-Forwarded-For", "203.0.113.9");
    client.send(request).await.expect(200);
    let request = client.request(reqwest::Method::GET, "/stats/platform").header("X-Forwarded-For", "203.0.113.9");
    client.send(request).await.expect(200);
    wait_until("the server warns", async || warns(&quiet.log(), "X-Forwarded-For ignored")).await;
}
