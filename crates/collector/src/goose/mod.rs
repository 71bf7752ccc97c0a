//! Goose: a row per request in its database, and a total per session in older versions.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::{Timestamp, model_name, nano_usd};
use crate::environment::Platform;
use crate::model_shares::ModelShares;
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::sqlite::{Cursor, Database, count, float, instant, text};
use crate::{Environment, Tokens};

pub(crate) struct Goose;

impl Reader for Goose {
    fn source(&self) -> &'static str {
        "goose"
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        if let Some(root) = environment.variable_path("GOOSE_PATH_ROOT") {
            return vec![root.join("data/sessions/sessions.db")];
        }
        let data = environment.xdg_data_dir().join("goose");
        let homes = match environment.platform {
            Platform::Linux => vec![data],
            Platform::MacOs => {
                vec![data, environment.config_dir().join("goose"), environment.config_dir().join("Block/goose")]
            }
            Platform::Windows => vec![environment.config_dir().join("Block/goose/data")],
        };
        homes.into_iter().map(|home| home.join("sessions/sessions.db")).collect()
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        for root in scan.roots.clone() {
            let database = if root.is_dir() { root.join("sessions.db") } else { root };
            scan.read_database(&database, read_rows, |scan, row| match row {
                Ok(response) => emit(scan, [response], &database),
                Err(reason) => scan.refuse(&database, reason),
            });
        }
    }
}

/// What a scan knows of the database.
#[derive(Default, Serialize, Deserialize)]
struct GooseCursor {
    ledger: Cursor,
    /// By session, of those that name their current model only.
    shares: BTreeMap<String, ModelShares>,
}

type ResponseRow = Result<Response, &'static str>;

fn read_rows(database: &Database, context: &Value, on_row: &mut dyn FnMut(ResponseRow)) -> Result<Value, String> {
    let sessions = database.columns("sessions")?;
    if sessions.is_empty() {
        return Err("no table of sessions".to_owned());
    }
    let has_ledger = database.columns("usage_ledger")?.contains("input_tokens");
    let mut known = GooseCursor::deserialize(context).unwrap_or_default();
    if has_ledger {
        let from = known.ledger.start(database, "usage_ledger", "id", 0)?;
        known.ledger = Cursor::end(database, "usage_ledger", "id")?;
        let directory = if sessions.contains("working_dir") { "s.working_dir" } else { "NULL" };
        let provider = if sessions.contains("provider_name") { "s.provider_name" } else { "NULL" };
        let sql = format!(
            "SELECT l.*, {directory} AS directory, {provider} AS provider
             FROM usage_ledger l LEFT JOIN sessions s ON s.id = l.session_id WHERE l.id > ?1 ORDER BY l.id"
        );
        database.each_row(&sql, [from], |row| {
            on_row(request(row));
            Ok(())
        })?;
    }
    if sessions.contains("accumulated_total_tokens") {
        // Sessions that ended before there was a ledger.
        let unless = if has_ledger { "WHERE s.id NOT IN (SELECT session_id FROM usage_ledger)" } else { "" };
        let sql = format!("SELECT s.* FROM sessions s {unless} ORDER BY s.id");
        let totals = database.rows(&sql, [], |row| Ok(session_total(row)))?;
        for mut total in totals.into_iter().filter_map(Result::transpose) {
            if let Ok(total) = &mut total {
                let session = total.session.clone().unwrap_or_default();
                match known.shares.entry(session).or_default().changed_share(&total.model, total.tokens) {
                    Some(share) => total.tokens = share,
                    None => continue,
                }
            }
            on_row(total);
        }
    }
    serde_json::to_value(known).map_err(|error| error.to_string())
}

fn request(row: &rusqlite::Row<'_>) -> ResponseRow {
    let column = |name| count(row, name).map(|count| count.0).ok_or("negative count");
    let (input, output, total) = (column("input_tokens")?, column("output_tokens")?, column("total_tokens")?);
    let (cache_read, cache_write) = (column("cache_read_tokens")?, column("cache_write_tokens")?);
    let cached = cache_read.saturating_add(cache_write);
    // Providers differ in whether input includes what was cached: the total tells.
    let input = if cached > 0 && total == input.saturating_add(output) {
        input.checked_sub(cached).ok_or("more cached tokens than input tokens")?
    } else {
        input
    };
    let session = text(row, "session_id").ok_or("no session")?;
    let id = format!("{session}:{}", text(row, "id").ok_or("no id")?);
    let timestamp = instant(row, "created_timestamp").ok_or("no time")?;
    let tokens = Tokens { input, cache_read, cache_write, output, ..Tokens::default() };
    let mut response = Response::new(id, timestamp, model_name(text(row, "model").as_deref()), tokens);
    response.session = Some(session);
    response.provider = text(row, "provider");
    response.directory = text(row, "directory");
    response.cost_nanousd = nano_usd(float(row, "cost"));
    Ok(response)
}

