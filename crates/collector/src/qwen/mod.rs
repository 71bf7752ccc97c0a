//! Qwen Code: a file of JSON lines per session.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Environment;
use crate::content::{Count, Timestamp, json_problem, lenient, model_name};
use crate::files::has_extension;
use crate::gemini::counts::Counts;
use crate::gemini::telemetry::{Responses, Sender};
use crate::lines::LineParser;
use crate::otlp;
use crate::reader::Reader;
use crate::response::{Response, emit, last_of_each};
use crate::scan::SourceScan;

const SOURCE: &str = "qwen-code";

pub(crate) struct QwenCode;

impl Reader for QwenCode {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        2
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("QWEN_DATA_DIR").unwrap_or_else(|| environment.home.join(".qwen"));
        let projects = environment.variable_path("QWEN_PROJECTS_DIR").unwrap_or_else(|| home.join("projects"));
        vec![projects, home.join("tmp")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let is_chat =
            |path: &Path| has_extension(path, "jsonl") && path.components().any(|part| part.as_os_str() == "chats");
        let chats = scan.find(is_chat);
        scan.read_jsonl(
            chats,
            |_| ChatParser {},
            |scan, parsed| {
                // While a response is streamed, its line is written again with more.
                let (responses, copies) = last_of_each(parsed.items);
                scan.report.copies_merged += copies;
                emit(scan, responses, &parsed.entry.path);
            },
        );
        otlp::read::<Responses<Self>>(scan);
    }
}

impl Sender for QwenCode {
    const SOURCE: &'static str = SOURCE;
    const EVENT: &'static str = "qwen-code.api_response";

    fn are_thoughts_separate(counts: Counts, total: u64) -> bool {
        counts.are_thoughts_separate(total)
    }
}

#[derive(Serialize, Deserialize)]
struct ChatParser {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLine {
    uuid: Option<String>,
    session_id: Option<String>,
    timestamp: Option<Timestamp>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    cwd: Option<String>,
    model: Option<String>,
    usage_metadata: Option<RawUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct RawUsage {
    #[serde(default)]
    prompt_token_count: Count,
    #[serde(default)]
    candidates_token_count: Count,
    #[serde(default)]
    thoughts_token_count: Count,
    #[serde(default)]
    cached_content_token_count: Count,
    #[serde(default)]
    tool_use_prompt_token_count: Count,
    #[serde(default)]
    total_token_count: Count,
}

impl RawUsage {
    fn counts(&self) -> Counts {
        Counts {
            input: self.prompt_token_count.0,
            cached: self.cached_content_token_count.0,
            output: self.candidates_token_count.0,
            thoughts: self.thoughts_token_count.0,
            tool: self.tool_use_prompt_token_count.0,
        }
    }
}

impl LineParser for ChatParser {
    type Item = (String, Response);

    fn line(&mut self, line: &[u8], items: &mut Vec<Self::Item>) -> Result<(), String> {
        if memchr::memmem::find(line, b"\"usageMetadata\"").is_none() {
            return Ok(());
        }
        let raw: RawLine = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let Some(usage) = raw.usage_metadata.filter(|_| raw.kind.as_deref() == Some("assistant")) else {
            return Ok(());
        };
        let timestamp = raw.timestamp.ok_or("no timestamp")?;
        let session = raw.session_id.ok_or("no session")?;
        let counts = usage.counts();
        let tokens = counts.tokens(counts.are_thoughts_separate(usage.total_token_count.0))?;
        let id = counts.id(SOURCE, &session);
        let message = raw.uuid.map_or_else(|| id.clone(), |uuid| format!("{session}\n{uuid}"));
        let mut response = Response::new(id, timestamp, model_name(raw.model.as_deref()), tokens);
        response.session = Some(session);
        response.directory = raw.cwd;
        items.push((message, response));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::fp1;
    use crate::testing::{Home, tokens};

    const CHAT: &str = ".qwen/projects/-home-eve-shop/chats/a1.jsonl";
    const LINE: &str = include_str!("fixtures/line.jsonl");

    #[test]
    fn prompt_includes_what_was_cached() {
        let home = Home::new();
        home.write(CHAT, LINE);
        let scanned = home.scan(SOURCE);
        assert_eq!(scanned.one().tokens, tokens([2_000, 7_000, 0, 0, 300, 120]));
        assert_eq!(scanned.one().id, fp1(SOURCE, "a1", &[9_000, 7_000, 300, 120, 0]));
        assert_eq!((&*scanned.one().model, scanned.one().project.as_deref()), ("qwen3-coder-plus", Some("shop")));
    }

    #[test]
    fn thoughts_are_outside_of_output_where_the_total_says_so() {
        for (total, output) in [("9300", 300), ("9420", 420), ("null", 300)] {
            let home = Home::new();
            home.write(CHAT, LINE.replace("\"totalTokenCount\":9300", &format!("\"totalTokenCount\":{total}")));
            assert_eq!(home.scan(SOURCE).one().tokens.output, output, "{total}");
        }
    }

    #[test]
    fn line_repeated_in_a_later_scan_supersedes_the_first() {
        let home = Home::new();
        home.write(CHAT, LINE.replace("\"candidatesTokenCount\":300", "\"candidatesTokenCount\":7"));
        let first = home.scan(SOURCE);
        home.append(CHAT, LINE);
        let second = home.scan_again(SOURCE, &first.state);
        assert_eq!((second.ids(), second.one().tokens.output), (first.ids(), 300));
        assert!(second.one().supersedes(first.one()));
    }

    #[test]
    fn line_repeated_while_streamed_or_after_a_resume_counts_once() {
        let home = Home::new();
        home.write(
            CHAT,
            format!("{}{LINE}", LINE.replace("\"candidatesTokenCount\":300", "\"candidatesTokenCount\":7")),
        );
        home.write(".qwen/tmp/9c/chats/a1.jsonl", LINE);
        let scanned = home.scan(SOURCE);
        assert_eq!((scanned.one().tokens.output, scanned.report.copies_merged), (300, 2));
    }
}
