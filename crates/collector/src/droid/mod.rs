//! Droid: the growing total of each session, beside its transcript.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::content::{Count, Timestamp, json_problem, lenient, model_name};
use crate::files::{FileEntry, file_name};
use crate::model_shares::emit_session_total;
use crate::reader::Reader;
use crate::response::Response;
use crate::scan::SourceScan;
use crate::{Environment, Tokens};

const ENDING: &str = ".settings.json";

pub(crate) struct Droid;

impl Reader for Droid {
    fn source(&self) -> &'static str {
        "droid"
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("FACTORY_DIR").unwrap_or_else(|| environment.home.join(".factory"));
        vec![home.join("sessions")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let is_session = |path: &Path| file_name(path).ends_with(ENDING);
        let sessions = scan.find(is_session);
        scan.read_documents(sessions, parse, |scan, entry, total| {
            if let Some(total) = total {
                emit_session_total(scan, &entry.path, total);
            }
        });
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSettings {
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    provider_lock: Option<String>,
    provider_lock_timestamp: Option<Timestamp>,
    token_usage: Option<RawUsage>,
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
    cache_creation_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    #[serde(default)]
    thinking_tokens: Count,
}

/// The total of a session; `None` without usage.
fn parse(entry: &FileEntry, content: &[u8]) -> Result<Option<Response>, String> {
    let settings: RawSettings = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    let Some(usage) = settings.token_usage else { return Ok(None) };
    let tokens = Tokens {
        input: usage.input_tokens.0,
        cache_read: usage.cache_read_tokens.0,
        cache_write: usage.cache_creation_tokens.0,
        cache_write_1h: 0,
        output: usage.output_tokens.0,
        // Whether output includes it is not known, so it is not added.
        reasoning: usage.thinking_tokens.0,
    };
    let session = entry.name().trim_end_matches(ENDING).to_owned();
    let model = clean_model(settings.model.as_deref());
    // The total stays on the day of the session's start while it grows.
    let created = Timestamp::from_integer(entry.created_ns);
    let timestamp = settings.provider_lock_timestamp.or(created).ok_or("no timestamp")?;
    let mut response = Response::new(format!("{session}:{model}"), timestamp, model, tokens);
    response.provider = settings.provider_lock;
    response.session = Some(session);
    response.is_cumulative = true;
    Ok(Some(response))
}

/// `custom:Claude-Opus-4.5-[Anthropic]-0` is `claude-opus-4.5`: the user's own models have a wrapper.
fn clean_model(recorded: Option<&str>) -> String {
    let recorded = recorded.unwrap_or_default();
    let Some(custom) = recorded.strip_prefix("custom:") else { return model_name(Some(recorded)) };
    let name = custom.split_once('[').map_or(custom, |(name, _)| name);
    model_name(Some(name.trim_end_matches('-')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Home, tokens};

    const SESSION: &str = ".factory/sessions/-home-eve-shop/0b1c.settings.json";

    fn settings(model: &str, output: u64) -> String {
        format!(
            "{{\"model\":\"{model}\",\"providerLock\":\"anthropic\",\"providerLockTimestamp\":\"2026-11-20T08:00:00.000Z\",
              \"tokenUsage\":{{\"inputTokens\":1200,\"outputTokens\":{output},\"cacheCreationTokens\":4000,\"cacheReadTokens\":90000,\"thinkingTokens\":100}}}}"
        )
    }

    #[test]
    fn total_of_a_session_grows() {
        let home = Home::new();
        home.write(SESSION, settings("custom:Claude-Opus-4.5-[Anthropic]-0", 900));
        let first = home.scan("droid");
        let record = first.one();
        assert_eq!((&*record.id, record.cumulative), ("0b1c:claude-opus-4.5", true));
        assert_eq!(record.tokens, tokens([1_200, 90_000, 4_000, 0, 900, 100]));
        home.write(SESSION, settings("custom:Claude-Opus-4.5-[Anthropic]-0", 1_000));
        let second = home.scan_again("droid", &first.state);
        assert!(second.one().supersedes(record));
    }

    #[test]
    fn model_switched_within_a_session_has_what_was_added() {
        let home = Home::new();
        home.write(SESSION, settings("claude-opus-5", 900));
        let first = home.scan("droid");
        home.write(SESSION, settings("gpt-6", 1_000));
        let second = home.scan_again("droid", &first.state);
        assert_eq!((&*second.one().id, second.one().tokens), ("0b1c:gpt-6", tokens([0, 0, 0, 0, 100, 0])));
        home.write(SESSION, settings("claude-opus-5", 1_007));
        let third = home.scan_again("droid", &second.state);
        assert_eq!((&*third.one().id, third.one().tokens.output), ("0b1c:claude-opus-5", 907));
    }

    #[test]
    fn session_without_usage_is_nothing() {
        let home = Home::new();
        home.write(SESSION, "{\"model\":\"gpt-6\"}");
        let scanned = home.scan("droid");
        assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 0));
    }

    #[test]
    fn model_loses_its_wrapper_only() {
        for (recorded, expected) in [
            ("custom:Claude-Opus-4.5-[Anthropic]-0", "claude-opus-4.5"),
            ("GPT-6", "gpt-6"),
            ("custom:glm-5", "glm-5"),
            ("", "unknown"),
        ] {
            assert_eq!(clean_model(Some(recorded)), expected);
        }
    }
}
