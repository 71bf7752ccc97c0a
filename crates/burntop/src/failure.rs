//! Why a command failed, and its exit code.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// Something on this machine: a file, a directory, a program.
    Local,
    /// The content of the state's database cannot be read. `StateLock::with_store` sets it aside.
    Damaged,
    /// The arguments or the configuration are wrong. clap uses the same code.
    Usage,
    /// No sign-in, or the server refused it.
    SignedOut,
    /// The server cannot be reached or is busy. A later attempt can succeed.
    Unavailable,
    /// The server refused the request or failed at it, or it is none of burntop. Repeating the request does not help.
    Refused,
    /// Another process of burntop holds the lock.
    Locked,
    /// `doctor` found a problem.
    Unhealthy,
}

impl FailureKind {
    /// Scripts branch on the exit code, so a code never changes its meaning; `docs/BURNTOP.md` lists them.
    const fn exit_code(self) -> u8 {
        match self {
            Self::Local | Self::Damaged => 1,
            Self::Usage => 2,
            Self::SignedOut => 3,
            Self::Unavailable => 4,
            Self::Refused => 5,
            Self::Locked => 6,
            Self::Unhealthy => 7,
        }
    }
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
        ExitCode::from(self.kind.exit_code())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
