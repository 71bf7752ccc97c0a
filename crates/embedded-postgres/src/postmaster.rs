//! The server process: what its pid file says, whether it still runs, how it is made to stop.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::Error;

/// How long a polite (fast) shutdown may take: it writes out everything that is dirty.
const FAST_SHUTDOWN: Duration = Duration::from_mins(1);
/// How long the rude (immediate) one may take, which only ends processes.
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);
/// How often conditions are looked at while waiting for them.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// What `postmaster.pid` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    pub(crate) port: Option<u16>,
    /// Whether it accepts connections.
    pub(crate) ready: bool,
}

impl PidFile {
    /// Reads the file of the cluster in `cluster`; `None` if there is none or it is not written yet.
    pub(crate) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    // Lines: pid, directory, start time, port, socket directory, address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        // A postmaster that is still starting or in single-user mode writes its pid as a negative number.
        let pid = lines.first()?.trim_start_matches('-').parse().ok()?;
        let port = lines.get(3).and_then(|line| line.parse().ok());
        Some(Self { pid, port, ready: lines.get(7) == Some(&"ready") })
    }
}

/// Whether process `pid` is the postmaster of `cluster`, and not one that got its number later.
pub(crate) fn runs(pid: u32, cluster: &Path) -> bool {
    command_line(pid).is_some_and(|line| is_postmaster_of(&line, cluster))
}

/// Whether any process has this number.
pub(crate) fn exists(pid: u32) -> bool {
    to_pid(pid).is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// The arguments of process `pid`, each after a newline; `None` if it does not run (any more).
fn command_line(pid: u32) -> Option<String> {
    let proc = Path::new("/proc/self/cmdline");
    if proc.exists() {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', "\n"));
    }
    let said = Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&said.stdout).replace(' ', "\n"))
}

fn is_postmaster_of(command_line: &str, cluster: &Path) -> bool {
    let cluster = cluster.to_string_lossy().replace(' ', "\n");
    let mut lines = command_line.split('\n');
    let is_postgres =
        lines.next().is_some_and(|program| program.contains("postgres") || program.contains("postmaster"));
    is_postgres && format!("{command_line}\n").contains(&format!("\n-D\n{cluster}\n"))
}

/// Stops the server `pid`: politely, then rudely. `gone` says whether it has ended.
pub(crate) fn stop(pid: u32, mut gone: impl FnMut() -> bool) -> Result<(), Error> {
    for (signal, patience) in [(Signal::INT, FAST_SHUTDOWN), (Signal::QUIT, IMMEDIATE_SHUTDOWN)] {
        // The process may be gone already; only `gone` decides.
        let _ = to_pid(pid).map(|pid| kill_process(pid, signal));
        if wait_until(patience, &mut gone) {
            return Ok(());
        }
    }
    Err(Error::NotStopped { pid })
}

/// Waits for a condition; says whether it came true in time.
pub(crate) fn wait_until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > patience {
            return false;
        }
        sleep(PAUSE);
    }
}

/// What was written to `log` after byte `from`.
pub(crate) fn log_since(log: &Path, from: u64) -> String {
    let mut text = Vec::new();
    let read = fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut text)
    });
    read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_grows_while_the_server_starts() {
        let early = "4711\n/data/cluster\n1700000000\n5433\n\n";
        let late = format!("{early}127.0.0.1\n 52 1\nready   \n");
        assert_eq!(PidFile::parse(early), Some(PidFile { pid: 4711, port: Some(5433), ready: false }));
        assert_eq!(PidFile::parse(&late), Some(PidFile { pid: 4711, port: Some(5433), ready: true }));
        assert_eq!(PidFile::parse("-12\n/data"), Some(PidFile { pid: 12, port: None, ready: false }));
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn only_the_postmaster_of_this_cluster_counts() {
        let cluster = Path::new("/data/cluster");
        assert!(is_postmaster_of("/usr/bin/postgres\n-D\n/data/cluster\n-c\nport=1\n", cluster));
        assert!(!is_postmaster_of("/usr/bin/postgres\n-D\n/data/cluster2\n", cluster));
        assert!(!is_postmaster_of("/usr/bin/vi\n-D\n/data/cluster\n", cluster));
        assert!(!is_postmaster_of("", cluster), "a zombie has no arguments");
        assert!(is_postmaster_of("postgres\n-D\n/my\ndata\n-c\n", Path::new("/my data")), "as `ps` shows it");
        assert!(!runs(std::process::id(), cluster));
    }

    #[test]
    fn processes_exist_until_they_end() {
        assert!(exists(std::process::id()));
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!exists(child.id()));
        assert!(!exists(0));
    }

    #[test]
    fn waiting_ends_with_the_condition_or_the_patience() {
        let mut looks = 0;
        assert!(wait_until(Duration::from_mins(1), || {
            looks += 1;
            looks == 3
        }));
        assert!(!wait_until(Duration::ZERO, || false));
    }
}
