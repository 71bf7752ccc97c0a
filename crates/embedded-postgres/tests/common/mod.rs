//! Helpers of the tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use embedded_postgres::Binaries;

/// A temporary directory that the user of PostgreSQL can enter.
pub(crate) fn open_dir() -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
    top
}

/// The rows of a query, or the error of `psql`.
pub(crate) fn ask(url: &str, sql: &str) -> Result<String, String> {
    let psql = Binaries::find(None).unwrap().program("psql");
    let output = Command::new(psql).args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Waits until a condition is true.
pub(crate) fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_mins(1), "still waiting for {what}");
        sleep(Duration::from_millis(10));
    }
}
