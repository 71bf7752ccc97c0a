//! A running cluster: started, attached to, stopped.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::binaries::Binaries;
use crate::directory::DataDir;
use crate::error::{Doing, Error};
use crate::files::Lock;
use crate::postmaster::{self, PAUSE, PidFile};
use crate::{DATABASE, ROLE, create, files};

/// How long a start may take; recovery after a crash of the machine can be long.
const START: Duration = Duration::from_mins(10);
/// How long to try again when the port was taken meanwhile, or processes of a killed server still end.
const RETRY: Duration = Duration::from_secs(20);
/// Above this size the log of former runs is put aside.
const LOG_BYTES: u64 = 10 * 1024 * 1024;

/// What a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing: PostgreSQL's defaults.
    #[default]
    Full,
    /// Everything; for tests, which are faster so.
    None,
}

/// How a cluster runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// What a crash of the machine may cost.
    pub durability: Durability,
    /// How many connections it accepts at once.
    pub max_connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { durability: Durability::Full, max_connections: 100 }
    }
}

impl Options {
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

/// A running PostgreSQL that this process started. Dropping it stops it.
pub struct Cluster {
    dir: DataDir,
    options: Options,
    child: Option<Child>,
    port: u16,
    url: String,
    _lock: Lock,
}

impl Cluster {
    /// Starts the cluster in `dir` and waits until it is ready; creates it first where there is none.
    ///
    /// A server that a killed process left behind is stopped and started again. Fails with
    /// [`Error::AlreadyInUse`] while another process runs the cluster, with [`Error::NotOurs`] or
    /// [`Error::OwnedByAnother`] where the directory is somebody else's, with [`Error::OtherVersion`] where the
    /// installed PostgreSQL cannot read it, and with [`Error::NotStarted`] and the end of the log otherwise.
    pub fn start(dir: &DataDir, options: &Options) -> Result<Self, Error> {
        if !dir.path().exists() {
            Binaries::find(None)?; // rather than leave an empty directory behind where there are none
        }
        dir.claim()?;
        let lock = dir.lock()?;
        let version = create::version_of(dir)?;
        let binaries = Binaries::find(version.as_ref().and_then(|version| version.parse().ok()))?;
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

    /// The URL of the database [`DATABASE`], password included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The loopback port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory it lives in.
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Whether the server process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Starts the server again if it ended without being told to, at the same address; says whether it had to. What was
    /// committed is there. Fails like [`start`](Self::start), and may be tried again.
    pub fn revive(&mut self) -> Result<bool, Error> {
        if self.is_running() {
            return Ok(false);
        }
        let version = create::version_of(&self.dir)?;
        let binaries = Binaries::find(version.and_then(|version| version.parse().ok()))?;
        stop_left_over(&self.dir)?;
        let start = Instant::now();
        let child = loop {
            match launch(&self.dir, &binaries, &self.options, self.port) {
                Err(Error::NotStarted { tail, .. }) if passes(&tail) && start.elapsed() < RETRY => sleep(20 * PAUSE),
                launched => break launched?,
            }
        };
        self.child = Some(child);
        Ok(true)
    }

    /// Stops it: open connections are cut, everything committed is kept.
    pub fn stop(mut self) -> Result<(), Error> {
        self.stop_child()
    }

    /// Lets the server run on when this process ends; the directory's lock is released.
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
    // The URL holds the password.
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

/// The URL of the running cluster in `dir`, for a second program beside the one that started it.
///
/// The port stays the same over restarts unless another program took it, so the URL usually stays good.
/// Fails with [`Error::NotRunning`].
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

/// Stops a server whose owner was killed, and clears away a pid file that would mislead the next one.
fn stop_left_over(dir: &DataDir) -> Result<(), Error> {
    let cluster = dir.cluster();
    let Some(file) = PidFile::read(&cluster) else { return Ok(()) };
    let pid = file.pid;
    if postmaster::runs(&file, dir) {
        tracing::info!(pid, "stopping a PostgreSQL that a killed process left");
        return postmaster::stop(pid, || !postmaster::runs(&file, dir));
    }
    if postmaster::exists(pid) {
        // Another process has the number now, and PostgreSQL would take it for a server of its own.
        let removed = files::remove_in(&cluster, "postmaster.pid");
        removed.doing(|| format!("remove {}/postmaster.pid", cluster.display()))?;
    }
    Ok(())
}

fn start_retrying(dir: &DataDir, binaries: &Binaries, options: &Options) -> Result<(Child, u16), Error> {
    let start = Instant::now();
    let mut wanted = kept_port(dir);
    loop {
        let port = free_port(wanted.take())?;
        match launch(dir, binaries, options, port) {
            Err(Error::NotStarted { tail, .. }) if passes(&tail) && start.elapsed() < RETRY => sleep(20 * PAUSE),
            launched => return launched.map(|child| (child, port)),
        }
    }
}

/// Whether what the log says is over in a moment: the port was just taken, or processes of a killed server still end.
fn passes(log: &str) -> bool {
    ["Address already in use", "pre-existing shared memory block", "could not bind"]
        .iter()
        .any(|sign| log.contains(sign))
}

fn launch(dir: &DataDir, binaries: &Binaries, options: &Options, port: u16) -> Result<Child, Error> {
    let log = open_log(dir)?;
    let before = log.metadata().map_or(0, |found| found.len());
    let mut command = dir.account().command(&binaries.program("postgres"));
    command.arg("-D").arg(dir.cluster());
    for setting in options.settings(port) {
        command.arg("-c").arg(setting);
    }
    let copy = log.try_clone().doing(|| "open the log twice".to_owned())?;
    command.stdin(Stdio::null()).stdout(copy).stderr(log);
    // A group of its own: Ctrl-C in the terminal is for us, and we stop it when we are done with it.
    command.process_group(0);
    let mut child = command.spawn().doing(|| "run postgres".to_owned())?;

    let cluster = dir.cluster();
    let pid = child.id();
    postmaster::record(pid, dir)?;
    let is_ready = || PidFile::read(&cluster).is_some_and(|file| file.pid == pid && file.ready);
    let mut ended = false;
    let ready = postmaster::wait_until(START, || {
        ended = !matches!(child.try_wait(), Ok(None));
        ended || is_ready()
    });
    if ready && !ended {
        return Ok(child);
    }
    if !ended {
        postmaster::stop(pid, || !matches!(child.try_wait(), Ok(None)))?;
    }
    let said = postmaster::log_since(dir, before);
    let lines: Vec<&str> = said.lines().collect();
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
    fn only_tests_give_up_durability() {
        assert!(!Options::default().settings(1).iter().any(|one| one.contains("off")));
        let fast = Options { durability: Durability::None, max_connections: 7 };
        assert!(fast.settings(1).contains(&"fsync=off".to_owned()));
        assert!(fast.settings(1).contains(&"max_connections=7".to_owned()));
    }

    #[test]
    fn it_listens_on_the_loopback_address_alone() {
        let settings = Options::default().settings(5555);
        for expected in ["listen_addresses=127.0.0.1", "port=5555", "unix_socket_directories="] {
            assert!(settings.contains(&expected.to_owned()), "{expected}");
        }
    }

    #[test]
    fn the_port_stays_unless_it_is_taken() {
        // Some other process may take the port between the two calls, though not each time.
        let stays = || free_port(None).is_ok_and(|port| free_port(Some(port)).is_ok_and(|again| again == port));
        assert!((0..20).any(|_| stays()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert_ne!(free_port(Some(taken)).unwrap(), taken);
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        assert!(passes("FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use"));
        assert!(passes("could not bind IPv4 address \"127.0.0.1\": Address already in use"));
        assert!(!passes("FATAL:  could not open file \"pg_control\": No such file or directory"));
    }
}
