//! Starts, attaches to and stops a cluster.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::binaries::Binaries;
use crate::directory::DataDir;
use crate::error::{Error, ErrorContext};
use crate::files::Lock;
use crate::postmaster::{self, PAUSE, PidFile};
use crate::{DATABASE, ROLE, create, files};

/// The time limit of a start; recovery after a crash of the machine can take long.
const START_TIMEOUT: Duration = Duration::from_mins(10);
/// How long a start is retried after a temporary failure: the port was just taken, or processes of a killed server still run.
const START_RETRY_PERIOD: Duration = Duration::from_secs(20);
/// The size above which the log of earlier runs is renamed.
const LOG_BYTES: u64 = 10 * 1024 * 1024;

/// The committed data that survives a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// All of it: PostgreSQL's defaults.
    #[default]
    Full,
    /// None; faster, for tests.
    None,
}

/// How a cluster runs.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    pub durability: Durability,
    pub max_connections: u32,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self { durability: Durability::Full, max_connections: 100 }
    }
}

impl ClusterOptions {
    fn settings(&self, port: u16) -> Vec<String> {
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={}", self.max_connections),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
        ];
        if self.durability == Durability::None {
            let off = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
            settings.extend(off.map(str::to_owned));
        }
        settings
    }
}

/// A running PostgreSQL that this process started. Dropping the value stops it.
pub struct Cluster {
    dir: DataDir,
    options: ClusterOptions,
    child: Option<Child>,
    port: u16,
    url: String,
    _lock: Lock,
}

impl Cluster {
    /// Starts the cluster in `dir` and waits until it is ready; creates it first if there is none.
    ///
    /// A server that a killed process left running is stopped first. Fails with:
    ///
    /// - [`Error::AlreadyInUse`] while another process runs the cluster;
    /// - [`Error::NotOurs`] or [`Error::OwnedByAnother`] if the directory is not burntop's or belongs to another user;
    /// - [`Error::OtherVersion`] if the installed PostgreSQL cannot read the cluster;
    /// - [`Error::NotStarted`] with the end of the log if the server does not start.
    pub fn start(dir: &DataDir, options: &ClusterOptions) -> Result<Self, Error> {
        if !dir.path().exists() {
            Binaries::find_in(dir.path(), None)?; // a failure here leaves no empty directory behind
        }
        dir.claim()?;
        let lock = dir.lock()?;
        let version = create::version_of(dir)?;
        let binaries = Binaries::find_in(dir.path(), version.as_ref().and_then(|version| version.parse().ok()))?;
        match version {
            Some(cluster) if cluster != binaries.major().to_string() => {
                return Err(Error::OtherVersion { dir: dir.path().to_owned(), cluster, installed: binaries.major() });
            }
            Some(_) => {
                dir.check_owner(&dir.cluster())?;
                stop_left_over(dir)?;
            }
            None => {
                tracing::info!(directory = %dir.path().display(), "creating the database cluster");
                create::create(dir, &binaries, options.durability)?;
            }
        }
        put_log_aside(dir)?;
        let (child, port) = start_retrying(dir, &binaries, options)?;
        let mut cluster = Self {
            dir: dir.clone(),
            options: options.clone(),
            child: Some(child),
            port,
            url: String::new(),
            _lock: lock,
        };
        cluster.url = url(dir, port, DATABASE)?;
        if kept_port(dir) != Some(port) {
            files::write_private(&dir.port_file(), &port.to_string())?;
        }
        Ok(cluster)
    }

    /// As [`start`](Self::start), but creates nothing: fails with [`Error::NoCluster`] if the directory has no cluster.
    pub fn start_existing(dir: &DataDir, options: &ClusterOptions) -> Result<Self, Error> {
        match create::version_of(dir)? {
            Some(_) => Self::start(dir, options),
            None => Err(Error::NoCluster { dir: dir.path().to_owned() }),
        }
    }

