//! Databases of tools that may be running.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Params, Row};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::content::{Count, Timestamp};

/// A tool that writes is waited for this long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A database in one read transaction.
pub(crate) struct Database {
    connection: Connection,
    /// Removed when the database is closed.
    _copy: Option<TempDir>,
}

impl Database {
    /// Opens a database to read. Where it cannot be opened in place, a copy below `temporary` is: the write-ahead log of a database
    /// needs a writable directory.
    pub(crate) fn open(path: &Path, temporary: &Path) -> Result<Self, String> {
        Self::open_within(path, temporary, BUSY_TIMEOUT)
    }

    pub(crate) fn open_within(path: &Path, temporary: &Path, timeout: Duration) -> Result<Self, String> {
        let result = match begin(path, timeout) {
            Err(error) if is_unopenable(&error) => return Self::open_copy(path, temporary, timeout),
            result => result,
        };
        let connection = result.map_err(|error| problem(&error))?;
        Ok(Self { connection, _copy: None })
    }

    fn open_copy(path: &Path, temporary: &Path, timeout: Duration) -> Result<Self, String> {
        let copy = TempDir::new_in(temporary).map_err(|error| error.kind().to_string())?;
        let target = copy.path().join("copy.db");
        fs::copy(path, &target).map_err(|error| error.kind().to_string())?;
        // Without a log everything is in the database.
        let _ = fs::copy(log_path(path), log_path(&target));
        let connection = begin(&target, timeout).map_err(|error| problem(&error))?;
        Ok(Self { connection, _copy: Some(copy) })
    }

    /// Whether nothing was ever written: the tool created the file only.
    pub(crate) fn is_empty(&self) -> Result<bool, String> {
        Ok(self.rows("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))?.is_empty())
    }

    /// Names of a table's columns; none if there is no such table.
    pub(crate) fn columns(&self, table: &str) -> Result<HashSet<String>, String> {
        let names = self.rows("SELECT name FROM pragma_table_info(?1)", [table], |row| row.get(0))?;
        Ok(names.into_iter().collect())
    }

    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, String> {
        let mut rows = Vec::new();
        self.each_row(sql, parameters, |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Calls `on_row` with each row: a table may have millions.
    pub(crate) fn each_row(
        &self,
        sql: &str,
        parameters: impl Params,
        mut on_row: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), String> {
        let mut statement = self.connection.prepare(sql).map_err(|error| problem(&error))?;
        let mut rows = statement.query(parameters).map_err(|error| problem(&error))?;
        while let Some(row) = rows.next().map_err(|error| problem(&error))? {
            on_row(row).map_err(|error| problem(&error))?;
        }
        Ok(())
    }
}

/// How far the rows of a table were read, by a column that grows.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Cursor {
    newest: i64,
    /// Rows up to there.
    rows: i64,
}

impl Cursor {
    /// Rows above this value are new, or may be. After rows were imported, removed or numbered anew, all are.
    pub(crate) fn start(self, database: &Database, table: &str, column: &str, overlap: i64) -> Result<i64, String> {
        let is_as_before = rows_until(database, table, column, self.newest)? == self.rows;
        Ok(if is_as_before && self.rows > 0 { self.newest.saturating_sub(overlap) } else { i64::MIN })
    }

    /// The end of a table.
    pub(crate) fn end(database: &Database, table: &str, column: &str) -> Result<Self, String> {
        let newest =
            database.rows(&format!("SELECT max({column}) FROM {table}"), [], |row| row.get::<_, Option<i64>>(0))?;
        let newest = newest.first().copied().flatten().unwrap_or_default();
        Ok(Self { newest, rows: rows_until(database, table, column, newest)? })
    }
}

fn rows_until(database: &Database, table: &str, column: &str, until: i64) -> Result<i64, String> {
    let sql = format!("SELECT count(*) FROM {table} WHERE {column} <= ?1");
    Ok(database.rows(&sql, [until], |row| row.get(0))?.first().copied().unwrap_or_default())
}

fn begin(path: &Path, timeout: Duration) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(timeout)?;
    connection.execute_batch("PRAGMA query_only = 1; BEGIN")?;
    // The transaction begins with the first read.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

fn is_unopenable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
    error.sqlite_error_code().is_some_and(|code| matches!(code, CannotOpen | PermissionDenied | ReadOnly))
}

/// What went wrong, without content of the database.
fn problem(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            "the database is locked".into()
        }
        Some(rusqlite::ErrorCode::NotADatabase) => "not a database".into(),
        Some(code) => format!("SQLite: {code:?}"),
        None => "a row of another form".into(),
    }
}

