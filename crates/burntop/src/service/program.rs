//! Runs the programs of schedulers.

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

use crate::failure::{Failure, FailureKind};

/// Whether a program called `name` is in the path.
pub(super) fn exists(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

/// Runs `name` with `arguments`; fails if it fails.
pub(super) fn run(name: &str, arguments: &[&str]) -> Result<(), Failure> {
    let output = output(name, arguments)?;
    output.status.success().then_some(()).ok_or_else(|| failed(name, arguments, &output))
}

/// Whether `name` with `arguments` succeeds.
pub(super) fn succeeds(name: &str, arguments: &[&str]) -> bool {
    output(name, arguments).is_ok_and(|output| output.status.success())
}

pub(super) fn output(name: &str, arguments: &[&str]) -> Result<Output, Failure> {
    Command::new(name).args(arguments).stdin(Stdio::null()).output().map_err(|error| unable(name, &error))
}

/// Runs `name` with `arguments` and `input`; fails if it fails.
pub(super) fn feed(name: &str, arguments: &[&str], input: &str) -> Result<(), Failure> {
    let spawned =
        Command::new(name).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| unable(name, &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input says why in its exit status.
        match stdin.write_all(input.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(unable(name, &error)),
            _ => {}
        }
    }
    let output = child.wait_with_output().map_err(|error| unable(name, &error))?;
    output.status.success().then_some(()).ok_or_else(|| failed(name, arguments, &output))
}

fn unable(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::Local, format!("{name} cannot be run: {error}"))
}

fn failed(name: &str, arguments: &[&str], output: &Output) -> Failure {
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.trim();
    Failure::new(FailureKind::Local, format!("`{name} {}` failed: {text}", arguments.join(" ")))
}
