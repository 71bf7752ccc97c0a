//! Why a backup failed, with what to do.

use std::io;
use std::path::PathBuf;

use adapters_postgres::ConnectError;

/// Nothing is left of a failed backup, and older backups are unchanged.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{dir} does not exist: create it with `install -d -m 0700 -o USER {dir}` for the user of this command, or correct the path", dir = .dir.display())]
    NoDirectory { dir: PathBuf },

    #[error("{} is not a directory", .path.display())]
    NotADirectory { path: PathBuf },

    #[error("{} is not a file: remove it", .path.display())]
    NotAFile { path: PathBuf },

    #[error(
        "{dir} is in the data directory {data_dir}, and would be lost together with the data: choose a directory outside it, best on \
         another disk", dir = .dir.display(), data_dir = .data_dir.display()
    )]
    InsideDataDir { dir: PathBuf, data_dir: PathBuf },

    /// Another process writes a backup to the directory.
    #[error("another backup to {} is running; nothing was done", .dir.display())]
    AlreadyRunning { dir: PathBuf },

    #[error("cannot {doing}: {source}")]
    Io { doing: String, source: io::Error },

    #[error(transparent)]
    Programs(#[from] embedded_postgres::Error),

    #[error(transparent)]
    Database(#[from] ConnectError),

    #[error("{program} failed: {reason}")]
    Program { program: &'static str, reason: String },

    #[error("the dump lacks the table {table}; it was removed")]
    Incomplete { table: String },

    #[error("interrupted; nothing was changed")]
    Interrupted,

    #[error("the backup {backup} is complete, but the older {old} could not be removed: {source}", backup = .backup.display(), old = .old.display())]
    NotRemoved { backup: PathBuf, old: PathBuf, source: io::Error },
}

/// Adds the operation to an error of the system.
pub(super) trait IoContext<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, BackupError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, BackupError> {
        self.map_err(|source| BackupError::Io { doing: doing(), source })
    }
}
