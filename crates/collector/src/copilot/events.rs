//! The log of a session's events. At the end of a run it has the session's totals by model, which go on when the session is resumed and
//! begin anew after a compaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::{Count, Timestamp, json_problem, lenient};
use crate::files::{FileEntry, file_name};
use crate::lines::LineParser;
use crate::response::Response;

use super::counts::Counts;

/// What a run of a session used, from its start or its last compaction to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) session: String,
    /// The end of what was counted before, in milliseconds.
    pub(super) after_ms: i64,
    pub(super) until: Timestamp,
    directory: Option<String>,
    /// What came before a compaction is not counted.
    is_partial: bool,
    models: BTreeMap<String, Counts>,
}

impl Run {
    /// A run with one model, from what its telemetry says.
    pub(super) fn new(session: String, (after, until): (Timestamp, Timestamp), model: String, used: Counts) -> Self {
        let models = BTreeMap::from([(model, used)]);
        Self { session, after_ms: after.milliseconds(), until, directory: None, is_partial: false, models }
    }

    /// A record per model. Impossible counts were refused with their line.
    pub(super) fn responses(&self) -> Vec<Response> {
        let responses = self.models.iter().filter_map(|(model, counts)| {
            let mut response = counts.response(self.session.clone(), self.until, Some(model)).ok()?;
            response.directory.clone_from(&self.directory);
            response.is_incomplete = self.is_partial;
            Some(response)
        });
        responses.collect()
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct EventParser {
    session: String,
    directory: Option<String>,
    /// The totals at the last end of a run, which the next ones include.
    totals: BTreeMap<String, Counts>,
    counted_until_ms: i64,
    was_compacted: bool,
}

impl EventParser {
    /// The session is named by the directory or the file, until the log names it.
    pub(super) fn new(entry: &FileEntry) -> Self {
        let stem = || entry.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let session = if entry.name() == "events.jsonl" { entry.path.parent().map_or("", file_name) } else { stem() };
        Self {
            session: session.to_owned(),
            directory: None,
            totals: BTreeMap::new(),
            counted_until_ms: i64::MIN,
            was_compacted: false,
        }
    }
}

#[derive(Deserialize)]
struct RawEvent {
    r#type: String,
    timestamp: Option<Timestamp>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStart {
    session_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    context: Option<RawContext>,
}

#[derive(Deserialize)]
struct RawContext {
    cwd: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawShutdown {
    #[serde(default)]
    model_metrics: BTreeMap<String, RawMetrics>,
}

#[derive(Deserialize)]
struct RawMetrics {
    usage: Option<RawUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct RawUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    reasoning_tokens: Count,
}

impl LineParser for EventParser {
    type Item = Run;

    fn line(&mut self, line: &[u8], items: &mut Vec<Run>) -> Result<(), String> {
        // Messages hold whole files. They are not parsed.
        let names = [&b"\"session.start\""[..], b"\"session.shutdown\"", b"\"session.compaction_complete\""];
        if names.iter().all(|name| memchr::memmem::find(line, name).is_none()) {
            return Ok(());
        }
        let event: RawEvent = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        match event.r#type.as_str() {
            "session.start" => self.start(&event.data),
            "session.compaction_complete" => {
                if event.data.get("success").and_then(Value::as_bool) != Some(false) {
                    self.compaction(event.timestamp);
                }
                Ok(())
            }
            "session.shutdown" => self.shutdown(event, items),
            _ => Ok(()),
        }
    }
}

impl EventParser {
    fn start(&mut self, data: &Value) -> Result<(), String> {
        let start = RawStart::deserialize(data).map_err(|error| json_problem(&error))?;
        if let Some(session) = start.session_id.filter(|session| !session.is_empty()) {
            self.session = session;
        }
        self.directory = start.context.and_then(|context| context.cwd).or(self.directory.take());
        Ok(())
    }

    fn compaction(&mut self, timestamp: Option<Timestamp>) {
        self.totals.clear();
        self.was_compacted = true;
        if let Some(timestamp) = timestamp {
            self.counted_until_ms = timestamp.milliseconds();
        }
    }

    fn shutdown(&mut self, event: RawEvent, items: &mut Vec<Run>) -> Result<(), String> {
        let until = event.timestamp.ok_or("no timestamp")?;
        let shutdown = RawShutdown::deserialize(event.data).map_err(|error| json_problem(&error))?;
        let mut models = BTreeMap::new();
        for (model, metrics) in shutdown.model_metrics {
            let Some(usage) = metrics.usage else { continue };
            let total = Counts {
                input: usage.input_tokens.0,
                cache_read: usage.cache_read_tokens.0,
                cache_write: usage.cache_write_tokens.0,
                output: usage.output_tokens.0,
                reasoning: usage.reasoning_tokens.0,
            };
            total.tokens()?;
            let used = self.totals.get(&model).map_or(total, |before| total.since(before));
            used.tokens()?;
            self.totals.insert(model.clone(), total);
            if used != Counts::default() {
                models.insert(model, used);
            }
        }
        let after_ms = std::mem::replace(&mut self.counted_until_ms, until.milliseconds());
        let is_partial = std::mem::take(&mut self.was_compacted);
        if !models.is_empty() {
            let (session, directory) = (self.session.clone(), self.directory.clone());
            items.push(Run { session, after_ms, until, directory, is_partial, models });
        }
        Ok(())
    }
}

impl Counts {
    /// What was added since an earlier total. A count that fell means that counting began anew.
    fn since(self, before: &Self) -> Self {
        let difference = || {
            Some(Self {
                input: self.input.checked_sub(before.input)?,
                cache_read: self.cache_read.checked_sub(before.cache_read)?,
                cache_write: self.cache_write.checked_sub(before.cache_write)?,
                output: self.output.checked_sub(before.output)?,
                reasoning: self.reasoning.checked_sub(before.reasoning)?,
            })
        };
        difference().unwrap_or(self)
    }
}
