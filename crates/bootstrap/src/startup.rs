//! Errors at the start of a program, with what to do.

use std::io;
use std::path::PathBuf;

use crate::settings::{SettingsError, without_password};

/// A failure at the start. Its text tells the operator what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartupError {
    #[error(transparent)]
    Settings(#[from] SettingsError),

    /// The embedded database cannot be started or found.
    #[error(transparent)]
    Embedded(#[from] embedded_postgres::Error),

    /// No server answers at the database's address.
    #[error(
        "the database at {url} cannot be reached ({reason}): start it, or correct DATABASE_URL; \
         without DATABASE_URL an embedded database is started"
    )]
    Unreachable {
        /// Without the password.
        url: String,
        reason: String,
    },

    /// The server answers, but has no such database.
    #[error(
        "the database `{name}` does not exist at {url}: create it with `api-server migrate --create-database`, \
         or correct DATABASE_URL"
    )]
    MissingDatabase {
        /// The missing database.
        name: String,
        /// Without the password.
        url: String,
    },

    /// The server refuses the credentials.
    #[error("the database at {url} refuses the user or the password: correct DATABASE_URL ({reason})")]
    Refused {
        /// Without the password.
        url: String,
        /// The server's message.
        reason: String,
    },

    /// The connection cannot be encrypted, or is not as safe as required.
    #[error("the database at {url} cannot be connected to safely ({reason}): {advice}")]
    Insecure {
        /// Without the password.
        url: String,
        reason: String,
        /// What to do.
        advice: &'static str,
    },

    /// `DATABASE_URL` is malformed or contradicts itself.
    #[error("{reason}: correct DATABASE_URL ({url})")]
    BadUrl {
        /// Without the password.
        url: String,
        /// The mistake.
        reason: String,
    },

    /// The server belongs to another program, or to a proxy that accepts any connection.
    #[error(
        "{url} does not answer as PostgreSQL does ({reason}): correct the host and the port of DATABASE_URL; \
         PostgreSQL usually listens on port 5432"
    )]
    NotPostgres {
        /// Without the password.
        url: String,
        reason: String,
    },

    /// The release of PostgreSQL is not supported.
    #[error("the database at {url} is PostgreSQL {major}: burntop needs {minimum} or newer")]
    ServerTooOld {
        /// Without the password.
        url: String,
        major: i32,
        minimum: i32,
    },

    /// The database does not keep texts as UTF-8.
    #[error(
        "the database at {url} has the encoding {encoding}, and burntop needs UTF8: create another one with \
         `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0` or `api-server migrate --create-database`"
    )]
    NotUtf8 {
        /// Without the password.
        url: String,
        encoding: String,
    },

    /// The database has tables of another program.
    #[error(
        "the database at {url} has {relations} tables and views, such as {example}, and no migration of burntop, so it belongs \
         to another program; nothing was changed. Correct DATABASE_URL, or give burntop a database of its own with \
         `api-server migrate --create-database`"
    )]
    ForeignDatabase {
        /// Without the password.
        url: String,
        /// The tables, views and sequences.
        relations: i64,
        /// One of them.
        example: String,
    },

    /// The database has no tables.
    #[error(
        "the database {database} has no tables of burntop yet; nothing was changed. Create them with `api-server migrate` or a \
         start of `api-server`, or correct DATABASE_URL"
    )]
    NoSchema {
        /// Its name and its server.
        database: String,
    },

    /// The schema lacks migrations of this release.
    #[error(
        "the schema of the database {database} is older than this program: it lacks {migrations} migrations, from {first} on. \
         Run `api-server migrate`"
    )]
    OlderSchema {
        /// Its name and its server.
        database: String,
        migrations: usize,
        /// The oldest missing migration.
        first: String,
    },

    /// More migrations were to be reverted than there are.
    #[error(
        "{steps} migrations cannot be reverted: the database has {applied}. `api-server migrate status` lists them"
    )]
    TooManySteps { steps: u32, applied: usize },

    /// The command loses data, and was not confirmed.
    #[error("nothing was changed: repeat the command with --yes to {doing}")]
    Unconfirmed {
        /// What the command does, such as "revert these migrations".
        doing: &'static str,
    },

    /// The role may not create the database.
    #[error(
        "the database `{name}` could not be created ({reason}): give the role the right with `ALTER ROLE … CREATEDB`, or let an \
         administrator of the server run `CREATE DATABASE \"{name}\" OWNER … ENCODING 'UTF8' TEMPLATE template0`"
    )]
    NotCreated {
        name: String,
        /// The server's message.
        reason: String,
    },

    /// Another session holds a lock.
    #[error(
        "the database at {url} is in use by other sessions ({reason}); nothing was changed. Stop servers and workers first, \
         and end idle transactions"
    )]
    Locked {
        /// Without the password.
        url: String,
        /// The server's message.
        reason: String,
    },

    /// The server has no disk space or memory left.
    #[error("the server of the database at {url} has no space left ({reason}): free disk space or memory there")]
    NoSpace {
        /// Without the password.
        url: String,
        /// The server's message.
        reason: String,
    },

    /// The server does not accept changes.
    #[error("the database at {url} is read-only ({reason}): name the primary server in DATABASE_URL, not a standby")]
    ReadOnly {
        /// Without the password.
        url: String,
        /// The server's message.
        reason: String,
    },

    /// The server has no free connection.
    #[error(
        "the database at {url} has no connection left: lower DATABASE_POOL_SIZE and DATABASE_MAX_OVERFLOW, \
         or raise its max_connections"
    )]
    TooManyConnections {
        /// Without the password.
        url: String,
    },

    /// The server is starting or stopping.
    #[error("the database at {url} is not ready yet ({reason}): try again in a moment")]
    NotReady {
        /// Without the password.
        url: String,
        /// The server's message.
        reason: String,
    },

    /// The role lacks a needed privilege.
    #[error(
        "the database at {url} does not allow it ({reason}): connect as the role that owns the database and its tables, or make \
         this role the owner with `ALTER DATABASE … OWNER TO …`"
    )]
    NotAllowed {
        /// Without the password.
        url: String,
        /// The server's message.
        reason: String,
    },

    /// The schema was migrated by a newer release than this one.
    #[error(
        "the schema of the database is newer than this program: it has the migration {version}, which this release does not \
         know. Run the newer release that made it, or restore an earlier backup"
    )]
    NewerMigrations {
        /// The newest unknown migration.
        version: String,
    },

    /// Another program listens on the address.
    #[error("{address} is in use by another program: stop it, or set {setting} to another address")]
    AddressInUse {
        /// The address with its port.
        address: String,
        /// The variable to change.
        setting: &'static str,
    },

    /// The program cannot listen on the address.
    #[error("cannot listen on {address} ({reason}): correct {setting}")]
    BadAddress {
        /// The address with its port.
        address: String,
        /// The variable to change.
        setting: &'static str,
        reason: String,
    },

    /// Another process writes a backup to the directory.
    #[error("another backup to {} is running; nothing was done", .dir.display())]
    BackupRunning { dir: PathBuf },

    #[error("{doing} failed: {reason}")]
    Other {
        /// The failed operation, as a participle such as "opening the database".
        doing: &'static str,
        reason: String,
    },
}

