//! A server process on a database of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};

use crate::client::Client;
use crate::database::Database;

/// The time limit of any wait. It is generous, because it does not measure speed.
const WAIT_TIMEOUT: Duration = Duration::from_mins(5);

/// The lines of the log that a failed story prints.
const SHOWN_LINES: usize = 60;

/// A running `api-server`. Dropping the value kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    database: Arc<Database>,
    settings: Vec<(String, String)>,
    log: PathBuf,
    port: Arc<AtomicU16>,
}

impl Server {
    /// Starts a server on a new database and waits until it is ready.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with `settings` in its environment.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(Database::migrated()), settings).await
    }

    /// Starts a server on `database`, which other servers may use too.
    pub async fn start_on(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn_on(database, settings);
        server.becomes(200).await;
        server
    }

    /// Starts a server that cannot be ready yet, and waits until it answers 503.
    pub async fn start_unready_on(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn_on(database, settings);
        server.becomes(503).await;
        server
    }

    fn spawn_on(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let log = new_log(&database);
        let child = spawn(&database, &settings, &log);
        Self { child, database, settings, log, port: Arc::default() }
    }

    /// A client without a token.
    pub fn client(&self) -> Client {
        Client::new(self.port.clone())
    }

    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// The log since the latest start.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child process");
        self.child.wait().expect("a child process");
    }

    /// Sends SIGTERM, without waiting for the end.
    pub fn tell_to_stop(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Waits for the end.
    pub async fn end(&mut self) -> ExitStatus {
        let mut ended = None;
        let child = &mut self.child;
        wait_until("the server ends", async || {
            ended = child.try_wait().expect("a child process");
            ended.is_some()
        })
        .await;
        ended.expect("an exit status")
    }

    /// Sends SIGTERM and waits for the end; returns the exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.tell_to_stop();
        self.end().await.code()
    }

    /// Restarts a server that has ended, on the same database. Existing clients use its new port.
    pub async fn restart(&mut self) {
        self.log = new_log(&self.database);
        self.child = spawn(&self.database, &self.settings, &self.log);
        self.becomes(200).await;
    }

    /// Restarts a server that has ended, with further settings.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.restart().await;
    }

    /// Rebuilds the account `username`; fails if something was repaired.
    #[track_caller]
    pub fn assert_rebuild_changes_nothing(&self, username: &str) {
        let output = self.database.run("worker", &["rebuild", "--user", username]);
        let output_text = [output.stdout, output.stderr].concat();
        let output_text = String::from_utf8_lossy(&output_text);
        assert!(
            output.status.success() && output_text.contains("nothing to repair"),
            "{:?}: {output_text}",
            output.status
        );
    }

    /// Fails unless all stored sums of XP and achievements equal the sums of their events.
    #[track_caller]
    pub fn assert_sums_are_right(&self) {
        let wrong = self.database.rows(
            "SELECT username, event_xp, achievements FROM usage_totals AS t JOIN users ON users.key = t.user_key
             WHERE event_xp <> coalesce((SELECT sum(xp) FROM progress_events WHERE user_id = users.id), 0)
                OR achievements <> (SELECT count(*) FROM unlocked_achievements WHERE user_id = users.id)",
        );
        assert_eq!(wrong, "");
    }

    /// Reads the port from the log, and waits until `/health/ready` answers `status`.
    async fn becomes(&mut self, status: u16) {
        let (path, port, client) = (self.log.clone(), self.port.clone(), self.client());
        port.store(0, Ordering::SeqCst);
        let child = &mut self.child;
        wait_until("the server has started", async || {
            let log = fs::read_to_string(&path).unwrap_or_default();
            if let Some(end) = child.try_wait().expect("a child process") {
                panic!("the server ended at once ({end}):\n{log}");
            }
            let Some(found) = listening_port(&log) else { return false };
            port.store(found, Ordering::SeqCst);
            let answer = client.try_send(client.request(Method::GET, "/health/ready")).await;
            answer.is_ok_and(|answer| answer.status == status)
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("the end of the server's log:\n{}", end.join("\n"));
        }
    }
}

/// Waits for `condition`, which is checked every few milliseconds.
pub async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < WAIT_TIMEOUT, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends a signal to a child process.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
    kill_process(pid, signal).expect("a child process");
}

/// A file for the log of one start; two programs may share a database.
pub(crate) fn new_log(database: &Database) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    database.home().join(format!("log-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn spawn(database: &Database, settings: &[(String, String)], log: &Path) -> Child {
    let log = File::create(log).expect("a log");
    let mut command = database.command("api-server");
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.stdout(log.try_clone().expect("a log")).stderr(log).spawn().expect("the program runs")
}

/// The listening port, from the server's log.
fn listening_port(log: &str) -> Option<u16> {
    let line = log.lines().find(|line| line.contains("ready") && line.contains("127.0.0.1:"))?;
    let (_, rest) = line.split_once("127.0.0.1:")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
