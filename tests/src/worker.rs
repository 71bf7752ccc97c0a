//! A worker process on the database of a story.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;

use rustix::process::Signal;

use crate::database::Database;
use crate::server::{new_log, signal, wait_until};

/// A running `worker run`. Dropping the value kills it.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    log: PathBuf,
    /// Kept while the process uses it.
    _database: Arc<Database>,
}

impl Worker {
    /// Starts a worker on `database` with a poll interval of 1 s, leases of 3 s, and `settings` in its environment.
    pub fn start(database: &Arc<Database>, settings: &[(&str, &str)]) -> Self {
        Self::start_with(database, &[], settings)
    }

    /// Starts a worker with further `arguments`.
    pub fn start_with(database: &Arc<Database>, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let log = new_log(database);
        let file = File::create(&log).expect("a log");
        let mut command = database.command("worker");
        command.arg("run").args(arguments);
        command.env("BURNTOP__WORKER__LEASE_SECONDS", "3").env("BURNTOP__WORKER__POLL_SECONDS", "1");
        command.envs(settings.iter().copied());
        let child = command.stdout(file.try_clone().expect("a log")).stderr(file).spawn().expect("the program runs");
        Self { child, log, _database: database.clone() }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child process");
        self.child.wait().expect("a child process");
    }

    /// Sends SIGTERM and waits for the end; returns the exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        signal(&self.child, Signal::TERM);
        let (mut ended, child) = (None, &mut self.child);
        wait_until("the worker ends", async || {
            ended = child.try_wait().expect("a child process");
            ended.is_some()
        })
        .await;
        ended.expect("an exit status").code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the worker's log:\n{}", self.log());
        }
    }
}
