//! Worker processes: killed during a job, stopped, two at once, and reporting to a service manager.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tests::{Batch, Database, Server, TestMessage, TestUser, Worker, wait_until};

/// A session that locks the table of notifications, so that a cleanup waits in its middle.
struct PortOccupant(Child);

impl PortOccupant {
    async fn of(database: &Database) -> Self {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-d", database.url()]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = psql.spawn().expect("psql runs");
        let lock = b"BEGIN; LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE;\n";
        child.stdin.as_mut().expect("its input").write_all(lock).expect("psql reads");
        let held = "SELECT count(*) FROM pg_locks WHERE relation = 'notifications'::regclass
                    AND mode = 'AccessExclusiveLock' AND granted";
        wait_until("the notifications are locked", async || database.number(held) == 1).await;
        Self(child)
    }

    /// Releases the lock.
    fn go(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("psql ends");
    }
}

/// Queues a cleanup before the scheduled one, as a transaction of the server does.
fn queue_cleanup(database: &Database) {
    database.rows(
        "INSERT INTO jobs (id, queue, idempotency_key, payload, priority, max_attempts, created_at, run_at)
         VALUES (gen_random_uuid(), 'cleanup', 'story', '{}', 1, 5, now(), now());
         SELECT pg_notify('jobs', '')",
    );
}

/// Status and attempts of that cleanup.
fn state(database: &Database) -> String {
    database.rows("SELECT status, attempts FROM jobs WHERE idempotency_key = 'story'").trim().to_owned()
}

async fn becomes(database: &Database, expected: &str) {
    wait_until(expected, async || state(database) == expected).await;
}

/// Ada, whose account is deleted and past the grace period, and Bob.
async fn deleted_and_active_account(server: &Server) -> (TestUser, TestUser) {
    let (ada, bob) = (TestUser::register(server, "ada").await, TestUser::register(server, "bob").await);
    for user in [&ada, &bob] {
        user.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    }
    ada.client.delete("/users/me").await.expect(202);
    server.database().rows("UPDATE users SET deleted_at = now() - interval '31 days' WHERE deleted_at IS NOT NULL");
    (ada, bob)
}

#[tokio::test]
async fn worker_killed_in_a_job_hands_it_over() {
    let server = Server::start().await;
    let (_, bob) = deleted_and_active_account(&server).await;
    let database = server.database();
    let in_the_way = PortOccupant::of(database).await;
    queue_cleanup(database);
    let mut killed = Worker::start(database, &[]);
    becomes(database, "running,1").await;
    killed.kill();
    let (mut one, mut other) = (Worker::start(database, &[]), Worker::start(database, &[]));
    becomes(database, "running,2").await;
    in_the_way.go();
    becomes(database, "done,2").await;
    assert_eq!(database.rows("SELECT username FROM users"), "bob\n");
    assert_eq!(bob.overview().await["total_tokens"], 7);
    assert_eq!([one.terminate().await, other.terminate().await], [Some(0), Some(0)]);
    let done = [one.log(), other.log()].concat().matches("1 account purged").count();
    assert_eq!(done, 1, "one of two workers ran the job");
}

#[tokio::test]
async fn worker_shutting_down_requeues_unfinished_job() {
    let server = Server::start().await;
    deleted_and_active_account(&server).await;
    let database = server.database();
    let in_the_way = PortOccupant::of(database).await;
    queue_cleanup(database);
    let mut worker = Worker::start(database, &[("BURNTOP__SERVER__SHUTDOWN_TIMEOUT_SECONDS", "0")]);
    becomes(database, "running,1").await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(state(database), "pending,0");
    in_the_way.go();
    let mut worker = Worker::start(database, &[]);
    becomes(database, "done,1").await;
    assert_eq!(worker.terminate().await, Some(0));
}

/// A socket that stands for the service manager.
fn service_manager(database: &Database) -> (UnixDatagram, String) {
    let path = database.home().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_mins(5))).expect("a timeout");
    (socket, path.into_os_string().into_string().expect("a path in UTF-8"))
}

/// The next message to the service manager.
fn next_notice(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    let length = manager.recv(&mut buffer).expect("a message");
    String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
}

#[tokio::test]
async fn worker_reports_readiness_to_service_manager_and_file() {
    let database = Arc::new(Database::migrated());
    let (manager, path) = service_manager(&database);
    let ready = database.home().join("ready");
    let arguments = ["--ready-file", ready.to_str().expect("a path in UTF-8")];
    let mut worker = Worker::start_with(&database, &arguments, &[("NOTIFY_SOCKET", &path)]);
    assert_eq!(next_notice(&manager), "READY=1");
    assert!(ready.exists());
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(next_notice(&manager), "STOPPING=1");
    assert!(!ready.exists());

    let mut killed = Worker::start_with(&database, &arguments, &[]);
    wait_until("a worker is ready", async || ready.exists()).await;
    killed.kill();
    let mut worker = Worker::start_with(&database, &arguments, &[]);
    wait_until("another worker is ready", async || worker.log().contains("ready")).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert!(!ready.exists(), "also the file of the killed worker");
}

