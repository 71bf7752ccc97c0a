//! Why a command failed, and its exit code.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The class of a failure. Scripts branch on its exit code, so a code never changes its meaning; `docs/BURNTOP.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// Something on this machine: a file, a directory, a program.
    Local = 1,
    /// The arguments or the configuration are wrong. clap uses the same code.
    Usage = 2,
    /// No sign-in, or the server refused it.
    SignedOut = 3,
    /// The server cannot be reached or is busy. A later attempt can succeed.
    Unavailable = 4,
    /// The server refused the request. Repeating it does not help.
    Refused = 5,
    /// Another process of burntop holds the lock.
    Locked = 6,
    /// `doctor` found a problem.
    Unhealthy = 7,
}

/// A failed command: one sentence for people, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    message: String,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The file system refused `doing` (such as `reading`) at `path`.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(FailureKind::Local, format!("{doing} {} failed: {error}", path.display()))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
