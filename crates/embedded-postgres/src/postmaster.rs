//! The server process: what its pid file says, whether it still runs, how it is made to stop.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::account::clean_command;
use crate::directory::DataDir;
use crate::error::Error;
use crate::files;

/// How long a polite (fast) shutdown may take: it writes out everything that is dirty.
const FAST_SHUTDOWN: Duration = Duration::from_mins(1);
/// How long the rude (immediate) one may take, which only ends processes.
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);
/// How far the start times of one process may be apart: `postmaster.pid` is written a moment later, by a clock that may be set.
const START_TOLERANCE_SECONDS: u64 = 3;
/// The unit of `/proc/PID/stat` (`USER_HZ`), which is the same on every architecture that is built for.
const TICKS_PER_SECOND: u64 = 100;
/// How often conditions are looked at while waiting for them.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// What `postmaster.pid` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    /// When it started, in seconds since 1970.
    pub(crate) started: Option<u64>,
    pub(crate) port: Option<u16>,
    /// Whether it accepts connections.
    pub(crate) ready: bool,
}

impl PidFile {
    /// Reads the file of the cluster in `cluster`; `None` if there is none or it is not written yet.
    pub(crate) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&files::read_in(cluster, "postmaster.pid").ok()?)
    }

    // Lines: pid, directory, start time, port, socket directory, address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        // A postmaster that is still starting or in single-user mode writes its pid as a negative number.
        let pid = lines.first()?.trim_start_matches('-').parse().ok()?;
        let started = lines.get(2).and_then(|line| line.parse().ok());
        let port = lines.get(3).and_then(|line| line.parse().ok());
        Some(Self { pid, started, port, ready: lines.get(7) == Some(&"ready") })
    }
}

/// Writes down that process `pid` is the postmaster of the cluster in `dir`: its number and when it started, because the
/// number alone may be another process's later. The record is outside the cluster, where PostgreSQL cannot change it.
pub(crate) fn record(pid: u32, dir: &DataDir) -> Result<(), Error> {
    let Some(start) = ProcessStart::of(pid) else { return Ok(()) }; // it has ended already
    files::write_private(&dir.process_file(), &format!("{pid}\n{}\n", start.identity))
}

/// Whether the process that `file` names is the postmaster of the cluster in `dir` and still runs.
///
/// The record of [`record`] decides. Without one, after a kill between start and record or from an older release, the start time in
/// `postmaster.pid` must be that of the process.
pub(crate) fn runs(file: &PidFile, dir: &DataDir) -> bool {
    let Some(start) = ProcessStart::of(file.pid) else { return false };
    let record = dir.read("postmaster").unwrap_or_default();
    match record.trim_end().split_once('\n') {
        Some((pid, identity)) if pid.parse() == Ok(file.pid) => identity == start.identity,
        _ => file.started.zip(start.seconds).is_some_and(|(one, other)| one.abs_diff(other) <= START_TOLERANCE_SECONDS),
    }
}

/// When a process started.
#[derive(Debug, PartialEq, Eq)]
struct ProcessStart {
    /// Differs between any two processes that ever had the same number.
    identity: String,
    /// In seconds since 1970, where the system says so.
    seconds: Option<u64>,
}

impl ProcessStart {
    /// The start of process `pid`; `None` if it does not run (any more).
    fn of(pid: u32) -> Option<Self> {
        if Path::new("/proc/self/stat").exists() {
            let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
            let ticks = start_ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
            let booted = fs::read_to_string("/proc/stat").ok().and_then(|text| boot_seconds(&text));
            let seconds = booted.map(|booted| booted + ticks / TICKS_PER_SECOND);
            return Some(Self { identity: format!("{} {ticks}", boot.trim()), seconds });
        }
        let output = clean_command("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (state, start) = text.trim().split_once(' ')?;
        (!state.starts_with('Z')).then(|| Self { identity: start.trim().to_owned(), seconds: None })
    }
}

/// When a process started, in ticks since the machine did, from its `/proc/PID/stat`; `None` for one that has ended and was
/// not waited for.
fn start_ticks(stat: &str) -> Option<u64> {
    // The name comes in parentheses and may hold spaces and parentheses itself.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// When the machine started, in seconds since 1970, from `/proc/stat`.
fn boot_seconds(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

/// Whether any process has this number.
pub(crate) fn exists(pid: u32) -> bool {
    to_pid(pid).is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
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

/// What was written to the log of `dir` after byte `from`.
pub(crate) fn log_since(dir: &DataDir, from: u64) -> String {
    let mut text = Vec::new();
    let read = files::open_in(dir.path(), "postgres.log").and_then(|mut file| {
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
        assert_eq!(
            PidFile::parse(early),
            Some(PidFile { pid: 4711, started: Some(1_700_000_000), port: Some(5433), ready: false })
        );
        assert_eq!(
            PidFile::parse(&late),
            Some(PidFile { pid: 4711, started: Some(1_700_000_000), port: Some(5433), ready: true })
        );
        assert_eq!(PidFile::parse("-12\n/data"), Some(PidFile { pid: 12, started: None, port: None, ready: false }));
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn start_of_a_process_is_read_whatever_its_name_is() {
        let fields = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(start_ticks(&format!("7 (post) gres (x) S {fields}")), Some(4711));
        assert_eq!(start_ticks(&format!("7 (postgres) Z {fields}")), None, "it has ended");
        assert_eq!(start_ticks("7 (postgres"), None);
        assert_eq!(boot_seconds("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000));
    }

    #[test]
    fn process_is_recognised_by_its_number_and_start() {
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        let dir = DataDir::resolve(&top.path().join("data"), crate::Origin::Explicit).unwrap();
        dir.claim().unwrap();
        let own = std::process::id();
        let start = ProcessStart::of(own).unwrap();
        let file = |started| PidFile { pid: own, started, port: None, ready: true };

        assert!(!runs(&file(Some(1)), &dir), "another process has the number now");
        assert!(!runs(&file(None), &dir));
        if start.seconds.is_some() {
            assert!(runs(&file(start.seconds), &dir), "without a record the pid file decides");
        }
        record(own, &dir).unwrap();
        assert!(runs(&file(Some(1)), &dir), "the clock may have been set since");
        files::write_private(&dir.process_file(), &format!("{own}\nanother boot 1\n")).unwrap();
        assert!(!runs(&file(start.seconds), &dir), "the record is another process's");
    }

    #[test]
    fn processes_exist_until_they_end() {
        assert!(exists(std::process::id()));
        let mut child = clean_command("true").spawn().unwrap();
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
