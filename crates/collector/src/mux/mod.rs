//! Mux: a file of JSON lines per workspace and per task of a sub-agent.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::content::{Count, Timestamp, json_problem, lenient, model_name};
use crate::files::{FileEntry, file_name};
use crate::lines::LineParser;
use crate::reader::Reader;
use crate::response::{Response, emit, last_of_each};
use crate::scan::SourceScan;
use crate::{Environment, Tokens};

const SOURCE: &str = "mux";

pub(crate) struct Mux;

impl Reader for Mux {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("MUX_ROOT").unwrap_or_else(|| environment.home.join(".mux"));
        vec![home.join("sessions")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let chats = scan.find(|path| file_name(path) == "chat.jsonl");
        scan.read_jsonl(chats, ChatParser::new, |scan, parsed| {
            // A message is written again when it changes.
            let (responses, copies) = last_of_each(parsed.items);
            scan.report.copies_merged += copies;
            emit(scan, responses, &parsed.entry.path);
        });
    }
}

#[derive(Serialize, Deserialize)]
struct ChatParser {
    workspace: String,
    agent: Option<String>,
}

impl ChatParser {
    /// `<workspace>/chat.jsonl` or `<workspace>/subagent-transcripts/<task>/chat.jsonl`.
    fn new(entry: &FileEntry) -> Self {
        let is_task = entry.ancestor_name(2) == "subagent-transcripts";
        let workspace = entry.ancestor_name(if is_task { 3 } else { 1 }).to_owned();
        Self { workspace, agent: is_task.then(|| entry.ancestor_name(1).to_owned()) }
    }
}

#[derive(Deserialize)]
struct RawLine {
    id: Option<String>,
    role: Option<String>,
    metadata: Option<RawMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata {
    timestamp: Option<Timestamp>,
    model: Option<String>,
    usage: Option<RawUsage>,
    #[serde(default, deserialize_with = "lenient")]
    provider_metadata: Option<RawProviders>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct RawUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    reasoning_tokens: Count,
    #[serde(default)]
    cached_input_tokens: Count,
}

#[derive(Deserialize)]
struct RawProviders {
    anthropic: Option<RawAnthropic>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAnthropic {
    #[serde(default)]
    cache_creation_input_tokens: Count,
}

impl LineParser for ChatParser {
    type Item = (String, Response);

    fn line(&mut self, line: &[u8], items: &mut Vec<Self::Item>) -> Result<(), String> {
        if memchr::memmem::find(line, b"\"usage\"").is_none() {
            return Ok(());
        }
        let raw: RawLine = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let Some(metadata) = raw.metadata.filter(|_| raw.role.as_deref() == Some("assistant")) else { return Ok(()) };
        let Some(usage) = metadata.usage else { return Ok(()) };
        let timestamp = metadata.timestamp.ok_or("no timestamp")?;
        let id = format!("{}:{}", self.workspace, raw.id.ok_or("no id")?);
        let written = metadata.provider_metadata.and_then(|providers| providers.anthropic);
        let tokens = usage.tokens(written.map_or(0, |anthropic| anthropic.cache_creation_input_tokens.0))?;
        // The model is written as provider:model.
        let model = metadata.model.unwrap_or_default();
        let (provider, model) =
            model.split_once(':').map_or((None, &*model), |(provider, model)| (Some(provider), model));
        let mut response = Response::new(id.clone(), timestamp, model_name(Some(model)), tokens);
        response.provider = provider.map(str::to_owned);
        response.session = Some(self.workspace.clone());
        response.agent.clone_from(&self.agent);
        items.push((id, response));
        Ok(())
    }
}

impl RawUsage {
    /// Input includes both caches. Output includes reasoning, unless it is smaller.
    fn tokens(&self, cache_write: u64) -> Result<Tokens, String> {
        let cached = self.cached_input_tokens.0.saturating_add(cache_write);
        let (output, reasoning) = (self.output_tokens.0, self.reasoning_tokens.0);
        Ok(Tokens {
            input: self.input_tokens.0.checked_sub(cached).ok_or("more cached tokens than input tokens")?,
            cache_read: self.cached_input_tokens.0,
            cache_write,
            cache_write_1h: 0,
            output: if output < reasoning { output.saturating_add(reasoning) } else { output },
            reasoning,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Home, tokens};

    const CHAT: &str = ".mux/sessions/ws1/chat.jsonl";
    const LINE: &str = include_str!("fixtures/line.jsonl");

    #[test]
    fn input_includes_both_caches() {
        let home = Home::new();
        home.write(CHAT, format!("{{\"id\":\"a0\",\"role\":\"user\",\"metadata\":{{\"usage\":null}}}}\n{LINE}{LINE}"));
        let scanned = home.scan(SOURCE);
        let record = scanned.one();
        assert_eq!(record.tokens, tokens([12, 9_000, 500, 0, 300, 100]));
        assert_eq!(
            (&*record.id, &*record.model, record.provider.as_deref()),
            ("ws1:a1", "claude-sonnet-5", Some("anthropic"))
        );
        assert_eq!(scanned.report.copies_merged, 1);
    }

    #[test]
    fn reasoning_larger_than_output_is_not_included() {
        let home = Home::new();
        home.write(CHAT, LINE.replace("\"reasoningTokens\":100", "\"reasoningTokens\":1000"));
        assert_eq!(home.scan(SOURCE).one().tokens, tokens([12, 9_000, 500, 0, 1_300, 1_000]));
    }

    #[test]
    fn sub_agent_has_the_workspace_of_its_parent() {
        let home = Home::new();
        home.write(".mux/sessions/ws1/subagent-transcripts/task7/chat.jsonl", LINE);
        let scanned = home.scan(SOURCE);
        assert_eq!((&*scanned.one().id, scanned.one().agent.as_deref()), ("ws1:a1", Some("task7")));
    }

    #[test]
    fn more_cached_than_input_is_a_problem() {
        let home = Home::new();
        home.write(CHAT, LINE.replace("9512", "9000"));
        let scanned = home.scan(SOURCE);
        assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 1));
    }
}
