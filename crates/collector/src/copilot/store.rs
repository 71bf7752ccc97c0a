//! The store of sessions: a database with a row per request.

use serde::Deserialize;
use serde_json::Value;

use crate::content::Timestamp;
use crate::response::Response;
use crate::sqlite::{Cursor, Database, count, instant, text};

use super::counts::Counts;

const TABLE: &str = "assistant_usage_events";

pub(super) struct UsageRow {
    session: Option<String>,
    model: Option<String>,
    created: Option<Timestamp>,
    /// Input, cache reads, cache writes, output, reasoning.
    counts: [Option<u64>; 5],
    directory: Option<String>,
}

/// New rows; all where an index that was built anew gave them other numbers. Versions before the table have none.
pub(super) fn read_rows(
    database: &Database,
    context: &Value,
    on_row: &mut dyn FnMut(UsageRow),
) -> Result<Value, String> {
    let columns = database.columns(TABLE)?;
    if columns.is_empty() {
        return Ok(Value::Null);
    }
    if !columns.contains("input_tokens") {
        return Err("a table of usage without counts".to_owned());
    }
    let (directory, join) = if database.columns("sessions")?.contains("cwd") {
        ("s.cwd", "LEFT JOIN sessions s ON s.id = e.session_id")
    } else {
        ("NULL", "")
    };
    let from = Cursor::deserialize(context).unwrap_or_default().start(database, TABLE, "id", 0)?;
    let sql = format!("SELECT e.*, {directory} AS directory FROM {TABLE} e {join} WHERE e.id > ?1 ORDER BY e.id");
    database.each_row(&sql, [from], |row| {
        let columns = ["input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"];
        on_row(UsageRow {
            session: text(row, "session_id"),
            model: text(row, "model"),
            created: instant(row, "created_at"),
            counts: columns.map(|column| count(row, column).map(|count| count.0)),
            directory: text(row, "directory"),
        });
        Ok(())
    })?;
    serde_json::to_value(Cursor::end(database, TABLE, "id")?).map_err(|error| error.to_string())
}

impl UsageRow {
    pub(super) fn response(self) -> Result<Response, &'static str> {
        let [Some(input), Some(cache_read), Some(cache_write), Some(output), Some(reasoning)] = self.counts else {
            return Err("negative count");
        };
        let timestamp = self.created.ok_or("no time")?;
        let session = self.session.ok_or("no session")?;
        let counts = Counts { input, cache_read, cache_write, output, reasoning };
        let mut response = counts.response(session, timestamp, self.model.as_deref())?;
        response.directory = self.directory;
        Ok(response)
    }
}
