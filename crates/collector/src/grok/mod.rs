//! Grok Build: a log of updates per session, with the usage of each prompt by model.
//!
//! Older versions log the size of the context only, which is not what was billed. Their sessions have no records.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::content::{Count, Timestamp, json_problem, lenient, model_name};
use crate::files::{FileEntry, file_name};
use crate::lines::LineParser;
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::{Environment, Tokens};

const SOURCE: &str = "grok";

pub(crate) struct Grok;

impl Reader for Grok {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("GROK_HOME").unwrap_or_else(|| environment.home.join(".grok"));
        vec![home.join("sessions")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let logs = scan.find(|path| file_name(path) == "updates.jsonl");
        scan.read_jsonl(logs, UpdateParser::new, |scan, parsed| emit(scan, parsed.items, &parsed.entry.path));
    }
}

#[derive(Serialize, Deserialize)]
struct UpdateParser {
    session: String,
    directory: Option<String>,
}

impl UpdateParser {
    /// `<working directory, encoded as in an address>/<session>/updates.jsonl`.
    fn new(entry: &FileEntry) -> Self {
        let directory = decoded(entry.ancestor_name(2)).filter(|directory| !directory.is_empty());
        Self { session: entry.ancestor_name(1).to_owned(), directory }
    }
}

/// A name with `%2F` for `/`.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut parts = name.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[derive(Deserialize)]
struct RawLine {
    timestamp: Option<Timestamp>,
    params: Option<RawParameters>,
}

#[derive(Deserialize)]
struct RawParameters {
    #[serde(default, deserialize_with = "lenient")]
    update: Option<RawUpdate>,
}

#[derive(Deserialize)]
struct RawUpdate {
    #[serde(rename = "sessionUpdate")]
    kind: String,
    prompt_id: Option<String>,
    usage: Option<RawUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUsage {
    #[serde(flatten)]
    counts: RawCounts,
    #[serde(default)]
    model_usage: BTreeMap<String, RawCounts>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCounts {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cached_read_tokens: Count,
    #[serde(default)]
    cache_creation_tokens: Count,
    #[serde(default)]
    reasoning_tokens: Count,
    /// In 10^-10 USD.
    #[serde(default)]
    cost_usd_ticks: Count,
}

impl LineParser for UpdateParser {
    type Item = Response;

    fn line(&mut self, line: &[u8], items: &mut Vec<Response>) -> Result<(), String> {
        if memchr::memmem::find(line, b"\"turn_completed\"").is_none() {
            return Ok(());
        }
        let raw: RawLine = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let update = raw.params.and_then(|parameters| parameters.update);
        let Some(update) = update.filter(|update| update.kind == "turn_completed") else { return Ok(()) };
        let Some(usage) = update.usage else { return Ok(()) };
        let timestamp = raw.timestamp.ok_or("no timestamp")?;
        let prompt = update.prompt_id.filter(|prompt| !prompt.is_empty()).ok_or("no prompt id")?;
        let models = if usage.model_usage.is_empty() {
            BTreeMap::from([(String::new(), usage.counts)])
        } else {
            usage.model_usage
        };
        let mut responses = Vec::with_capacity(models.len());
        for (model, counts) in models {
            let model = model_name(Some(&model));
            let id = format!("{}:{prompt}:{model}", self.session);
            let mut response = Response::new(id, timestamp, model, counts.tokens()?);
            response.session = Some(self.session.clone());
            response.directory.clone_from(&self.directory);
            response.cost_nanousd = Some(counts.cost_usd_ticks.0 / 10).filter(|cost| *cost > 0);
            responses.push(response);
        }
        items.append(&mut responses);
        Ok(())
    }
}

impl RawCounts {
    /// Input includes both caches, and output includes reasoning.
    fn tokens(self) -> Result<Tokens, String> {
        let cached = self.cached_read_tokens.0.saturating_add(self.cache_creation_tokens.0);
        Ok(Tokens {
            input: self.input_tokens.0.checked_sub(cached).ok_or("more cached tokens than input tokens")?,
            cache_read: self.cached_read_tokens.0,
            cache_write: self.cache_creation_tokens.0,
            cache_write_1h: 0,
            output: self.output_tokens.0,
            reasoning: self.reasoning_tokens.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Home, tokens};

    const LOG: &str = ".grok/sessions/%2Fhome%2Feve%2Fshop/0f1e/updates.jsonl";
    const LINES: &str = include_str!("fixtures/updates.jsonl");

    #[test]
    fn prompt_has_a_record_per_model() {
        let home = Home::new();
        home.write(LOG, LINES);
        let scanned = home.scan(SOURCE);
        assert_eq!(scanned.ids(), ["0f1e:p1:grok-4-fast", "0f1e:p1:grok-build-1", "0f1e:p2:unknown"]);
        assert_eq!(scanned.records[1].tokens, tokens([1_000, 8_000, 500, 0, 300, 120]));
        assert_eq!(scanned.records[1].reported_cost_nanousd, Some(12_300_000));
        assert_eq!(scanned.records[0].project.as_deref(), Some("shop"));
        assert_eq!(scanned.records[2].tokens, tokens([40, 0, 0, 0, 4, 0]), "a version without models");
        assert_eq!(scanned.report.problem_count, 0);
    }

    #[test]
    fn prompt_that_is_logged_again_counts_once() {
        let home = Home::new();
        home.write(LOG, LINES);
        let first = home.scan(SOURCE);
        home.append(LOG, LINES);
        assert_eq!(home.scan_again(SOURCE, &first.state).records, []);
    }

    #[test]
    fn more_cached_than_input_is_a_problem() {
        let home = Home::new();
        home.write(LOG, LINES.replace("\"inputTokens\":9500", "\"inputTokens\":8499"));
        let scanned = home.scan(SOURCE);
        assert_eq!((scanned.records.len(), scanned.report.problem_count), (1, 1));
    }
}