impl StartupError {
    /// The exit code of a program that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BackupRunning { .. } => 3,
            _ => 1,
        }
    }

    /// The error for a database at `url` that cannot be used, from the SQLSTATE code if the server sent one, else from the driver's
    /// message. `doing` is the failed operation, for errors without a known meaning.
    pub fn database(doing: &'static str, url: &str, sqlstate: Option<&str>, message: &str) -> Self {
        let shown = without_password(url);
        let reason = message.to_owned();
        match sqlstate.map_or_else(|| guess(message), |sqlstate| Meaning::of(sqlstate, message)) {
            Meaning::Refused => Self::Refused { url: shown, reason },
            Meaning::Insecure(advice) => Self::Insecure { url: shown, reason, advice },
            Meaning::BadUrl => Self::BadUrl { url: shown, reason },
            Meaning::NotPostgres => Self::NotPostgres { url: shown, reason },
            Meaning::MissingDatabase => Self::MissingDatabase { name: database_name(url).to_owned(), url: shown },
            Meaning::TooManyConnections => Self::TooManyConnections { url: shown },
            Meaning::NotReady => Self::NotReady { url: shown, reason },
            Meaning::NotAllowed => Self::NotAllowed { url: shown, reason },
            Meaning::Locked => Self::Locked { url: shown, reason },
            Meaning::NoSpace => Self::NoSpace { url: shown, reason },
            Meaning::ReadOnly => Self::ReadOnly { url: shown, reason },
            Meaning::Unreachable => Self::Unreachable { url: shown, reason },
            Meaning::Other => Self::Other { doing, reason },
        }
    }

    /// The error for the database of `url` that could not be created.
    pub fn creating_database(url: &str, sqlstate: Option<&str>, message: &str) -> Self {
        match Self::database("creating the database", url, sqlstate, message) {
            // What is missing or refused here is the database through which others are created.
            Self::NotAllowed { reason, .. } | Self::Refused { reason, .. } | Self::Other { reason, .. } => {
                Self::NotCreated { name: database_name(url).to_owned(), reason }
            }
            Self::MissingDatabase { name, .. } => Self::NotCreated { name, reason: message.to_owned() },
            other => other,
        }
    }

    /// The error of listening on `address`; `setting` is the variable that sets it.
    pub fn listening(address: impl Into<String>, setting: &'static str, error: &io::Error) -> Self {
        let address = address.into();
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse { address, setting },
            _ => Self::BadAddress { address, setting, reason: error.to_string() },
        }
    }
}

