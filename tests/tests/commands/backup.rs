//! `worker backup`: what it writes can be restored, and what goes wrong loses nothing.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use embedded_postgres::Binaries;
use serde_json::json;
use tests::{Batch, Database, Server, TestMessage, TestUser, wait_until};

use super::{error, refuses};

/// An empty directory for backups, beside the data directory.
fn backups(database: &Database) -> PathBuf {
    let dir = database.home().join("backups");
    fs::create_dir_all(&dir).expect("a directory");
    dir
}

/// The names in `dir`, without the lock.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("text")).collect();
    names.retain(|name| name != ".burntop-backup.lock");
    names.sort();
    names
}

fn backup(database: &Database, dir: &Path, options: &[&str]) -> Command {
    let mut command = database.command("worker");
    command.arg("backup").arg(dir).args(options);
    command
}

/// The path that a successful backup prints.
#[track_caller]
fn printed_path(output: &Output) -> PathBuf {
    assert!(output.status.success(), "{}", error(output));
    let line = String::from_utf8(output.stdout.clone()).expect("text");
    PathBuf::from(line.split_once(": ").expect("a path").0)
}

fn postgres(program: &str) -> Command {
    Command::new(Binaries::find(None).expect("PostgreSQL is installed").program(program))
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", error(&output));
}

/// The commands are those of docs/OPERATIONS.md.
#[tokio::test]
async fn backup_is_restored_into_a_new_database_with_everything() {
    let mut server = Server::start().await;
    let database = server.database().clone();
    let ada = TestUser::register(&server, "ada").await;
    ada.sync(&Batch::of((0..50).map(|number| TestMessage::new(number.to_string())))).await;
    let token = ada.client.post("/auth/tokens", &json!({"name": "cli", "scopes": ["sync", "read"]})).await.expect(201);
    let cli = server.client().with_token(token["token"].as_str().expect("a token"));
    let before = ada.overview().await;

    let dir = backups(&database);
    let output = backup(&database, &dir, &["--keep", "2"]).output().expect("it runs");
    let path = printed_path(&output);
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(line.contains(" bytes in ") && line.contains(", 1 account, 50 messages, "), "{line}");
    let password = database.url().split([':', '@']).nth(2).expect("a password");
    assert!(!error(&output).contains(password) && !line.contains(password));
    assert_eq!(names(&dir), [path.file_name().and_then(|name| name.to_str()).expect("a name")]);
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);

    // Usage after the backup is not in it.
    ada.sync(&Batch::of([TestMessage::new("later")])).await;
    assert_eq!(server.terminate().await, Some(0));
    let (address, name) = database.url().rsplit_once('/').expect("a database");
    let maintenance = format!("--maintenance-db={address}/postgres");
    succeeds(postgres("dropdb").arg(&maintenance).arg(name));
    succeeds(postgres("createdb").arg(&maintenance).args(["--encoding=UTF8", "--template=template0", name]));
    succeeds(postgres("pg_restore").args(["--no-owner", "--exit-on-error", "-d", database.url()]).arg(&path));
    let rebuilt = database.run("worker", &["rebuild", "--all"]);
    assert!(rebuilt.status.success(), "{}", error(&rebuilt));
    let rebuilt = String::from_utf8_lossy(&rebuilt.stdout).into_owned();
    assert!(rebuilt.contains("1 accounts, 0 repaired"), "{rebuilt}");

    server.restart().await;
    assert_eq!(ada.overview().await, before);
    let again =
        cli.post("/sync", &Batch::of([TestMessage::new("0"), TestMessage::new("new")]).json()).await.expect(200);
    assert_eq!((&again["messagesSynced"], &again["messagesDuplicate"]), (&json!(1), &json!(1)), "{again}");
}