/// The total of a session, which grows. `None` for a session without usage.
fn session_total(row: &rusqlite::Row<'_>) -> Result<Option<Response>, &'static str> {
    #[derive(Default, Deserialize)]
    struct ModelConfig {
        model_name: Option<String>,
    }
    let column = |name| count(row, name).map(|count| count.0).ok_or("negative count");
    let tokens = Tokens {
        input: column("accumulated_input_tokens")?,
        output: column("accumulated_output_tokens")?,
        ..Tokens::default()
    };
    if tokens.is_zero() {
        return Ok(None);
    }
    let session = text(row, "id").ok_or("no session")?;
    let timestamp: Timestamp = instant(row, "created_at").ok_or("no time")?;
    let config = text(row, "model_config_json").and_then(|config| serde_json::from_str::<ModelConfig>(&config).ok());
    let model = model_name(config.unwrap_or_default().model_name.as_deref());
    let mut response = Response::new(format!("{session}:{model}"), timestamp, model, tokens);
    response.session = Some(session);
    response.provider = text(row, "provider_name");
    response.directory = text(row, "working_dir");
    response.is_cumulative = true;
    Ok(Some(response))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use crate::testing::{Home, tokens};

    const DATABASE: &str = ".local/share/goose/sessions/sessions.db";

    fn old(home: &Home) -> Connection {
        home.write(DATABASE, "");
        let connection = Connection::open(home.path(DATABASE)).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE sessions (id TEXT PRIMARY KEY, working_dir TEXT, created_at TIMESTAMP, provider_name TEXT,
                   model_config_json TEXT, accumulated_total_tokens INTEGER, accumulated_input_tokens INTEGER,
                   accumulated_output_tokens INTEGER);
                 INSERT INTO sessions VALUES ('s1', '/home/eve/shop', '2026-11-20 08:00:00', 'anthropic',
                   '{\"model_name\":\"claude-sonnet-5\"}', 1300, 1000, 300),
                   ('s0', '/home/eve/shop', '2026-11-20 08:00:00', NULL, NULL, NULL, NULL, NULL)",
            )
            .unwrap();
        connection
    }

    fn add_ledger(connection: &Connection) {
        connection
            .execute_batch(
                "CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY, session_id TEXT, created_timestamp INTEGER, model TEXT,
                   input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cache_read_tokens INTEGER,
                   cache_write_tokens INTEGER, cost REAL, cost_source TEXT, is_compaction INTEGER);
                 INSERT INTO sessions (id, provider_name, accumulated_total_tokens, accumulated_input_tokens, accumulated_output_tokens,
                   created_at) VALUES ('s2', 'openai', 99, 90, 9, '2026-11-21 08:00:00');
                 INSERT INTO usage_ledger VALUES
                   (1, 's2', 1795161605, 'gpt-6', 1000, 100, 1100, 800, 0, 0.5, 'estimate', 0),
                   (2, 's2', 1795161606, 'claude-sonnet-5', 1000, 100, 2000, 800, 100, NULL, NULL, 1),
                   (3, 's2', 1795161607, 'gpt-6', 500, 50, 550, NULL, NULL, NULL, NULL, 0)",
            )
            .unwrap();
    }

    #[test]
    fn session_of_the_old_form_is_a_growing_total() {
        let home = Home::new();
        let connection = old(&home);
        let first = home.scan("goose");
        let record = first.one();
        assert_eq!(
            (&*record.id, record.cumulative, record.tokens),
            ("s1:claude-sonnet-5", true, tokens([1_000, 0, 0, 0, 300, 0]))
        );
        assert_eq!((record.provider.as_deref(), record.project.as_deref()), (Some("anthropic"), Some("shop")));
        connection.execute_batch("UPDATE sessions SET accumulated_output_tokens = 400 WHERE id = 's1'").unwrap();
        let second = home.scan_again("goose", &first.state);
        assert!(second.one().supersedes(record));
    }

    #[test]
    fn model_switched_within_an_old_session_has_what_was_added() {
        let home = Home::new();
        let connection = old(&home);
        let first = home.scan("goose");
        connection
            .execute_batch(
                "UPDATE sessions SET accumulated_output_tokens = 350, model_config_json = '{\"model_name\":\"gpt-6\"}' WHERE id = 's1'",
            )
            .unwrap();
        let second = home.scan_again("goose", &first.state);
        assert_eq!((&*second.one().id, second.one().tokens), ("s1:gpt-6", tokens([0, 0, 0, 0, 50, 0])));
    }

    #[test]
    fn ledger_has_a_row_per_request_and_old_sessions_stay() {
        let home = Home::new();
        add_ledger(&old(&home));
        let scanned = home.scan("goose");
        assert_eq!(scanned.ids(), ["s1:claude-sonnet-5", "s2:1", "s2:2", "s2:3"]);
        let counts: Vec<_> = scanned.records.iter().map(|record| record.tokens).collect();
        assert_eq!(counts[1], tokens([200, 800, 0, 0, 100, 0]), "input includes what was cached");
        assert_eq!(counts[2], tokens([1_000, 800, 100, 0, 100, 0]), "input is disjoint");
        assert_eq!(counts[3], tokens([500, 0, 0, 0, 50, 0]));
        assert_eq!(scanned.records[1].reported_cost_nanousd, Some(500_000_000));
    }
}