/// The write-ahead log of a database.
pub(crate) fn log_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// The count in a column that may be absent, null or text. `None` if it is negative or no number.
pub(crate) fn count(row: &Row<'_>, column: &str) -> Option<Count> {
    match row.get::<_, Value>(column) {
        Ok(Value::Integer(value)) => u64::try_from(value).ok().map(Count),
        Ok(Value::Real(value)) => serde_json::from_str(&value.to_string()).ok(),
        Ok(Value::Text(value)) => value.trim().parse().ok().map(Count),
        Ok(Value::Blob(_)) => None,
        Ok(Value::Null) | Err(_) => Some(Count(0)),
    }
}

/// The time in a column, in any notation.
pub(crate) fn instant(row: &Row<'_>, column: &str) -> Option<Timestamp> {
    match row.get::<_, Value>(column).ok()? {
        Value::Integer(value) => Timestamp::from_integer(value),
        Value::Real(value) => Timestamp::from_float(value),
        Value::Text(value) => Timestamp::parse(&value),
        Value::Null | Value::Blob(_) => None,
    }
}

/// The text in a column that may be absent; a number counts as text.
pub(crate) fn text(row: &Row<'_>, column: &str) -> Option<String> {
    match row.get::<_, Value>(column).ok()? {
        Value::Text(value) => Some(value).filter(|value| !value.is_empty()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Real(_) | Value::Null | Value::Blob(_) => None,
    }
}

pub(crate) fn float(row: &Row<'_>, column: &str) -> Option<f64> {
    row.get(column).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Home;

    fn names(database: &Database) -> Vec<String> {
        database.rows("SELECT name FROM items ORDER BY name", [], |row| row.get(0)).unwrap()
    }

    /// A database with a row in the file and a row in the write-ahead log, and the open connection that wrote them.
    fn database_with_log(path: &Path) -> Connection {
        let writer = Connection::open(path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE items (name TEXT);
                 INSERT INTO items VALUES ('file'); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO items VALUES ('log')",
            )
            .unwrap();
        writer
    }

    #[test]
    fn database_of_a_running_tool_is_read_with_its_log() {
        let home = Home::new();
        let path = home.path("tool.db");
        let _writer = database_with_log(&path);
        assert_eq!(names(&Database::open(&path, &home.path("")).unwrap()), ["file", "log"]);
        assert_eq!(names(&Database::open_copy(&path, &home.path(""), BUSY_TIMEOUT).unwrap()), ["file", "log"]);
        assert_eq!(fs::read_dir(home.path("")).unwrap().count(), 3, "copies are removed");
    }

    #[test]
    fn database_locked_is_a_problem() {
        let home = Home::new();
        let path = home.path("tool.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE items (name TEXT); BEGIN EXCLUSIVE").unwrap();
        let opened = Database::open_within(&path, &home.path(""), Duration::ZERO);
        assert_eq!(opened.err().as_deref(), Some("the database is locked"));
    }

    #[test]
    fn database_is_never_written() {
        let home = Home::new();
        let path = home.path("tool.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE items (name TEXT)").unwrap();
        let database = Database::open(&path, &home.path("")).unwrap();
        assert!(
            database.rows("INSERT INTO items VALUES ('x') RETURNING name", [], |row| row.get::<_, String>(0)).is_err()
        );
        assert!(database.columns("items").unwrap().contains("name"));
        assert!(database.columns("nothing").unwrap().is_empty());
    }

    #[test]
    fn file_of_another_kind_is_a_problem() {
        let home = Home::new();
        let path = home.write("tool.db", "x".repeat(4096));
        assert_eq!(Database::open(&path, &home.path("")).err().as_deref(), Some("not a database"));
    }
}
