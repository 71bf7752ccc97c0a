//! Errors, with what to do.

use std::io;
use std::path::PathBuf;

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
    #[error("POSTGRES_BIN is {dir}, which does not have {missing}: it must have initdb, postgres and pg_ctl")]
    IncompleteBinaries {
        /// The value of `POSTGRES_BIN`.
        dir: PathBuf,
        /// The first missing program.
        missing: String,
    },

    /// There is no `pg_dump` for the server.
    #[error(
        "a backup of PostgreSQL {server} needs pg_dump and pg_restore of version {server} or newer, and {} is installed: \
         install them (`apt-get install postgresql-client-{server}` or `brew install postgresql@{server}`), or name their directory \
         in POSTGRES_BIN",
        .found.map_or_else(|| "none".to_owned(), |found| format!("only version {found}"))
    )]
    NoClient {
        /// The major version of the server.
        server: u32,
        /// The newest major version found.
        found: Option<u32>,
    },

    /// A release of PostgreSQL could not be downloaded, or is not what it should be.
    #[error(
        "PostgreSQL is needed, and getting it from {url} failed: {reason}. Try again, name a mirror in POSTGRES_RELEASE_URL, set \
         DATABASE_URL to a server that runs elsewhere, or install PostgreSQL (`apt-get install postgresql` or \
         `brew install postgresql`) and leave POSTGRES_DOWNLOAD unset"
    )]
    NotDownloaded { url: String, reason: String },

    /// All releases that were found are too old.
    #[error(
        "PostgreSQL {found} is too old: install version {minimum} or newer, or set DATABASE_URL to such a server",
        minimum = crate::MINIMUM_MAJOR
    )]
    TooOld {
        /// The newest major version found.
        found: u32,
    },

    /// The program runs as root, and there is no user to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as: \
         start this program as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,

    /// The user that runs PostgreSQL cannot reach the wanted directory.
    #[error(
        "the data directory {dir} cannot be used: PostgreSQL runs as user `{account}`, which may not enter {parent}; \
         open it with `chmod o+x {parent}` or set BURNTOP_DATA_DIR to another directory"
    )]
    Closed {
        /// The data directory.
        dir: PathBuf,
        /// The closed parent directory.
        parent: PathBuf,
        /// The user that cannot enter it.
        account: String,
    },

    /// The directory is not empty and has no marker.
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
        /// The name of its owner, or the uid if it has no name.
        owner: String,
    },

    /// Another process runs the cluster in this directory.
    #[error(
        "the data directory {dir} is in use by {}: wait if that is a command, such as a backup; stop it if it is another server, or set \
         BURNTOP_DATA_DIR to another directory",
        .pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    AlreadyInUse {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds the lock, if its pid is known.
        pid: Option<u32>,
    },

    /// The cluster was created by another major version of PostgreSQL.
    #[error(
        "the cluster in {dir} was made by PostgreSQL {cluster}, but {installed} is installed: \
         install version {cluster}, or dump and restore the data with pg_dump"
    )]
    OtherVersion {
        /// The data directory.
        dir: PathBuf,
        /// The major version of the cluster.
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

    /// There is no cluster, and the caller must not create one.
    #[error(
        "{dir} has no database: set DATABASE_URL, or set BURNTOP_DATA_DIR to the data directory of the server; \
         `api-server` without a command creates a new database there"
    )]
    NoCluster {
        /// The data directory.
        dir: PathBuf,
    },

    /// `initdb` failed.
    #[error("the database cluster could not be created: {output}")]
    NotCreated { output: String },

    /// The server ended, or did not become ready in time.
    #[error("PostgreSQL did not start; {log} says: {tail}")]
    NotStarted {
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// The server survived an immediate shutdown.
    #[error("PostgreSQL (process {pid}) does not stop")]
    NotStopped { pid: u32 },

    /// A statement for the tests' databases failed.
    #[error("psql: {message}")]
    Sql {
        /// The output of `psql`.
        message: String,
    },

    /// The closure that fills a template database failed.
    #[error("the template database {name} could not be filled: {message}")]
    Template {
        /// The template's name.
        name: String,
        /// The error of the closure.
        message: String,
    },

    /// A file or process operation failed.
    #[error("could not {doing}: {source}")]
    Io {
        /// The operation, such as "read /dev/urandom".
        doing: String,
        source: io::Error,
    },
}

/// Adds the operation to an error of the system.
pub(crate) trait ErrorContext<T> {
    /// Turns the error into one that names `doing`.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> ErrorContext<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|error| Error::Io { doing: doing(), source: error.into() })
    }
}