/// The meaning of a database error for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Refused,
    /// With advice.
    Insecure(&'static str),
    BadUrl,
    NotPostgres,
    MissingDatabase,
    TooManyConnections,
    NotReady,
    NotAllowed,
    Locked,
    NoSpace,
    ReadOnly,
    Unreachable,
    Other,
}

impl Meaning {
    /// From the SQLSTATE, as listed in appendix A of the PostgreSQL manual.
    fn of(sqlstate: &str, message: &str) -> Self {
        match sqlstate {
            // `pg_hba.conf` has no entry for connections without TLS.
            "28000" if message.contains("no encryption") => Self::Insecure(ENCRYPT),
            "28P01" | "28000" => Self::Refused,
            "3D000" => Self::MissingDatabase,
            "53300" => Self::TooManyConnections,
            "53100" | "53200" => Self::NoSpace,
            "57P01" | "57P02" | "57P03" => Self::NotReady,
            "42501" => Self::NotAllowed,
            "55P03" | "40P01" => Self::Locked,
            "25006" => Self::ReadOnly,
            code if code.starts_with("08") => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

const ENCRYPT: &str = "add sslmode=require, or better sslmode=verify-full, to DATABASE_URL";
const OFFER_TLS: &str =
    "turn on ssl in postgresql.conf, or add sslmode=disable to DATABASE_URL if the network is private";
const TRUST: &str = "set sslrootcert in DATABASE_URL to the certificate of the authority that signed the server's, \
    and with sslmode=verify-full use a host name of the certificate";
const USE_SCRAM: &str =
    "use scram-sha-256 in pg_hba.conf, or add sslmode=require to DATABASE_URL so that the password is encrypted";
const FOREIGN_SERVER: &str =
    "another program may have taken the port; the password was not sent. Start `api-server` again";

/// Parts of messages in lower case, for errors without a code.
const SIGNS: [(&str, Meaning); 30] = [
    ("invalid database url", Meaning::BadUrl),
    ("does not speak the protocol of postgresql", Meaning::NotPostgres),
    ("did not understand the request for tls", Meaning::NotPostgres),
    ("unexpected message from server", Meaning::NotPostgres),
    ("connection closed", Meaning::NotPostgres),
    ("end of file", Meaning::NotPostgres),
    ("no encryption", Meaning::Insecure(ENCRYPT)),
    ("password in clear text", Meaning::Insecure(USE_SCRAM)),
    ("does not ask for scram", Meaning::Insecure(FOREIGN_SERVER)),
    ("does not offer tls", Meaning::Insecure(OFFER_TLS)),
    ("invalid peer certificate", Meaning::Insecure(TRUST)),
    ("certificate", Meaning::Refused),
    ("password authentication failed", Meaning::Refused),
    ("no pg_hba.conf entry", Meaning::Refused),
    ("authentication", Meaning::Refused),
    ("password missing", Meaning::Refused),
    ("too many clients", Meaning::TooManyConnections),
    ("remaining connection slots", Meaning::TooManyConnections),
    ("starting up", Meaning::NotReady),
    ("shutting down", Meaning::NotReady),
    ("recovery mode", Meaning::NotReady),
    ("permission denied", Meaning::NotAllowed),
    ("connection refused", Meaning::Unreachable),
    ("failed to lookup", Meaning::Unreachable),
    ("name or service not known", Meaning::Unreachable),
    ("timed out", Meaning::Unreachable),
    ("timeout", Meaning::Unreachable),
    ("unreachable", Meaning::Unreachable),
    ("connection reset", Meaning::Unreachable),
    ("error connecting", Meaning::Unreachable),
];

fn guess(message: &str) -> Meaning {
    let message = message.to_lowercase();
    if message.contains("database \"") && message.contains("does not exist") {
        return Meaning::MissingDatabase;
    }
    if message.contains("role \"") && message.contains("does not exist") {
        return Meaning::Refused;
    }
    SIGNS.iter().find(|(sign, _)| message.contains(sign)).map_or(Meaning::Other, |(_, meaning)| *meaning)
}

/// The name of the database in a URL, percent-encoded as there; the user's name if the URL has none, as in libpq.
fn database_name(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (user, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let name = path.split(['?', '#']).next().unwrap_or_default();
    if name.is_empty() { user.split(':').next().unwrap_or_default() } else { name }
}

#[cfg(test)]
#[path = "startup_tests.rs"]
mod tests;
