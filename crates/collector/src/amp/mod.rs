//! Amp: a document per thread. Sub-agents are not in it.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Deserialize;

use crate::content::{Count, Timestamp, json_problem, model_name};
use crate::files::{file_name, has_extension};
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::{Environment, Tokens};

pub(crate) struct Amp;

impl Reader for Amp {
    fn source(&self) -> &'static str {
        "amp"
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let data = environment.variable_path("AMP_DATA_DIR").unwrap_or_else(|| environment.xdg_data_dir().join("amp"));
        vec![data.join("threads")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let threads = scan.find(|path| file_name(path).starts_with("T-") && has_extension(path, "json"));
        scan.read_documents(
            threads,
            |_, content| parse(content),
            |scan, entry, responses| emit(scan, responses, &entry.path),
        );
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawThread {
    id: String,
    created: Option<Timestamp>,
    #[serde(default)]
    messages: Vec<RawMessage>,
    usage_ledger: Option<RawLedger>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMessage {
    role: Option<String>,
    message_id: Option<u64>,
    usage: Option<RawUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUsage {
    model: Option<String>,
    timestamp: Option<Timestamp>,
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
}

#[derive(Deserialize)]
struct RawLedger {
    #[serde(default)]
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvent {
    id: String,
    timestamp: Option<Timestamp>,
    model: Option<String>,
    tokens: Option<RawTokens>,
    to_message_id: Option<u64>,
}

#[derive(Deserialize)]
struct RawTokens {
    #[serde(default)]
    input: Count,
    #[serde(default)]
    output: Count,
}

fn parse(content: &[u8]) -> Result<Vec<Response>, String> {
    let thread: RawThread = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    // Old threads have times nowhere else.
    let time = |timestamp: Option<Timestamp>| timestamp.or(thread.created).ok_or("no timestamp");
    let (mut responses, mut counted) = (Vec::new(), HashSet::new());
    for message in thread.messages {
        let (Some(usage), Some(id)) =
            (message.usage.filter(|_| message.role.as_deref() == Some("assistant")), message.message_id)
        else {
            continue;
        };
        counted.insert(id);
        let tokens = Tokens {
            input: usage.input_tokens.0,
            cache_read: usage.cache_read_input_tokens.0,
            cache_write: usage.cache_creation_input_tokens.0,
            output: usage.output_tokens.0,
            ..Tokens::default()
        };
        let id = format!("{}:{id}", thread.id);
        let mut response =
            Response::new(id.clone(), time(usage.timestamp)?, model_name(usage.model.as_deref()), tokens);
        response.message = Some(id);
        responses.push(response);
    }
    // The ledger has requests whose messages have no usage, without what was cached.
    for event in thread.usage_ledger.into_iter().flat_map(|ledger| ledger.events) {
        let Some(tokens) = event.tokens.filter(|_| event.to_message_id.is_none_or(|id| !counted.contains(&id))) else {
            continue;
        };
        let tokens = Tokens { input: tokens.input.0, output: tokens.output.0, ..Tokens::default() };
        let mut response = Response::new(event.id, time(event.timestamp)?, model_name(event.model.as_deref()), tokens);
        response.message = event.to_message_id.map(|id| format!("{}:{id}", thread.id));
        responses.push(response);
    }
    for response in &mut responses {
        response.session = Some(thread.id.clone());
    }
    Ok(responses)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Home, tokens};

    const THREAD: &str = ".local/share/amp/threads/T-0000.json";
    const CONTENT: &str = include_str!("fixtures/thread.json");

    #[test]
    fn message_with_usage_wins_over_its_event() {
        let home = Home::new();
        home.write(THREAD, CONTENT);
        let scanned = home.scan("amp");
        assert_eq!(scanned.ids(), ["T-0000:3", "ev2"]);
        assert_eq!(scanned.records[0].tokens, tokens([12, 9_000, 500, 0, 300, 0]));
        assert_eq!(scanned.records[1].tokens, tokens([70, 0, 0, 0, 8, 0]));
    }

    #[test]
    fn message_that_gets_its_usage_after_its_event_keeps_the_id() {
        let home = Home::new();
        home.write(THREAD, CONTENT);
        let first = home.scan("amp");
        let usage = ",\"usage\":{\"inputTokens\":70,\"outputTokens\":9,\"timestamp\":\"2026-11-20T08:00:07.000Z\"}}";
        home.write(THREAD, CONTENT.replace("\"messageId\":5}", &format!("\"messageId\":5{usage}")));
        let second = home.scan_again("amp", &first.state);
        assert_eq!((&*second.one().id, second.one().tokens.output), ("ev2", 9));
    }

    #[test]
    fn old_thread_has_its_own_time_and_no_model() {
        let home = Home::new();
        home.write(
            THREAD,
            CONTENT.replace(
                "\"model\":\"claude-sonnet-5\",\"timestamp\":\"2026-11-20T08:00:05.000Z\",\"inputTokens\"",
                "\"inputTokens\"",
            ),
        );
        let scanned = home.scan("amp");
        assert_eq!(&*scanned.records[0].model, "unknown");
        assert_eq!(scanned.records[0].timestamp.unix_timestamp(), 1_795_161_600);
    }

    #[test]
    fn thread_that_is_rewritten_returns_what_is_new() {
        let home = Home::new();
        home.write(THREAD, CONTENT);
        let first = home.scan("amp");
        home.write(
            THREAD,
            CONTENT.replace("\"id\":\"ev2\"", "\"id\":\"ev3\"").replace("\"toMessageId\":5", "\"toMessageId\":7"),
        );
        assert_eq!(home.scan_again("amp", &first.state).ids(), ["ev3"]);
    }
}
