//! The tables.

use rusqlite::{Connection, TransactionBehavior};
use std::time::Duration;

use crate::failure::{Failure, FailureKind};

/// The version of the tables. A database of version 0 is new. The next version must migrate from this one, because logs may be gone.
const VERSION: i64 = 2;

/// No version will be later than this one.
const LAST_VERSION: i64 = 1_000;

pub(super) const SET_META: &str =
    "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";

/// `delivery` is 0 for what the server has not seen, 1 for what it has, and 2 for what it rejected, for the reason in `rejection`.
const TABLES: &str = "
    DROP TABLE IF EXISTS records;
    DROP TABLE IF EXISTS meta;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE records (
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        at INTEGER NOT NULL, -- microseconds since 1970
        model TEXT NOT NULL,
        provider TEXT,
        input INTEGER NOT NULL,
        cache_read INTEGER NOT NULL,
        cache_write INTEGER NOT NULL,
        cache_write_1h INTEGER NOT NULL,
        output INTEGER NOT NULL,
        reasoning INTEGER NOT NULL,
        session TEXT,
        project TEXT,
        service_tier TEXT,
        reported_cost_nanousd INTEGER,
        incomplete INTEGER NOT NULL,
        parser_version INTEGER NOT NULL,
        delivery INTEGER NOT NULL DEFAULT 0,
        rejection TEXT,
        PRIMARY KEY (source, id)
    ) WITHOUT ROWID;
    CREATE INDEX records_at ON records (at);
    CREATE INDEX records_pending ON records (source, parser_version, at, id) WHERE delivery = 0;
";

/// From version 1 to 2: requests are in the order of the readers' versions.
const PENDING_BY_VERSION: &str = "
    DROP INDEX records_pending;
    CREATE INDEX records_pending ON records (source, parser_version, at, id) WHERE delivery = 0;
";

/// Brings the tables to this version.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Failure> {
    connection.busy_timeout(Duration::from_secs(10))?;
    let version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    match version(connection)? {
        VERSION => return check_tables(connection),
        version if !(0..=LAST_VERSION).contains(&version) => {
            return Err(super::damaged(&format_args!("its version is {version}")));
        }
        newer if newer > VERSION => {
            let message = "A newer version of burntop has written the state on this machine. Install that version.";
            return Err(Failure::new(FailureKind::Local, message));
        }
        _ => {}
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    match version(&transaction)? {
        VERSION => return Ok(()),
        1 => {
            check_tables(&transaction)?;
            transaction.execute_batch(PENDING_BY_VERSION)?;
        }
        _ => transaction.execute_batch(TABLES)?,
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// A damaged first page can have lost the tables, and still be a valid one.
fn check_tables(connection: &Connection) -> Result<(), Failure> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'records')";
    match connection.query_row(sql, [], |row| row.get::<_, i64>(0))? {
        2 => Ok(()),
        _ => Err(super::damaged(&"its tables are missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_of_newer_version_is_left_alone() {
        let mut connection = Connection::open_in_memory().expect("a database");
        connection.pragma_update(None, "user_version", VERSION + 1).expect("set");
        assert!(prepare(&mut connection).is_err());
    }

    #[test]
    fn database_of_version_1_keeps_its_records() {
        let mut connection = Connection::open_in_memory().expect("a database");
        connection
            .execute_batch(
                "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
                 CREATE TABLE records (source TEXT, id TEXT, at INTEGER, parser_version INTEGER, delivery INTEGER);
                 CREATE INDEX records_pending ON records (source, at, id) WHERE delivery = 0;
                 INSERT INTO records VALUES ('codex', 'fp1:1', 0, 1, 0);
                 PRAGMA user_version = 1;",
            )
            .expect("made");
        prepare(&mut connection).expect("prepared");
        prepare(&mut connection).expect("prepared twice");
        let plan: String = connection
            .query_row(
                "EXPLAIN QUERY PLAN SELECT id FROM records WHERE delivery = 0 AND source = 'codex' ORDER BY parser_version, at, id",
                [],
                |row| row.get("detail"),
            )
            .expect("a plan");
        assert!(plan.contains("records_pending"), "{plan}");
        let count: i64 = connection.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect("a count");
        assert_eq!(count, 1);
    }

    #[test]
    fn database_without_version_gets_tables() {
        let mut connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch("CREATE TABLE records (other TEXT); INSERT INTO records VALUES ('x')").expect("made");
        prepare(&mut connection).expect("prepared");
        let count: i64 = connection.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect("a count");
        assert_eq!(count, 0);
        prepare(&mut connection).expect("prepared twice");
    }
}
