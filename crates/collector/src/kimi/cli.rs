//! Kimi CLI: the status after each response.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::content::{Count, Timestamp, json_problem, model_name};
use crate::files::FileEntry;
use crate::lines::LineParser;
use crate::response::Response;
use crate::{Environment, Tokens};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CliParser {
    session: String,
    agent: Option<String>,
    /// The configured model: events do not name theirs.
    model: String,
}

impl CliParser {
    /// `<session>/wire.jsonl` or `<session>/subagents/<agent>/wire.jsonl`.
    pub(super) fn new(entry: &FileEntry, model: &str) -> Self {
        let is_agent = entry.ancestor_name(2) == "subagents";
        Self {
            session: entry.ancestor_name(if is_agent { 3 } else { 1 }).to_owned(),
            agent: is_agent.then(|| entry.ancestor_name(1).to_owned()),
            model: model.to_owned(),
        }
    }
}

/// The model that new sessions use: of the environment, else of the configuration.
pub(super) fn configured_model(environment: &Environment, home: &Path) -> String {
    #[derive(Deserialize)]
    struct Config {
        default_model: Option<String>,
        model: Option<String>,
    }
    let of_toml = || {
        let config = fs::read_to_string(home.join("config.toml")).ok()?;
        let values = config.lines().take_while(|line| !line.trim_start().starts_with('['));
        let (_, value) =
            values.filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "default_model")?;
        Some(value.split('#').next()?.trim().trim_matches(['"', '\'']).to_owned())
    };
    let of_json = || {
        let config: Config = serde_json::from_slice(&fs::read(home.join("config.json")).ok()?).ok()?;
        config.default_model.or(config.model)
    };
    let model = environment.variable("KIMI_MODEL_NAME").map(str::to_owned).or_else(of_toml).or_else(of_json);
    model_name(model.as_deref())
}

#[derive(Deserialize)]
struct RawLine {
    timestamp: Option<Timestamp>,
    message: Option<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(rename = "type")]
    kind: Option<String>,
    payload: Option<RawStatus>,
}

#[derive(Deserialize)]
struct RawStatus {
    token_usage: Option<RawUsage>,
    message_id: Option<String>,
}

#[derive(Deserialize)]
struct RawUsage {
    #[serde(default)]
    input_other: Count,
    #[serde(default)]
    output: Count,
    #[serde(default)]
    input_cache_read: Count,
    #[serde(default)]
    input_cache_creation: Count,
}

impl LineParser for CliParser {
    type Item = Response;

    fn line(&mut self, line: &[u8], items: &mut Vec<Response>) -> Result<(), String> {
        if memchr::memmem::find(line, b"\"StatusUpdate\"").is_none() {
            return Ok(());
        }
        let raw: RawLine = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let Some(event) = raw.message.filter(|event| event.kind.as_deref() == Some("StatusUpdate")) else {
            return Ok(());
        };
        let Some(RawStatus { token_usage: Some(usage), message_id }) = event.payload else { return Ok(()) };
        let timestamp = raw.timestamp.ok_or("no timestamp")?;
        let tokens = Tokens {
            input: usage.input_other.0,
            cache_read: usage.input_cache_read.0,
            cache_write: usage.input_cache_creation.0,
            output: usage.output.0,
            ..Tokens::default()
        };
        let message = message_id.filter(|id| !id.is_empty()).ok_or("no message id")?;
        let id = format!("{}:{message}", self.session);
        let mut response = Response::new(id, timestamp, self.model.clone(), tokens);
        response.session = Some(self.session.clone());
        response.agent.clone_from(&self.agent);
        items.push(response);
        Ok(())
    }
}
