//! The server process: reads its pid file, recognises it, and stops it.

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

/// The time limit of a fast shutdown, which writes a checkpoint.
const FAST_SHUTDOWN: Duration = Duration::from_mins(1);
/// The time limit of an immediate shutdown, which only ends processes.
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);
/// The tolerance between two start times of one process: `postmaster.pid` is written a moment later, and the clock may be set.
const START_TOLERANCE_SECONDS: u64 = 3;
/// The unit of times in `/proc/PID/stat` (`USER_HZ`); the same on all supported architectures.
const TICKS_PER_SECOND: u64 = 100;
/// The interval at which awaited conditions are checked.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// The content of `postmaster.pid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    /// The start time, in seconds since 1970.
    pub(crate) started: Option<u64>,
    pub(crate) port: Option<u16>,
    /// Whether the server accepts connections.
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

/// Records the pid and the start of the postmaster of the cluster in `dir`: a pid alone may belong to another process later. The
/// record is outside the cluster, where PostgreSQL cannot change it.
pub(crate) fn record(pid: u32, dir: &DataDir) -> Result<(), Error> {
    let Some(start) = ProcessStart::of(pid) else { return Ok(()) }; // the process has ended already
    files::write_private(&dir.process_file(), &format!("{pid}\n{}\n", start.identity))
}

/// Whether the process that `file` names is the running postmaster of the cluster in `dir`.
///
/// The record of [`record`] decides. It is missing after a kill between start and record, and in directories of older releases. Then
/// the start time in `postmaster.pid` must be that of the process.
pub(crate) fn runs(file: &PidFile, dir: &DataDir) -> bool {
    let Some(start) = ProcessStart::of(file.pid) else { return false };
    let record = dir.read("postmaster").unwrap_or_default();
    match record.trim_end().split_once('\n') {
        Some((pid, identity)) if pid.parse() == Ok(file.pid) => identity == start.identity,
        _ => file.started.zip(start.seconds).is_some_and(|(one, other)| one.abs_diff(other) <= START_TOLERANCE_SECONDS),
    }
}

/// The start of a process.
#[derive(Debug, PartialEq, Eq)]
struct ProcessStart {
    /// Differs between any two processes with the same pid.
    identity: String,
    /// In seconds since 1970; `None` on systems without `/proc`.
    seconds: Option<u64>,
}

impl ProcessStart {
    /// The start of process `pid`; `None` if it does not run.
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

/// The start of a process in ticks since boot, from its `/proc/PID/stat`; `None` for a zombie.
fn start_ticks(stat: &str) -> Option<u64> {
    // The name is in parentheses and may itself contain spaces and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// The time of boot in seconds since 1970, from `/proc/stat`.
fn boot_seconds(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

/// Whether a process with this pid exists.
pub(crate) fn exists(pid: u32) -> bool {
    to_pid(pid).is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Stops the server `pid` with a fast shutdown, then with an immediate one. `has_ended` returns whether it has ended.
pub(crate) fn stop(pid: u32, mut has_ended: impl FnMut() -> bool) -> Result<(), Error> {
    for (signal, patience) in [(Signal::INT, FAST_SHUTDOWN), (Signal::QUIT, IMMEDIATE_SHUTDOWN)] {
        // The process may have ended already; only `has_ended` decides.
        let _ = to_pid(pid).map(|pid| kill_process(pid, signal));
        if wait_until(patience, &mut has_ended) {
            return Ok(());
        }
    }
    Err(Error::NotStopped { pid })
}

/// Waits for `condition`; returns whether it became true in time.
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

/// The log of `dir` from byte `from`.
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
    fn pid_file_is_read_while_server_starts() {
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
    fn process_start_is_read_whatever_its_name() {
        let fields = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(start_ticks(&format!("7 (post) gres (x) S {fields}")), Some(4711));
        assert_eq!(start_ticks(&format!("7 (postgres) Z {fields}")), None, "a zombie");
        assert_eq!(start_ticks("7 (postgres"), None);
        assert_eq!(boot_seconds("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000));
    }

    #[test]
    fn process_is_recognised_by_pid_and_start() {
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        let dir = DataDir::resolve(&top.path().join("data"), crate::PathOrigin::Explicit).unwrap();
        dir.claim().unwrap();
        let own = std::process::id();
        let start = ProcessStart::of(own).unwrap();
        let file = |started| PidFile { pid: own, started, port: None, ready: true };

        assert!(!runs(&file(Some(1)), &dir), "another process has the pid now");
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
    fn process_exists_until_it_ends() {
        assert!(exists(std::process::id()));
        let mut child = clean_command("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!exists(child.id()));
        assert!(!exists(0));
    }

    #[test]
    fn wait_ends_on_condition_or_timeout() {
        let mut looks = 0;
        assert!(wait_until(Duration::from_mins(1), || {
            looks += 1;
            looks == 3
        }));
        assert!(!wait_until(Duration::ZERO, || false));
    }
}
