//! What can go wrong, in sentences that say what to do.

use std::io;
use std::path::PathBuf;

/// Why there is no running cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// This machine has no PostgreSQL server programs.
    #[error(
        "PostgreSQL is not installed here: install it (`apt-get install postgresql` or `brew install postgresql`), \
         or set DATABASE_URL to a server that runs elsewhere"
    )]
    NoBinaries,

    /// `POSTGRES_BIN` names a directory that lacks a program.
    #[error("POSTGRES_BIN is {dir}, which does not hold {missing}: it must hold initdb, postgres and pg_ctl")]
    IncompleteBinaries {
        /// What `POSTGRES_BIN` says.
        dir: PathBuf,
        /// The first program that is missing.
        missing: &'static str,
    },

    /// Only releases that are too old were found.
    #[error(
        "PostgreSQL {found} is too old: install version {minimum} or newer, or set DATABASE_URL to such a server",
        minimum = crate::MINIMUM_MAJOR
    )]
    TooOld {
        /// The newest major version that was found.
        found: u32,
    },

    /// Running as root, and there is no account to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as: \
         start this program as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,

    /// The account that runs PostgreSQL cannot reach the directory asked for.
    #[error(
        "the data directory {dir} cannot be used: PostgreSQL runs as user `{account}`, which may not enter {parent}; \
         open it with `chmod o+x {parent}` or set BURNTOP_DATA_DIR to another directory"
    )]
    Closed {
        /// The data directory.
        dir: PathBuf,
        /// The parent directory that is closed.
        parent: PathBuf,
        /// Who may not enter it.
        account: String,
    },

    /// The directory holds files, but not ours.
    #[error(
        "{dir} holds files that are not burntop's: set BURNTOP_DATA_DIR to a directory that is empty or does not exist yet"
    )]
    NotOurs {
        /// The data directory.
        dir: PathBuf,
    },

    /// The directory belongs to another user of this machine.
    #[error("{dir} belongs to user {owner}: run as that user, or set BURNTOP_DATA_DIR to a directory of your own")]
    OwnedByAnother {
        /// The data directory, or the cluster inside it.
        dir: PathBuf,
        /// The name of its owner, or the number where it has no name.
        owner: String,
    },

    /// Another process runs the cluster in this directory.
    #[error(
        "the data directory {dir} is in use by {}: stop it, or set BURNTOP_DATA_DIR to another directory",
        .pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    AlreadyInUse {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds it, where it said so.
        pid: Option<u32>,
    },

    /// The cluster was made by another major version of PostgreSQL.
    #[error(
        "the cluster in {dir} was made by PostgreSQL {cluster}, but {installed} is installed: \
         install version {cluster}, or dump and restore the data with pg_dump"
    )]
    OtherVersion {
        /// The data directory.
        dir: PathBuf,
        /// The major version that made the cluster.
        cluster: String,
        /// The major version found on this machine.
        installed: u32,
    },

    /// There is no cluster to attach to.
    #[error("no database is running in {dir}: start `api-server` first, or set DATABASE_URL")]
    NotRunning {
        /// The data directory.
        dir: PathBuf,
    },

    /// `initdb` failed.
    #[error("the database cluster could not be created: {output}")]
    NotCreated {
        /// What it said.
        output: String,
    },

    /// The server ended, or never became ready.
    #[error("PostgreSQL did not start; {log} says: {tail}")]
    NotStarted {
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// A server could not be made to stop.
    #[error("PostgreSQL (process {pid}) does not stop")]
    NotStopped {
        /// Its process id.
        pid: u32,
    },

    /// A statement for the tests' databases failed.
    #[error("psql: {message}")]
    Sql {
        /// What `psql` said.
        message: String,
    },

    /// The closure that fills a template database failed.
    #[error("the template database {name} could not be filled: {message}")]
    Template {
        /// The template's name.
        name: String,
        /// What the closure said.
        message: String,
    },

    /// A file or process operation failed.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// Says what was being done when an operation of the system fails.
pub(crate) trait Doing<T> {
    /// Turns the error into one that names `doing`.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|error| Error::Io { doing: doing(), source: error.into() })
    }
}