    /// The URL of the database [`DATABASE`], password included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Whether the server process runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Restarts the server at the same address if it has died; returns whether it had. Committed data is kept. Fails like
    /// [`start`](Self::start), and can be retried.
    pub fn revive(&mut self) -> Result<bool, Error> {
        if self.is_running() {
            return Ok(false);
        }
        let version = create::version_of(&self.dir)?;
        let binaries = Binaries::find_in(self.dir.path(), version.and_then(|version| version.parse().ok()))?;
        stop_left_over(&self.dir)?;
        let start = Instant::now();
        let child = loop {
            match launch(&self.dir, &binaries, &self.options, self.port) {
                Err(Error::NotStarted { tail, .. }) if passes(&tail) && start.elapsed() < START_RETRY_PERIOD => {
                    sleep(20 * PAUSE);
                }
                launched => break launched?,
            }
        };
        self.child = Some(child);
        Ok(true)
    }

    /// Stops the server. Open connections are closed; committed data is kept.
    pub fn stop(mut self) -> Result<(), Error> {
        self.stop_child()
    }

    /// Leaves the server running after this process; releases the directory's lock.
    pub(crate) fn leave_running(mut self) {
        self.child = None;
    }

    fn stop_child(&mut self) -> Result<(), Error> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = child.id();
        postmaster::stop(pid, || !matches!(child.try_wait(), Ok(None)))
    }
}

impl fmt::Debug for Cluster {
    // Without the URL, which contains the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("dir", &self.dir.path()).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.stop_child() {
            tracing::error!(%error, "stopping PostgreSQL failed");
        }
    }
}

/// The URL of the running cluster in `dir`, for a program beside the one that started it.
///
/// The port is kept over restarts unless another program has taken it, so the URL usually stays valid. Fails with
/// [`Error::NotRunning`].
pub fn attach(dir: &DataDir) -> Result<String, Error> {
    attach_to(dir, DATABASE)
}

/// The URL of `database` in the running cluster in `dir`.
pub(crate) fn attach_to(dir: &DataDir, database: &str) -> Result<String, Error> {
    let cluster = dir.cluster();
    let running = PidFile::read(&cluster).filter(|file| file.ready && postmaster::runs(file, dir));
    match running.and_then(|file| file.port) {
        Some(port) => url(dir, port, database),
        None => Err(Error::NotRunning { dir: dir.path().to_owned() }),
    }
}

fn url(dir: &DataDir, port: u16, database: &str) -> Result<String, Error> {
    let password = dir.read("password")?;
    Ok(format!("postgres://{ROLE}:{}@127.0.0.1:{port}/{database}", password.trim()))
}

/// Stops a server whose owner was killed, and removes a pid file that names an unrelated process.
fn stop_left_over(dir: &DataDir) -> Result<(), Error> {
    let cluster = dir.cluster();
    let Some(file) = PidFile::read(&cluster) else { return Ok(()) };
    let pid = file.pid;
    if postmaster::runs(&file, dir) {
        tracing::info!(pid, "stopping the PostgreSQL of a killed process");
        return postmaster::stop(pid, || !postmaster::runs(&file, dir));
    }
    if postmaster::exists(pid) {
        // Another process has the pid now, and PostgreSQL would refuse to start because of it.
        let removed = files::remove_in(&cluster, "postmaster.pid");
        removed.doing(|| format!("remove {}/postmaster.pid", cluster.display()))?;
    }
    Ok(())
}

fn start_retrying(dir: &DataDir, binaries: &Binaries, options: &ClusterOptions) -> Result<(Child, u16), Error> {
    let start = Instant::now();
    let mut wanted = kept_port(dir);
    loop {
        let port = free_port(wanted.take())?;
        match launch(dir, binaries, options, port) {
            Err(Error::NotStarted { tail, .. }) if passes(&tail) && start.elapsed() < START_RETRY_PERIOD => {
                sleep(20 * PAUSE);
            }
            launched => return launched.map(|child| (child, port)),
        }
    }
}

/// Whether the failure in the log is temporary: the port was just taken, or processes of a killed server still run.
fn passes(log: &str) -> bool {
    ["Address already in use", "pre-existing shared memory block", "could not bind"]
        .iter()
        .any(|sign| log.contains(sign))
}

