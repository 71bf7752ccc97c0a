//! Zed: threads of its agent in a database, with a growing total per prompt.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;
use serde_json::Value;

use crate::content::{Count, Timestamp, json_problem, model_name};
use crate::environment::Platform;
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::sqlite::{Database, instant, text};
use crate::{Environment, Tokens};

/// Larger threads are not unpacked.
const LARGEST_THREAD: u64 = 64 << 20;

pub(crate) struct Zed;

impl Reader for Zed {
    fn source(&self) -> &'static str {
        "zed"
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let data = match environment.platform {
            Platform::Linux => environment.xdg_data_dir().join("zed"),
            Platform::MacOs => environment.config_dir().join("Zed"),
            Platform::Windows => environment.local_app_data().join("Zed"),
        };
        vec![data.join("threads/threads.db")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        for root in scan.roots.clone() {
            let database = if root.is_dir() { root.join("threads.db") } else { root };
            scan.read_database(&database, read_threads, |scan, thread| match thread {
                Ok(responses) => emit(scan, responses, &database),
                Err(reason) => scan.refuse(&database, reason),
            });
        }
    }
}

type Thread = Result<Vec<Response>, String>;

/// Threads that were updated since the last scan: unpacking all of them is slow. The context is the time of the newest.
fn read_threads(database: &Database, context: &Value, on_thread: &mut dyn FnMut(Thread)) -> Result<Value, String> {
    if !database.columns("threads")?.contains("data") {
        return Err("no table of threads".to_owned());
    }
    let known = context.as_str().unwrap_or_default();
    let mut newest = known.to_owned();
    database.each_row("SELECT * FROM threads WHERE updated_at >= ?1 ORDER BY id", [known], |row| {
        if let Some(updated) = text(row, "updated_at").filter(|updated| *updated > newest) {
            newest = updated;
        }
        on_thread(thread(row));
        Ok(())
    })?;
    Ok(Value::String(newest))
}

#[derive(Deserialize)]
struct RawThread {
    model: Option<RawModel>,
    #[serde(default)]
    request_token_usage: BTreeMap<String, RawUsage>,
    #[serde(default)]
    imported: bool,
}

#[derive(Deserialize)]
struct RawModel {
    provider: Option<String>,
    model: Option<String>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct RawUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
}

/// The prompts of a thread. A prompt has no time of its own, so it has that of the thread's last change.
fn thread(row: &rusqlite::Row<'_>) -> Thread {
    let id = text(row, "id").ok_or("no id")?;
    let updated = instant(row, "updated_at").ok_or("no time")?;
    let content = content(row)?;
    let thread: RawThread = serde_json::from_slice(&content).map_err(|error| json_problem(&error))?;
    // The thread of another installation, which counts it.
    if thread.imported {
        return Ok(Vec::new());
    }
    let (provider, model) = thread.model.map_or((None, None), |model| (model.provider, model.model));
    let model = model_name(model.as_deref());
    let prompts = thread.request_token_usage.into_iter().map(|(prompt, usage)| {
        let mut response = response(format!("zed:{id}:{prompt}"), updated, &model, &usage);
        response.provider.clone_from(&provider);
        response.session = Some(id.clone());
        response
    });
    Ok(prompts.collect())
}

fn response(id: String, timestamp: Timestamp, model: &str, usage: &RawUsage) -> Response {
    let tokens = Tokens {
        input: usage.input_tokens.0,
        cache_read: usage.cache_read_input_tokens.0,
        cache_write: usage.cache_creation_input_tokens.0,
        output: usage.output_tokens.0,
        ..Tokens::default()
    };
    let mut response = Response::new(id, timestamp, model.to_owned(), tokens);
    response.is_cumulative = true;
    response
}

fn content(row: &rusqlite::Row<'_>) -> Result<Vec<u8>, String> {
    let data = row.get_ref("data").ok().and_then(|data| data.as_bytes().ok()).ok_or("no data")?;
    if text(row, "data_type").as_deref() != Some("zstd") {
        return Ok(data.to_vec());
    }
    let damaged = |_| "damaged data".to_owned();
    let decoder = StreamingDecoder::new(data).map_err(|_| "damaged data")?;
    let mut content = Vec::new();
    let length = decoder.take(LARGEST_THREAD + 1).read_to_end(&mut content).map_err(damaged)?;
    if length as u64 > LARGEST_THREAD {
        return Err("a thread larger than 64 MiB".to_owned());
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use crate::testing::{Home, tokens};

    const DATABASE: &str = ".local/share/zed/threads/threads.db";

    fn database(home: &Home) -> Connection {
        home.write(DATABASE, "");
        let connection = Connection::open(home.path(DATABASE)).unwrap();
        let table =
            "CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT, updated_at TEXT, data_type TEXT, data BLOB)";
        connection.execute_batch(table).unwrap();
        connection
    }

    fn thread(output: u64, imported: bool) -> String {
        format!(
            "{{\"model\":{{\"provider\":\"zed.dev\",\"model\":\"claude-sonnet-5\"}},\"imported\":{imported},\"request_token_usage\":
              {{\"p1\":{{\"input_tokens\":12,\"output_tokens\":{output},\"cache_creation_input_tokens\":500,\"cache_read_input_tokens\":9000}}}}}}"
        )
    }

    fn insert(connection: &Connection, id: &str, updated: &str, data_type: &str, data: &[u8]) {
        let sql = "INSERT OR REPLACE INTO threads VALUES (?1, 'synthetic title', ?2, ?3, ?4)";
        connection.execute(sql, rusqlite::params![id, updated, data_type, data]).unwrap();
    }

    #[test]
    fn prompts_of_packed_and_plain_threads_are_records() {
        let home = Home::new();
        let connection = database(&home);
        insert(&connection, "t1", "2026-11-20T08:00:05.000Z", "json", thread(300, false).as_bytes());
        insert(
            &connection,
            "t2",
            "2026-11-20T08:00:06.000Z",
            "zstd",
            &compress_to_vec(thread(400, false).as_bytes(), CompressionLevel::Fastest),
        );
        insert(&connection, "t3", "2026-11-20T08:00:07.000Z", "json", thread(500, true).as_bytes());
        insert(&connection, "t4", "2026-11-20T08:00:08.000Z", "zstd", b"damaged");
        let scanned = home.scan("zed");
        assert_eq!(scanned.ids(), ["zed:t1:p1", "zed:t2:p1"]);
        assert_eq!(scanned.records[0].tokens, tokens([12, 9_000, 500, 0, 300, 0]));
        assert_eq!((scanned.records[0].provider.as_deref(), scanned.report.problem_count), (Some("zed.dev"), 1));
    }

    #[test]
    fn prompt_that_grows_is_returned_again() {
        let home = Home::new();
        let connection = database(&home);
        insert(&connection, "t1", "2026-11-20T08:00:05.000Z", "json", thread(300, false).as_bytes());
        insert(&connection, "t2", "2026-11-20T08:00:01.000Z", "json", thread(300, false).as_bytes());
        let first = home.scan("zed");
        insert(&connection, "t1", "2026-11-20T08:00:09.000Z", "json", thread(310, false).as_bytes());
        let second = home.scan_again("zed", &first.state);
        assert_eq!((second.ids(), second.records[0].tokens.output), (vec!["zed:t1:p1"], 310));
    }
}
