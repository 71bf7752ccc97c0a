//! GitHub Copilot CLI: a row per request in its store of sessions.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::content::{Timestamp, model_name};
use crate::fingerprint::fp1;
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::sqlite::{Cursor, Database, count, instant, text};
use crate::{Environment, Tokens};

const SOURCE: &str = "copilot-cli";
const TABLE: &str = "assistant_usage_events";

pub(crate) struct CopilotCli;

impl Reader for CopilotCli {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("COPILOT_HOME").unwrap_or_else(|| environment.home.join(".copilot"));
        vec![home.join("session-store.db")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        for root in scan.roots.clone() {
            let store = if root.is_dir() { root.join("session-store.db") } else { root };
            for row in scan.read_database(&store, read_rows).unwrap_or_default() {
                match row.response() {
                    Ok(response) => emit(scan, [response], &store),
                    Err(reason) => scan.refuse(&store, reason),
                }
            }
        }
    }
}

struct UsageRow {
    session: Option<String>,
    model: Option<String>,
    created: Option<Timestamp>,
    /// Input, cache reads, cache writes, output, reasoning.
    counts: [Option<u64>; 5],
    directory: Option<String>,
}

/// New rows; all where an index that was built anew gave them other numbers.
fn read_rows(database: &Database, context: &Value) -> Result<(Vec<UsageRow>, Value), String> {
    if !database.columns(TABLE)?.contains("input_tokens") {
        return Err("no table of usage".to_owned());
    }
    let (directory, join) = if database.columns("sessions")?.contains("cwd") {
        ("s.cwd", "LEFT JOIN sessions s ON s.id = e.session_id")
    } else {
        ("NULL", "")
    };
    let from = Cursor::deserialize(context).unwrap_or_default().start(database, TABLE, "id", 0)?;
    let sql = format!("SELECT e.*, {directory} AS directory FROM {TABLE} e {join} WHERE e.id > ?1 ORDER BY e.id");
    let rows = database.rows(&sql, [from], |row| {
        let columns = ["input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"];
        Ok(UsageRow {
            session: text(row, "session_id"),
            model: text(row, "model"),
            created: instant(row, "created_at"),
            counts: columns.map(|column| count(row, column).map(|count| count.0)),
            directory: text(row, "directory"),
        })
    })?;
    let cursor = serde_json::to_value(Cursor::end(database, TABLE, "id")?).map_err(|error| error.to_string())?;
    Ok((rows, cursor))
}

impl UsageRow {
    fn response(self) -> Result<Response, &'static str> {
        let [Some(input), Some(cache_read), Some(cache_write), Some(output), Some(reasoning)] = self.counts else {
            return Err("negative count");
        };
        let timestamp = self.created.ok_or("no time")?;
        let session = self.session.ok_or("no session")?;
        // Input includes both caches, and output includes reasoning.
        let uncached = input.checked_sub(cache_read).and_then(|rest| rest.checked_sub(cache_write));
        let tokens = Tokens {
            input: uncached.ok_or("more cached tokens than input tokens")?,
            cache_read,
            cache_write,
            cache_write_1h: 0,
            output,
            reasoning,
        };
        let id = fp1(SOURCE, &session, &[input, cache_read, output, reasoning]);
        let mut response = Response::new(id, timestamp, model_name(self.model.as_deref()), tokens);
        response.session = Some(session);
        response.directory = self.directory;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::testing::{Home, tokens};

    const STORE: &str = ".copilot/session-store.db";

    fn store(home: &Home) -> Connection {
        home.write(STORE, "");
        let connection = Connection::open(home.path(STORE)).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE sessions (id TEXT PRIMARY KEY, cwd TEXT, repository TEXT, created_at TEXT);
                 CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY, session_id TEXT, model TEXT, input_tokens INTEGER,
                   output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, reasoning_tokens INTEGER,
                   created_at TEXT, initiator TEXT);
                 INSERT INTO sessions VALUES ('7b', '/home/eve/shop', 'acme/shop', '2026-11-20T08:00:00.000Z')",
            )
            .unwrap();
        connection
    }

    fn insert(connection: &Connection, id: i64, output: i64, initiator: &str) {
        let sql = "INSERT INTO assistant_usage_events
            VALUES (?1, '7b', 'claude-sonnet-5', 30120, ?2, 27000, 1500, 90, '2026-11-20T08:00:05.000Z', ?3)";
        connection.execute(sql, rusqlite::params![id, output, initiator]).unwrap();
    }

    #[test]
    fn row_of_the_store_is_a_record() {
        let home = Home::new();
        insert(&store(&home), 412, 410, "user");
        let scanned = home.scan(SOURCE);
        assert_eq!(scanned.one().tokens, tokens([1_620, 27_000, 1_500, 0, 410, 90]));
        assert_eq!(scanned.one().id, fp1(SOURCE, "7b", &[30_120, 27_000, 410, 90]));
        assert_eq!(scanned.one().project.as_deref(), Some("shop"));
    }

    #[test]
    fn compaction_is_a_request_and_renumbered_rows_add_nothing() {
        let home = Home::new();
        let connection = store(&home);
        insert(&connection, 1, 410, "user");
        insert(&connection, 2, 55, "compaction");
        let first = home.scan(SOURCE);
        assert_eq!(first.records.len(), 2);
        connection.execute_batch("UPDATE assistant_usage_events SET id = id + 100").unwrap();
        insert(&connection, 200, 77, "user");
        assert_eq!(home.scan_again(SOURCE, &first.state).outputs(), [("claude-sonnet-5", 77)]);
    }

    #[test]
    fn rows_of_last_year_are_not_returned_after_each_change() {
        let home = Home::new();
        let connection = store(&home);
        insert(&connection, 1, 410, "user");
        connection.execute_batch("UPDATE assistant_usage_events SET created_at = '2025-11-20T08:00:05.000Z'").unwrap();
        let mut state = home.scan(SOURCE).state;
        for id in 2..5 {
            insert(&connection, id, 1_000 + id, "user");
            let scanned = home.scan_again(SOURCE, &state);
            assert_eq!(scanned.records.len(), 1);
            state = scanned.state;
        }
    }

    #[test]
    fn columns_of_newer_versions_may_be_missing() {
        let home = Home::new();
        insert(&store(&home), 1, 410, "user");
        Connection::open(home.path(STORE))
            .unwrap()
            .execute_batch("ALTER TABLE assistant_usage_events DROP COLUMN reasoning_tokens; DROP TABLE sessions")
            .unwrap();
        assert_eq!(home.scan(SOURCE).one().tokens, tokens([1_620, 27_000, 1_500, 0, 410, 0]));
    }

    #[test]
    fn more_cached_than_input_is_a_problem() {
        let home = Home::new();
        let connection = store(&home);
        insert(&connection, 1, 410, "user");
        connection.execute_batch("UPDATE assistant_usage_events SET cache_read_tokens = 30000").unwrap();
        let scanned = home.scan(SOURCE);
        assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 1));
    }
}