fn launch(dir: &DataDir, binaries: &Binaries, options: &ClusterOptions, port: u16) -> Result<Child, Error> {
    let log = open_log(dir)?;
    let before = log.metadata().map_or(0, |found| found.len());
    let mut command = dir.account().command(&binaries.program("postgres"));
    command.arg("-D").arg(dir.cluster());
    for setting in options.settings(port) {
        command.arg("-c").arg(setting);
    }
    let copy = log.try_clone().doing(|| "open the log twice".to_owned())?;
    command.stdin(Stdio::null()).stdout(copy).stderr(log);
    // A process group of its own: Ctrl-C in the terminal reaches this program only, which stops the server last.
    command.process_group(0);
    let mut child = command.spawn().doing(|| "run postgres".to_owned())?;

    let cluster = dir.cluster();
    let pid = child.id();
    postmaster::record(pid, dir)?;
    let is_ready = || PidFile::read(&cluster).is_some_and(|file| file.pid == pid && file.ready);
    let mut ended = false;
    let ready = postmaster::wait_until(START_TIMEOUT, || {
        ended = !matches!(child.try_wait(), Ok(None));
        ended || is_ready()
    });
    if ready && !ended {
        return Ok(child);
    }
    if !ended {
        postmaster::stop(pid, || !matches!(child.try_wait(), Ok(None)))?;
    }
    let log_text = postmaster::log_since(dir, before);
    let lines: Vec<&str> = log_text.lines().collect();
    let tail = lines[lines.len().saturating_sub(8)..].join("\n");
    Err(Error::NotStarted { log: dir.log(), tail })
}

fn open_log(dir: &DataDir) -> Result<File, Error> {
    let path = dir.log();
    let opened = files::open_for_writing(OpenOptions::new().append(true), &path);
    opened.doing(|| format!("open {}", path.display()))
}

fn put_log_aside(dir: &DataDir) -> Result<(), Error> {
    let path = dir.log();
    if fs::symlink_metadata(&path).is_ok_and(|found| found.len() > LOG_BYTES) {
        fs::rename(&path, path.with_extension("log.old")).doing(|| format!("rename {}", path.display()))?;
    }
    Ok(())
}

fn kept_port(dir: &DataDir) -> Option<u16> {
    dir.read("port").ok()?.trim().parse().ok()
}

/// `wanted` if it is free, otherwise any free loopback port.
fn free_port(wanted: Option<u16>) -> Result<u16, Error> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    let kept = wanted.and_then(|port| bind(port).ok());
    kept.map_or_else(|| bind(0), Ok).map(|address| address.port()).doing(|| "find a free port on 127.0.0.1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_default_keep_durability() {
        assert!(!ClusterOptions::default().settings(1).iter().any(|one| one.contains("off")));
        let fast = ClusterOptions { durability: Durability::None, max_connections: 7 };
        assert!(fast.settings(1).contains(&"fsync=off".to_owned()));
        assert!(fast.settings(1).contains(&"max_connections=7".to_owned()));
    }

    #[test]
    fn options_listen_only_on_loopback() {
        let settings = ClusterOptions::default().settings(5555);
        for expected in ["listen_addresses=127.0.0.1", "port=5555", "unix_socket_directories="] {
            assert!(settings.contains(&expected.to_owned()), "{expected}");
        }
    }

    #[test]
    fn port_is_kept_unless_taken() {
        // Another process may take the port between the two calls, but not each time.
        let stays = || free_port(None).is_ok_and(|port| free_port(Some(port)).is_ok_and(|again| again == port));
        assert!((0..20).any(|_| stays()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert_ne!(free_port(Some(taken)).unwrap(), taken);
    }

    #[test]
    fn start_failure_is_retried_only_if_temporary() {
        assert!(passes("FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use"));
        assert!(passes("could not bind IPv4 address \"127.0.0.1\": Address already in use"));
        assert!(!passes("FATAL:  could not open file \"pg_control\": No such file or directory"));
    }
}
