//! Mistral Vibe: a directory per session, with the session's total.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::content::{Count, Timestamp, json_problem, lenient, model_name};
use crate::files::{FileEntry, file_name};
use crate::model_shares::emit_session_total;
use crate::reader::Reader;
use crate::response::Response;
use crate::scan::SourceScan;
use crate::{Environment, Tokens};

const SOURCE: &str = "vibe";

pub(crate) struct Vibe;

impl Reader for Vibe {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("VIBE_HOME").unwrap_or_else(|| environment.home.join(".vibe"));
        vec![home.join("logs/session")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let sessions = scan.find(is_session);
        scan.read_documents(sessions, parse, |scan, entry, total| {
            if let Some(total) = total {
                emit_session_total(scan, &entry.path, total);
            }
        });
    }
}

/// `session_<…>/meta.json`.
fn is_session(path: &Path) -> bool {
    file_name(path) == "meta.json" && path.parent().is_some_and(|parent| file_name(parent).starts_with("session_"))
}

#[derive(Deserialize)]
struct RawSession {
    session_id: Option<String>,
    start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    environment: Option<RawEnvironment>,
    stats: Option<RawStats>,
    #[serde(default, deserialize_with = "lenient")]
    config: Option<RawConfig>,
}

#[derive(Deserialize)]
struct RawEnvironment {
    working_directory: Option<String>,
}

#[derive(Deserialize)]
struct RawConfig {
    active_model: Option<String>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct RawStats {
    #[serde(default)]
    session_prompt_tokens: Count,
    #[serde(default)]
    session_completion_tokens: Count,
    #[serde(default)]
    session_cached_tokens: Count,
}

/// The total of a session; `None` without usage.
fn parse(entry: &FileEntry, content: &[u8]) -> Result<Option<Response>, String> {
    let session: RawSession = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    let Some(stats) = session.stats else { return Ok(None) };
    // The prompt includes what was cached.
    let uncached = stats.session_prompt_tokens.0.checked_sub(stats.session_cached_tokens.0);
    let tokens = Tokens {
        input: uncached.ok_or("more cached tokens than input tokens")?,
        cache_read: stats.session_cached_tokens.0,
        output: stats.session_completion_tokens.0,
        ..Tokens::default()
    };
    if tokens.is_zero() {
        return Ok(None);
    }
    let name = session.session_id.unwrap_or_else(|| entry.ancestor_name(1).to_owned());
    let model = model_name(session.config.and_then(|config| config.active_model).as_deref());
    let timestamp = session.start_time.ok_or("no timestamp")?;
    let mut response = Response::new(format!("{name}:{model}"), timestamp, model, tokens);
    response.session = Some(name);
    response.directory = session.environment.and_then(|environment| environment.working_directory);
    response.is_cumulative = true;
    Ok(Some(response))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Home, tokens};

    const META: &str = ".vibe/logs/session/session_20261120_080000_5f0e/meta.json";
    const SESSION: &str = include_str!("fixtures/meta.json");

    #[test]
    fn session_is_a_record_that_grows() {
        let home = Home::new();
        home.write(META, SESSION);
        home.write(".vibe/logs/session/session_20261120_080000_5f0e/agents/a/meta.json", SESSION);
        let first = home.scan(SOURCE);
        let record = first.one();
        assert_eq!((&*record.id, record.tokens), ("5f0e:devstral-2", tokens([4_000, 6_000, 0, 0, 700, 0])));
        assert_eq!((record.project.as_deref(), record.cumulative), (Some("shop"), true));
        home.write(META, SESSION.replace("\"session_completion_tokens\":700", "\"session_completion_tokens\":900"));
        let second = home.scan_again(SOURCE, &first.state);
        assert!(second.one().supersedes(record));
    }

    #[test]
    fn model_switched_has_what_was_added() {
        let home = Home::new();
        home.write(META, SESSION);
        let first = home.scan(SOURCE);
        let later = SESSION.replace(":10000", ":15000").replace(":700", ":800").replace("Devstral-2", "mistral-large");
        home.write(META, later);
        let second = home.scan_again(SOURCE, &first.state);
        assert_eq!((&*second.one().id, second.one().tokens), ("5f0e:mistral-large", tokens([5_000, 0, 0, 0, 100, 0])));
    }

    #[test]
    fn more_cached_than_input_is_a_problem() {
        let home = Home::new();
        home.write(META, SESSION.replace(":10000", ":5000"));
        let scanned = home.scan(SOURCE);
        assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 1));
    }
}