#[tokio::test]
async fn backup_of_embedded_database_works_beside_the_server_and_without_it() {
    let database = Arc::new(Database::empty());
    fs::set_permissions(database.home(), Permissions::from_mode(0o711)).expect("permissions");
    let embedded = [("DATABASE_URL", "")];
    let mut server = Server::start_on(database.clone(), &embedded).await;
    TestUser::register(&server, "ada").await;
    let dir = backups(&database);
    let run = || printed_path(&backup(&database, &dir, &["--keep", "1"]).envs(embedded).output().expect("it runs"));
    let first = run();
    assert_eq!(server.terminate().await, Some(0));
    let second = run();
    assert_ne!(first, second);
    assert_eq!(names(&dir), [second.file_name().and_then(|name| name.to_str()).expect("a name")]);
    assert!(!database.home().join("data/cluster/postmaster.pid").exists(), "the command stops what it started");
}

/// A transaction that `pg_dump` waits for.
struct TableLock(Child);

impl TableLock {
    fn hold(database: &Database) -> Self {
        let mut command = postgres("psql");
        command.args(["-X", "-q", "-t", "-v", "ON_ERROR_STOP=1", "-d", database.url()]);
        let mut psql = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql runs");
        let input = psql.stdin.as_mut().expect("a pipe");
        input.write_all(b"BEGIN; LOCK TABLE levels_of_nothing; SELECT 'held';\n").expect("psql reads");
        let mut line = String::new();
        let mut output = BufReader::new(psql.stdout.as_mut().expect("a pipe"));
        while line.trim() != "held" {
            line.clear();
            assert!(output.read_line(&mut line).expect("psql answers") > 0, "psql ended");
        }
        Self(psql)
    }
}

impl Drop for TableLock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn backup_that_is_killed_leaves_no_backup_and_the_next_removes_the_rest() {
    let database = Database::migrated();
    // `pg_dump` locks every table before it dumps the first.
    database.rows("CREATE TABLE levels_of_nothing (id int)");
    let dir = backups(&database);
    let old = "burntop-20200101T000000Z.dump";
    fs::write(dir.join(old), "old").expect("a file");
    let lock = TableLock::hold(&database);
    let mut killed = backup(&database, &dir, &["--keep", "1"]).spawn().expect("it runs");
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'levels_of_nothing'::regclass";
    wait_until("pg_dump waits for the lock", async || database.number(waits) > 0).await;

    let second = backup(&database, &dir, &["--keep", "1"]).output().expect("it runs");
    assert_eq!(second.status.code(), Some(3), "{}", error(&second));
    assert!(error(&second).contains("another backup to"), "{}", error(&second));

    killed.kill().expect("a child");
    killed.wait().expect("a child");
    let left = names(&dir);
    assert!(left.len() == 2 && left[0].ends_with(".dump.partial") && left[1] == old, "{left:?}");
    drop(lock);
    let path = printed_path(&backup(&database, &dir, &["--keep", "1"]).output().expect("it runs"));
    assert_eq!(names(&dir), [path.file_name().and_then(|name| name.to_str()).expect("a name")]);
}

#[tokio::test]
async fn backup_ends_on_sigterm_without_a_trace() {
    let database = Database::migrated();
    database.rows("CREATE TABLE levels_of_nothing (id int)");
    let dir = backups(&database);
    let _lock = TableLock::hold(&database);
    let running = backup(&database, &dir, &[]).stderr(Stdio::piped()).spawn().expect("it runs");
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'levels_of_nothing'::regclass";
    wait_until("pg_dump waits for the lock", async || database.number(waits) > 0).await;
    succeeds(Command::new("kill").args(["-TERM", &running.id().to_string()]));
    let output = running.wait_with_output().expect("a child");
    refuses(&output, &["interrupted"]);
    assert_eq!(names(&dir), [""; 0]);
}

