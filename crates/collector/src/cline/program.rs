//! The messages of a session of Cline's own program.

use serde::Deserialize;

use crate::Tokens;
use crate::content::{Count, Timestamp, json_problem, lenient, model_name, nano_usd};
use crate::files::FileEntry;
use crate::response::{ParsedDocument, Response};

/// How names of files of messages end.
pub(super) const ENDING: &str = ".messages.json";

#[derive(Deserialize)]
struct RawSession {
    #[serde(default)]
    messages: Vec<RawMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMessage {
    id: Option<String>,
    role: Option<String>,
    ts: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    model_info: Option<RawModel>,
    metrics: Option<RawMetrics>,
}

#[derive(Deserialize)]
struct RawModel {
    id: Option<String>,
    provider: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetrics {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default, deserialize_with = "lenient")]
    cost: Option<f64>,
}

/// The session in `<session>.messages.json`.
pub(super) fn session(entry: &FileEntry) -> String {
    entry.name().trim_end_matches(ENDING).to_owned()
}

/// Responses of a session, and the reasons why others were refused.
pub(super) fn parse(session: &str, content: &[u8]) -> Result<ParsedDocument<Response>, String> {
    let raw: RawSession = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    let (mut responses, mut refused) = (Vec::new(), Vec::new());
    for message in raw.messages {
        let Some(metrics) = message.metrics.filter(|_| message.role.as_deref() == Some("assistant")) else { continue };
        let (Some(id), Some(timestamp)) = (message.id, message.ts) else {
            refused.push("no id or no timestamp".to_owned());
            continue;
        };
        let tokens = Tokens {
            input: metrics.input_tokens.0,
            cache_read: metrics.cache_read_tokens.0,
            cache_write: metrics.cache_write_tokens.0,
            output: metrics.output_tokens.0,
            ..Tokens::default()
        };
        let (model, provider) = message.model_info.map_or((None, None), |model| (model.id, model.provider));
        let mut response = Response::new(format!("{session}:{id}"), timestamp, model_name(model.as_deref()), tokens);
        response.provider = provider;
        response.session = Some(session.to_owned());
        response.cost_nanousd = nano_usd(metrics.cost);
        responses.push(response);
    }
    Ok((responses, refused))
}
