//! The state of burntop on this machine: what was read, and what was delivered.
//!
//! One `SQLite` database holds the records of all responses, how far the logs were read, and which records the server has. Records and
//! positions change in one transaction, so a kill at any moment loses neither. The database can be computed again: without it, all logs
//! are read again, and the server counts nothing twice. It also keeps the records of logs that their tools have deleted.

mod aside;
mod delivery;
mod lock;
mod schema;
mod usage;

use std::fmt;
use std::path::Path;

use collector::{Record, State};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

pub(crate) use aside::files_set_aside;
pub(crate) use delivery::{DeliveryOutcome, KnownHandover, PendingRecord, RejectedRecord};
pub(crate) use lock::StateLock;
pub(crate) use usage::{ModelUse, UsageFilter, UsageRow};

use crate::failure::{Failure, FailureKind};
use crate::files;

const DATABASE: &str = "usage.db";

pub(crate) struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the database in `directory`, and creates it the first time.
    pub(crate) fn open(directory: &Path) -> Result<Self, Failure> {
        files::make_private_directory(directory)?;
        let path = directory.join(DATABASE);
        // SQLite would create the file with the mode of the umask.
        let created = files::private_options().create(true).open(&path);
        created.map_err(|error| Failure::file("opening", &path, &error))?;
        let mut connection = Connection::open(&path)?;
        schema::prepare(&mut connection)?;
        Ok(Self { connection })
    }

    /// A store that lasts as long as the process, for a home directory that cannot be written.
    pub(crate) fn in_memory() -> Result<Self, Failure> {
        let mut connection = Connection::open_in_memory()?;
        schema::prepare(&mut connection)?;
        Ok(Self { connection })
    }

    /// How far the logs of `source` were read. A state that this version cannot read counts as lost.
    pub(crate) fn scan_state(&self, source: &str) -> Result<State, Failure> {
        let text = self.meta(&scan_key(source))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Stores records that a scan of `source` found, and with the last ones the positions after it. Without the positions, the next scan finds
    /// the same records again. Returns how many records are new or better than before; the server has not seen those.
    pub(crate) fn add_records(
        &mut self,
        source: &str,
        records: &[Record],
        positions: Option<&State>,
    ) -> Result<u64, Failure> {
        let positions = positions.map(serde_json::to_string).transpose().map_err(|error| local(&error))?;
        let transaction = self.connection.transaction()?;
        let mut changed = 0;
        // In the order of the table, each of its pages is needed once.
        let mut records: Vec<&Record> = records.iter().collect();
        records.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for record in records {
            changed += usage::upsert(&transaction, record)?;
        }
        if let Some(positions) = positions {
            transaction.execute(schema::SET_META, params![scan_key(source), positions])?;
        }
        transaction.commit()?;
        Ok(changed)
    }

    fn meta(&self, key: &str) -> Result<Option<String>, Failure> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    fn set_meta(&self, key: &str, value: &str) -> Result<(), Failure> {
        self.connection.execute(schema::SET_META, params![key, value])?;
        Ok(())
    }
}

/// The key under which the positions in the logs of a source are stored. Each source has its own, because one at a time is in memory.
fn scan_key(source: &str) -> String {
    format!("scan {source}")
}

fn local(error: &dyn fmt::Display) -> Failure {
    Failure::new(FailureKind::Local, format!("the state of burntop cannot be used: {error}"))
}

fn damaged(error: &dyn fmt::Display) -> Failure {
    Failure::new(FailureKind::Damaged, format!("the state of burntop is damaged: {error}"))
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        // Values of a type or a size that burntop never writes are damage that SQLite does not see.
        let is_damage = match &error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => true,
            error => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
            }
        };
        if is_damage { damaged(&error) } else { local(&error) }
    }
}