/// A directory for `POSTGRES_BIN` whose `pg_dump` does `body` instead of dumping; `$real` is the real program.
fn fake_programs(database: &Database, version: u32, body: &str) -> PathBuf {
    let dir = database.home().join("programs");
    fs::create_dir_all(&dir).expect("a directory");
    let real = Binaries::find(None).expect("PostgreSQL is installed");
    for (name, body) in [("pg_dump", body), ("pg_restore", "exec \"$real\" \"$@\"")] {
        let script = format!(
            "#!/bin/sh\nreal='{}'\nif [ \"$1\" = --version ]; then echo '{name} (PostgreSQL) {version}.1'; exit; fi\n{body}\n",
            real.program(name).display()
        );
        fs::write(dir.join(name), script).expect("a script");
        fs::set_permissions(dir.join(name), Permissions::from_mode(0o755)).expect("permissions");
    }
    dir
}

#[test]
fn backup_that_fails_says_why_and_changes_nothing() {
    let database = Database::migrated();
    let dir = backups(&database);
    let old = "burntop-20200101T000000Z.dump";
    fs::write(dir.join(old), "old").expect("a file");
    let data = database.home().join("data");
    fs::create_dir_all(data.join("backups")).expect("a directory");
    let major = Binaries::find(None).expect("PostgreSQL is installed").major();

    for (name, dir, expected) in [
        ("missing", database.home().join("missing"), ["does not exist", "install -d -m 0700"]),
        ("a file", dir.join(old), ["is not a directory", ""]),
        ("in the data directory", data.join("backups"), ["is in the data directory", "another disk"]),
    ] {
        let output = backup(&database, &dir, &["--keep", "1"]).output().expect("it runs");
        refuses(&output, &expected);
        assert!(!database.home().join("missing").exists(), "{name}");
    }
    let killed = "echo half; kill -9 $$";
    let without_a_table = "exec \"$real\" --exclude-table-data=users \"$@\"";
    let full_disk = "head -c 4096 /dev/zero; echo 'pg_dump: error: could not write to output file: No space left on device' >&2; exit 1";
    for (version, body, expected) in [
        (major, killed, ["pg_dump failed", "signal 9"]),
        (major, without_a_table, ["lacks the table", "public.users"]),
        (major, full_disk, ["pg_dump failed", "No space left on device"]),
        (major, "echo nothing", ["pg_restore failed", ""]),
        (major - 1, "exit 0", ["needs pg_dump and pg_restore", "postgresql-client-"]),
    ] {
        let programs = fake_programs(&database, version, body);
        let output = backup(&database, &dir, &["--keep", "1"]).env("POSTGRES_BIN", programs).output().expect("it runs");
        refuses(&output, &expected);
        assert_eq!(names(&dir), [old], "{body}");
    }
    // The shell's limit of a file's size is in blocks of 512 or 1024 bytes.
    let worker = backup(&database, &dir, &["--keep", "1"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]).arg(worker.get_program()).args(worker.get_args());
    shell.env_clear().envs(worker.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.current_dir(database.home()).output().expect("it runs");
    refuses(&output, &["pg_dump failed"]);
    assert_eq!(names(&dir), [old], "a file that cannot grow");

    let none = backup(&database, &dir, &["--keep", "0"]).output().expect("it runs");
    assert_eq!(none.status.code(), Some(2), "{}", error(&none));
    assert_eq!(names(&dir), [old]);
}

#[test]
fn backup_needs_a_database_of_burntop_and_not_its_newest_schema() {
    let empty = Database::empty();
    let dir = backups(&empty);
    refuses(&backup(&empty, &dir, &[]).output().expect("it runs"), &["has no tables of burntop yet"]);
    empty.rows("CREATE TABLE orders (id int PRIMARY KEY)");
    refuses(&backup(&empty, &dir, &[]).output().expect("it runs"), &["belongs to another program"]);
    assert_eq!(names(&dir), [""; 0]);

    let old = Database::migrated();
    assert!(old.run("api-server", &["migrate", "--down", "1", "--yes"]).status.success());
    printed_path(&backup(&old, &backups(&old), &[]).output().expect("it runs"));
}