#[tokio::test]
async fn server_reports_readiness_to_service_manager() {
    let database = Arc::new(Database::migrated());
    let (manager, path) = service_manager(&database);
    let mut server = Server::start_on(database, &[("NOTIFY_SOCKET", &path)]).await;
    assert_eq!(next_notice(&manager), "READY=1");
    assert_eq!(server.terminate().await, Some(0));
    assert_eq!(next_notice(&manager), "STOPPING=1");
}

#[tokio::test]
async fn dead_job_is_listed_retried_and_dropped_by_command() {
    let database = Arc::new(Database::migrated());
    queue_cleanup(&database);
    database.rows("UPDATE jobs SET max_attempts = 1; ALTER TABLE notifications RENAME TO elsewhere");
    let mut worker = Worker::start(&database, &[]);
    becomes(&database, "dead,1").await;
    assert_eq!(worker.terminate().await, Some(0));

    let worker = |arguments: &[&str]| {
        let output = database.run("worker", arguments);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
    };
    let (code, listed) = worker(&["jobs", "list", "--status", "dead"]);
    assert_eq!(code, Some(0), "{listed}");
    assert!(listed.contains("cleanup story  attempts 1") && listed.contains("notifications"), "{listed}");

    // A closed pipe, as with `head`, is no failure.
    let mut command = database.command("worker");
    let mut child =
        command.args(["jobs", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !printed.contains("panicked"), "{printed}");

    database.rows("ALTER TABLE elsewhere RENAME TO notifications");
    let id = database.rows("SELECT id FROM jobs WHERE idempotency_key = 'story'");
    assert_eq!(worker(&["jobs", "retry", id.trim()]).0, Some(0));
    assert_eq!(state(&database), "pending,0");
    database.rows("UPDATE jobs SET status = 'dead', attempts = 5 WHERE idempotency_key = 'story'");
    let (code, printed) = worker(&["jobs", "retry-dead", "--kind", "dishes"]);
    assert!(code == Some(2) && printed.contains("the kinds are leaderboard,"), "{printed}");
    for (arguments, report) in [
        (&["jobs", "retry-dead", "--kind", "mail"][..], "0 jobs requeued, due now\n"),
        (&["jobs", "retry-dead"], "1 job requeued, due now\n"),
    ] {
        let (code, said) = worker(arguments);
        assert!(code == Some(0) && said.starts_with(report), "{said}");
    }
    assert_eq!(state(&database), "pending,0");
    let (code, said) = worker(&["jobs", "drop", id.trim()]);
    assert!(
        code == Some(1) && said.contains("cleanup story") && said.contains("repeat the command with --yes"),
        "{said}"
    );
    assert_eq!(state(&database), "pending,0");
    assert_eq!(worker(&["jobs", "drop", "--yes", id.trim()]).0, Some(0));
    let (code, printed) = worker(&["jobs", "drop", "--yes", id.trim()]);
    assert_eq!(code, Some(1));
    assert!(printed.contains("there is no job"), "{printed}");
}

#[tokio::test]
async fn run_once_prints_report_or_error() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    let database = server.database();
    for (job, report) in [
        ("streak-risk", "streak_risk: 0 accounts reminded of a streak at risk\n"),
        ("weekly-summary", "weekly_summary: 0 accounts sent a weekly summary\n"),
    ] {
        let output = database.run("worker", &["run-once", job]);
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(0), report));
    }
    // A job that has work on each day of the week.
    database.rows("ALTER TABLE platform_totals RENAME TO elsewhere");
    let output = database.run("worker", &["run-once", "platform"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("platform"), "{output:?}");
}

#[tokio::test]
async fn weekly_summary_by_concurrent_workers_is_written_once() {
    let server = Server::start().await;
    // In a zone where it is noon, because on a Monday morning no summary is due yet.
    let zone = tests::noon_zone();
    // From Thursday on no summary is written.
    let is_due = tests::is_summed_up_in(&zone);
    let ada = TestUser::register_in(&server, "ada", zone.iana_name().expect("a name")).await;
    let week_ago = tests::now() - SignedDuration::from_hours(7 * 24);
    ada.sync(&Batch::of([TestMessage::new("m1").at(week_ago).output(1_234)])).await;
    let database = server.database();
    // Accounts created after Monday get no summary.
    database.rows("UPDATE users SET created_at = created_at - interval '1 week'");
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let database = database.clone();
            std::thread::spawn(move || database.run("worker", &["run-once", "weekly-summary"]))
        })
        .collect();
    let mut notified = 0;
    for run in runs {
        let output = run.join().expect("a run");
        assert!(output.status.success(), "{output:?}");
        notified += usize::from(String::from_utf8_lossy(&output.stdout).contains("1 account "));
    }
    assert_eq!(notified, usize::from(is_due));
    let inbox = ada.get("/notifications").await;
    let summaries: Vec<_> = inbox["notifications"]
        .as_array()
        .expect("notifications")
        .iter()
        .filter(|notified| notified["type"] == "weekly_summary")
        .collect();
    if !is_due {
        assert!(summaries.is_empty(), "{inbox}");
        return;
    }
    let [summary] = summaries[..] else { panic!("{inbox}") };
    assert_eq!((&summary["data"]["tokens"], &summary["data"]["active_days"]), (&1_234.into(), &1.into()), "{summary}");
    assert!(summary["data"]["cost"].is_number() && summary["data"]["previous_cost"].is_number(), "{summary}");
}
