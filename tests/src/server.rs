//! A real server process on a database of its own.

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

/// How long anything may take that is waited for: no measure of speed, only the end of patience.
const PATIENCE: Duration = Duration::from_mins(5);

/// How much of the log a failed story shows.
const SHOWN_LINES: usize = 60;

/// A running `api-server`. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    database: Arc<Database>,
    settings: Vec<(String, String)>,
    log: PathBuf,
    port: Arc<AtomicU16>,
}

impl Server {
    /// Starts one on a new database; on return it is ready.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with settings from the environment.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(Database::migrated()), settings).await
    }

    /// Starts one on `database`, which other servers may use too.
    pub async fn start_on(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn_on(database, settings);
        server.becomes(200).await;
        server
    }

    /// The same where the server cannot be ready yet; on return it says so.
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

    /// Somebody who talks to it, nobody in particular yet.
    pub fn client(&self) -> Client {
        Client::new(self.port.clone())
    }

    /// Its database.
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// What it has logged since its latest start.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Tells it to stop (SIGTERM), without waiting for it.
    pub fn tell_to_stop(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Waits for its end; returns how it ended.
    pub async fn end(&mut self) -> ExitStatus {
        let mut ended = None;
        let child = &mut self.child;
        wait_until("the server ends", async || {
            ended = child.try_wait().expect("it is our child");
            ended.is_some()
        })
        .await;
        ended.expect("it has ended")
    }

    /// Tells it to stop and waits for that; returns its exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.tell_to_stop();
        self.end().await.code()
    }

    /// Starts it again, on the same database; it must have ended. Clients find it where it is now.
    pub async fn restart(&mut self) {
        self.log = new_log(&self.database);
        self.child = spawn(&self.database, &self.settings, &self.log);
        self.becomes(200).await;
    }

    /// Derives everything of `username` anew and fails if anything had to be changed.
    #[track_caller]
    pub fn assert_rebuild_changes_nothing(&self, username: &str) {
        let output = self.database.run("worker", &["rebuild", "--user", username]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success() && said.contains("nothing to repair"), "{:?}: {said}", output.status);
    }

    /// Fails unless every sum of XP and achievements that is kept equals the events it is the sum of.
    #[track_caller]
    pub fn assert_sums_are_right(&self) {
        let wrong = self.database.rows(
            "SELECT username, event_xp, achievements FROM usage_totals AS t JOIN users ON users.key = t.user_key
             WHERE event_xp <> coalesce((SELECT sum(xp) FROM progress_events WHERE user_id = users.id), 0)
                OR achievements <> (SELECT count(*) FROM unlocked_achievements WHERE user_id = users.id)",
        );
        assert_eq!(wrong, "");
    }

    /// Learns where it listens, and waits until it answers with `status` whether it is ready.
    async fn becomes(&mut self, status: u16) {
        let (path, port, client) = (self.log.clone(), self.port.clone(), self.client());
        port.store(0, Ordering::SeqCst);
        let child = &mut self.child;
        wait_until("the server has started", async || {
            let log = fs::read_to_string(&path).unwrap_or_default();
            if let Some(end) = child.try_wait().expect("it is our child") {
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

/// Waits for `condition`, which is asked again every few milliseconds.
pub async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
    kill_process(pid, signal).expect("it is our child");
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

/// The port that the server says it listens on.
fn listening_port(log: &str) -> Option<u16> {
    let line = log.lines().find(|line| line.contains("ready") && line.contains("127.0.0.1:"))?;
    let (_, rest) = line.split_once("127.0.0.1:")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
