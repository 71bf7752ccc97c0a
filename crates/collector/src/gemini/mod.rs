//! Gemini CLI: a file of chats per session, as JSON lines and before that as one document.

pub(crate) mod counts;
mod parse;
pub(crate) mod telemetry;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Environment;
use crate::files::{FileEntry, file_name, has_extension};
use crate::otlp;
use crate::reader::{Reader, Retention};
use crate::response::{Response, emit, last_of_each};
use crate::scan::SourceScan;

use self::counts::Counts;
use self::parse::{ChatParser, parse_document};
use self::telemetry::{Responses, Sender};

const SOURCE: &str = "gemini-cli";

const DEFAULT_RETENTION_DAYS: u32 = 30;

pub(crate) struct GeminiCli;

impl Reader for GeminiCli {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        2
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        vec![home(environment).join("tmp")]
    }

    fn retention(&self, environment: &Environment) -> Option<Retention> {
        let setting = "general.sessionRetention.maxAge in ~/.gemini/settings.json";
        let days = match session_retention(&home(environment)) {
            Some(SessionRetention { enabled: Some(false), .. }) => return None,
            Some(SessionRetention { max_age: Some(age), .. }) => days(&age).unwrap_or(DEFAULT_RETENTION_DAYS),
            _ => DEFAULT_RETENTION_DAYS,
        };
        Some(Retention { days, setting })
    }

    fn kept_days(&self, environment: &Environment) -> Option<u32> {
        let retention = self.retention(environment);
        Some(retention.map_or(DEFAULT_RETENTION_DAYS, |retention| retention.days.clamp(1, DEFAULT_RETENTION_DAYS)))
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let is_chat = |path: &Path| path.components().any(|part| part.as_os_str() == "chats");
        let found = scan.find(|path| is_chat(path) && (has_extension(path, "json") || has_extension(path, "jsonl")));
        let (lines, documents): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|entry| has_extension(&entry.path, "jsonl"));
        scan.read_documents(
            documents,
            |entry, content| parse_document(&session_name(entry), content),
            |scan, entry, (responses, refused)| {
                report_refused(scan, &entry.path, refused);
                emit_chat(scan, entry, responses);
            },
        );
        scan.read_jsonl(
            lines,
            |entry| ChatParser::new(session_name(entry)),
            |scan, parsed| emit_chat(scan, parsed.entry, parsed.items),
        );
        otlp::read::<Responses<Self>>(scan);
    }
}

impl Sender for GeminiCli {
    const SOURCE: &'static str = SOURCE;
    const EVENT: &'static str = "gemini_cli.api_response";

    fn are_thoughts_separate(_: Counts, _: u64) -> bool {
        true
    }
}

/// `GEMINI_CLI_HOME` replaces the home directory, not the directory in it.
fn home(environment: &Environment) -> PathBuf {
    environment.variable_path("GEMINI_CLI_HOME").unwrap_or_else(|| environment.home.clone()).join(".gemini")
}

/// The session of a file that does not say it.
fn session_name(entry: &FileEntry) -> String {
    entry.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

fn report_refused(scan: &mut SourceScan<'_>, path: &Path, refused: Vec<String>) {
    for reason in refused {
        scan.refuse(path, reason);
    }
}

fn emit_chat(scan: &mut SourceScan<'_>, entry: &FileEntry, written: Vec<(String, Response)>) {
    let (mut responses, copies) = last_of_each(written);
    scan.report.copies_merged += copies;
    let project = project(&entry.path);
    for response in &mut responses {
        response.project.clone_from(&project);
    }
    emit(scan, responses, &entry.path);
}

/// The directory below `tmp` is named after the project, in older versions by a hash of its path.
fn project(path: &Path) -> Option<String> {
    let chats = path.ancestors().find(|parent| file_name(parent) == "chats")?;
    let name = file_name(chats.parent()?);
    let is_hash = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!is_hash && !name.is_empty()).then(|| name.to_owned())
}

#[derive(Deserialize)]
struct Settings {
    general: Option<General>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct General {
    session_retention: Option<SessionRetention>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionRetention {
    enabled: Option<bool>,
    max_age: Option<String>,
}

fn session_retention(home: &Path) -> Option<SessionRetention> {
    let settings = std::fs::read(home.join("settings.json")).ok()?;
    serde_json::from_slice::<Settings>(&settings).ok()?.general?.session_retention
}

/// An age such as `30d`, `2w`, `1m` or `12h` in days.
fn days(age: &str) -> Option<u32> {
    let (number, unit) = age.split_at_checked(age.len().checked_sub(1)?)?;
    let number: u32 = number.parse().ok()?;
    match unit {
        "h" => Some(number.div_ceil(24)),
        "d" => Some(number),
        "w" => number.checked_mul(7),
        "m" => number.checked_mul(30),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
