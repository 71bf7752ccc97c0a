//! Kimi Code: the end of each step, and a record of the same usage.

use serde::{Deserialize, Serialize};

use crate::Tokens;
use crate::content::{Count, Timestamp, json_problem, model_name};
use crate::lines::LineParser;
use crate::response::Response;

/// The event and the record of a response stand close together.
const REMEMBERED: usize = 16;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct CodeParser {
    session: String,
    agent: String,
    model: Option<String>,
    /// Usage that was seen in one form and not yet in the other.
    ends: Vec<Usage>,
    records: Vec<Usage>,
}

impl CodeParser {
    pub(super) fn new(session: &str, agent: &str) -> Self {
        Self { session: session.to_owned(), agent: agent.to_owned(), ..Self::default() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLine {
    #[serde(rename = "type")]
    kind: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    usage_scope: Option<String>,
    time: Option<Timestamp>,
    /// Some versions wrap the end of a step.
    event: Option<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(rename = "type")]
    kind: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(default, deserialize_with = "count")]
    input_other: u64,
    #[serde(default, deserialize_with = "count")]
    output: u64,
    #[serde(default, deserialize_with = "count")]
    input_cache_read: u64,
    #[serde(default, deserialize_with = "count")]
    input_cache_creation: u64,
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Count::deserialize(deserializer).map(|count| count.0)
}

/// Removes an equal value; otherwise remembers this one on the other side.
fn is_counterpart(usage: Usage, others: &mut Vec<Usage>, own: &mut Vec<Usage>) -> bool {
    if let Some(place) = others.iter().position(|other| *other == usage) {
        others.remove(place);
        return true;
    }
    if own.len() == REMEMBERED {
        own.remove(0);
    }
    own.push(usage);
    false
}

impl LineParser for CodeParser {
    type Item = Response;

    fn line(&mut self, line: &[u8], items: &mut Vec<Response>) -> Result<(), String> {
        if memchr::memmem::find(line, b"\"usage\"").is_none() {
            return Ok(());
        }
        let raw: RawLine = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let is_record = raw.kind.as_deref() == Some("usage.record");
        let is_end = |kind: &Option<String>| kind.as_deref() == Some("step.end");
        let (usage, model) = match raw.event.filter(|event| is_end(&event.kind)) {
            Some(event) => (event.usage, event.model),
            None if is_record || is_end(&raw.kind) => (raw.usage, raw.model),
            None => return Ok(()),
        };
        let Some(usage) = usage else { return Ok(()) };
        // A record may also sum up a session.
        if is_record && raw.usage_scope.is_some_and(|scope| scope != "turn") {
            return Ok(());
        }
        let model = model.map(|model| model_name(Some(model.strip_prefix("kimi-code/").unwrap_or(&model))));
        let is_known = if is_record {
            is_counterpart(usage, &mut self.ends, &mut self.records)
        } else {
            is_counterpart(usage, &mut self.records, &mut self.ends)
        };
        if is_known {
            // Of the two, only the record names the model.
            if let (Some(model), Some(response)) =
                (&model, items.last_mut().filter(|last| last.tokens == tokens(&usage)))
            {
                response.model.clone_from(model);
            }
        } else {
            let timestamp = raw.time.ok_or("no time")?;
            items.push(self.response(&usage, timestamp, model.as_ref()));
        }
        self.model = model.or_else(|| self.model.take());
        Ok(())
    }
}

fn tokens(usage: &Usage) -> Tokens {
    Tokens {
        input: usage.input_other,
        cache_read: usage.input_cache_read,
        cache_write: usage.input_cache_creation,
        output: usage.output,
        ..Tokens::default()
    }
}

impl CodeParser {
    fn response(&self, usage: &Usage, timestamp: Timestamp, model: Option<&String>) -> Response {
        let (session, agent, time) = (&self.session, &self.agent, timestamp.milliseconds());
        let Usage { input_other, output, input_cache_read, input_cache_creation } = usage;
        let id = format!("{session}:{agent}:{time}:{input_other}:{output}:{input_cache_read}:{input_cache_creation}");
        let model = model.or(self.model.as_ref()).cloned().unwrap_or_else(|| model_name(None));
        let mut response = Response::new(id, timestamp, model, tokens(usage));
        response.session = Some(session.clone());
        response.agent = Some(agent.clone()).filter(|agent| agent != "main");
        response
    }
}
