//! Telemetry that Copilot exports into a file: a span or log record per line, its attributes by name.
//!
//! A span per request is the best. A trace without such spans may have a log record per request, or a span with the sum of an agent's.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::content::{Count, Timestamp, json_problem, model_name};
use crate::fingerprint::hash_64;
use crate::lines::LineParser;
use crate::response::Response;

use super::counts::Counts;
use super::events::Run;

/// What a record of the telemetry counts, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Level {
    /// The sum of an agent's requests, with those of its sub-agents.
    Agent,
    /// A request as a log record.
    Log,
    /// A request as a span.
    Span,
}

/// A record with the hash of its trace.
pub(super) struct TelemetryItem {
    level: Level,
    trace: Option<u64>,
    counts: Counts,
    session: String,
    model: String,
    started: Timestamp,
    ended: Timestamp,
}

/// The best records of a file.
#[derive(Default)]
pub(super) struct ChosenRecords {
    pub(super) responses: Vec<Response>,
    pub(super) runs: Vec<Run>,
    /// The number of records that say the same as others.
    pub(super) copies: u64,
}

/// Remembers which records of a trace were returned: others of that trace say the same.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct TelemetryParser {
    levels: HashMap<u64, Level>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRecord {
    r#type: Option<String>,
    name: Option<String>,
    trace_id: Option<String>,
    span_context: Option<RawSpanContext>,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(alias = "_body")]
    body: Option<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpanContext {
    trace_id: Option<String>,
}

impl LineParser for TelemetryParser {
    type Item = TelemetryItem;

    fn line(&mut self, line: &[u8], items: &mut Vec<TelemetryItem>) -> Result<(), String> {
        if memchr::memmem::find(line, b"gen_ai.usage.").is_none() {
            return Ok(());
        }
        let record: RawRecord = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let Some(level) = record.level() else { return Ok(()) };
        let counts = record.counts()?;
        counts.tokens()?;
        let ended = record.instant(&["endTime", "hrTime", "_hrTime", "time", "timestamp", "timeUnixNano", "startTime"]);
        let ended = ended.ok_or("no time")?;
        let trace = record.trace();
        let session = record.text(&["gen_ai.conversation.id", "session.id"]).or(trace).ok_or("no session")?;
        items.push(TelemetryItem {
            level,
            trace: trace.map(|trace| hash_64(trace.as_bytes())),
            counts,
            session: session.to_owned(),
            model: model_name(record.text(&["gen_ai.response.model", "gen_ai.request.model"])),
            started: record.instant(&["startTime"]).unwrap_or(ended),
            ended,
        });
        Ok(())
    }
}

impl TelemetryParser {
    /// The best records of each trace. Those of agents include each other, so the largest is the sum of the trace.
    pub(super) fn choose(&mut self, items: Vec<TelemetryItem>) -> ChosenRecords {
        let mut best: HashMap<u64, (Level, u64)> = HashMap::new();
        for item in &items {
            if let Some(trace) = item.trace {
                let rank = item.rank();
                let known = best.entry(trace).or_insert(rank);
                *known = rank.max(*known);
            }
        }
        let mut chosen = ChosenRecords::default();
        for item in items {
            let best = item.trace.and_then(|trace| best.get(&trace)).map_or(item.rank(), |best| *best);
            let returned = item.trace.and_then(|trace| self.levels.get(&trace)).copied();
            let is_best = match item.level {
                Level::Agent => item.rank() == best && returned.is_none(),
                level => level == returned.unwrap_or(best.0),
            };
            if is_best {
                item.add_to(&mut chosen);
            } else {
                chosen.copies += 1;
            }
        }
        for (trace, (level, _)) in best {
            self.levels.entry(trace).or_insert(level);
        }
        chosen
    }
}

impl TelemetryItem {
    fn rank(&self) -> (Level, u64) {
        (self.level, self.counts.input.saturating_add(self.counts.output))
    }

    fn add_to(self, chosen: &mut ChosenRecords) {
        if self.level == Level::Agent {
            chosen.runs.push(Run::new(self.session, (self.started, self.ended), self.model, self.counts));
        } else {
            // Impossible counts were refused with their line.
            chosen.responses.extend(self.counts.response(self.session, self.ended, Some(&self.model)));
        }
    }
}

impl RawRecord {
    fn level(&self) -> Option<Level> {
        let operation = self.text(&["gen_ai.operation.name"]);
        let name = self.name.as_deref().unwrap_or_default();
        let is_log = self.text(&["event.name"]) == Some("gen_ai.client.inference.operation.details")
            || self.body.as_ref().and_then(Value::as_str).is_some_and(|body| body.starts_with("GenAI inference:"));
        if is_log {
            return Some(Level::Log);
        }
        // Records of the CLI have a type; those of other programs have the times of a span.
        let is_span = match &self.r#type {
            Some(kind) => kind == "span",
            None => self.rest.contains_key("endTime"),
        };
        match operation {
            _ if !is_span => None,
            Some("chat") => Some(Level::Span),
            Some("invoke_agent") => Some(Level::Agent),
            None if name.starts_with("chat ") => Some(Level::Span),
            None if name.starts_with("invoke_agent") => Some(Level::Agent),
            _ => None,
        }
    }

    fn trace(&self) -> Option<&str> {
        let within = || self.span_context.as_ref().and_then(|context| context.trace_id.as_deref());
        self.trace_id.as_deref().or_else(within).filter(|trace| !trace.is_empty())
    }

    fn text(&self, names: &[&str]) -> Option<&str> {
        let mut values = names.iter().filter_map(|name| self.attributes.get(*name)?.as_str());
        values.find(|value| !value.is_empty())
    }

    fn count(&self, names: &[&str]) -> Result<u64, String> {
        let Some(value) = names.iter().find_map(|name| self.attributes.get(*name)) else { return Ok(0) };
        Count::deserialize(value).map(|count| count.0).map_err(|error| error.to_string())
    }

    /// The counts as the store has them. Anthropic's own input has no cached tokens in it.
    fn counts(&self) -> Result<Counts, String> {
        let mut counts = Counts {
            input: self.count(&["gen_ai.usage.input_tokens"])?,
            cache_read: self.count(&[
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_tokens",
                "gen_ai.usage.cached_tokens",
            ])?,
            cache_write: self.count(&[
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_write.input_tokens",
                "gen_ai.usage.cache_write_tokens",
            ])?,
            output: self.count(&["gen_ai.usage.output_tokens"])?,
            reasoning: self.count(&["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"])?,
        };
        let cached = counts.cache_read.saturating_add(counts.cache_write);
        let provider = self.text(&["gen_ai.provider.name", "gen_ai.system"]);
        if cached > counts.input || provider == Some("anthropic") {
            counts.input = counts.input.saturating_add(cached);
        }
        Ok(counts)
    }

    fn instant(&self, names: &[&str]) -> Option<Timestamp> {
        names.iter().find_map(|name| instant(self.rest.get(*name)?))
    }
}

/// A time as a pair of seconds and nanoseconds, or in any other notation.
fn instant(value: &Value) -> Option<Timestamp> {
    match value.as_array().map(Vec::as_slice) {
        Some([seconds, nanoseconds]) => {
            let nanoseconds = nanoseconds.as_i64()? + seconds.as_i64()?.checked_mul(1_000_000_000)?;
            Timestamp::from_integer(nanoseconds)
        }
        Some(_) => None,
        None => Timestamp::deserialize(value).ok(),
    }
}
