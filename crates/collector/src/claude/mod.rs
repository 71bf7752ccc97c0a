//! Claude Code: JSON lines below `projects/`, one line per content block of a response, in the files of sessions and sub-agents.
//!
//! The lines of a response share its `message.id`, and forks copy them into other files. So the lines of a file are gathered by `message.id`
//! first, and a response that another file had is returned again only if it is better there. Telemetry is read after the logs.

mod gather;
mod parse;
mod telemetry;
mod totals;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::environment::Platform;
use crate::files::{file_name, has_extension};
use crate::otlp;
use crate::reader::{Reader, Retention};
use crate::scan::SourceScan;
use crate::{DayTotal, Environment};

use self::gather::Responses;
use self::parse::{LineItem, TranscriptParser};
use self::telemetry::Requests;

/// `cleanupPeriodDays` where nothing is set.
const DEFAULT_RETENTION_DAYS: u32 = 30;

/// The directory of sessions that the desktop program started.
const DESKTOP_SESSIONS: &str = "local-agent-mode-sessions";

pub(crate) struct ClaudeCode;

impl Reader for ClaudeCode {
    fn source(&self) -> &'static str {
        "claude-code"
    }

    fn parser_version(&self) -> u16 {
        2
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let mut roots: Vec<_> = config_dirs(environment).into_iter().map(projects_dir).collect();
        roots.extend(desktop_dirs(environment));
        roots
    }

    fn retention(&self, environment: &Environment) -> Option<Retention> {
        let days = config_dirs(environment).iter().filter_map(|root| cleanup_period_days(root)).min();
        Some(Retention {
            days: days.unwrap_or(DEFAULT_RETENTION_DAYS),
            setting: "cleanupPeriodDays in ~/.claude/settings.json",
        })
    }

    fn kept_days(&self, environment: &Environment) -> Option<u32> {
        self.retention(environment).map(|retention| retention.days.clamp(1, DEFAULT_RETENTION_DAYS))
    }

    /// Other profiles: `~/.claude-*` with a `projects` directory.
    fn suggestions(&self, environment: &Environment) -> Vec<PathBuf> {
        let entries = fs::read_dir(&environment.home).into_iter().flatten().flatten();
        let mut profiles: Vec<_> = entries
            .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(".claude-")))
            .map(|entry| entry.path().join("projects"))
            .filter(|projects| projects.is_dir())
            .collect();
        profiles.sort();
        profiles
    }

    fn day_totals(&self, environment: &Environment) -> Vec<DayTotal> {
        config_dirs(environment).iter().flat_map(|root| totals::day_totals(root)).collect()
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let mut transcripts = scan.find(is_transcript);
        // A fork has copies of older lines: their response belongs to the file that was first. A side question repeats a response of the
        // main thread, whose id is that of the main thread.
        transcripts.sort_by_cached_key(|entry| (is_sub_agent(&entry.path), entry.created_ns, entry.path.clone()));
        scan.read_jsonl(
            transcripts,
            |_| TranscriptParser::default(),
            |scan, parsed| {
                let mut responses = Responses::default();
                for item in parsed.items {
                    match item {
                        LineItem::Response(line) => responses.add(*line),
                        LineItem::NotCall => scan.report.not_calls += 1,
                        LineItem::Total(total) => scan.session_total(total),
                    }
                }
                responses.emit(scan, &parsed.entry.path);
            },
        );
        otlp::read::<Requests>(scan);
    }
}

fn config_dirs(environment: &Environment) -> Vec<PathBuf> {
    environment
        .variable_paths("CLAUDE_CONFIG_DIR")
        .unwrap_or_else(|| vec![environment.home.join(".claude"), environment.xdg_config_dir().join("claude")])
}

/// The list in `CLAUDE_CONFIG_DIR` may name the directory of settings or its `projects`.
fn projects_dir(root: PathBuf) -> PathBuf {
    if file_name(&root) == "projects" { root } else { root.join("projects") }
}

/// The `projects` directories of sessions that the desktop program started, somewhere below one directory.
fn desktop_dirs(environment: &Environment) -> Vec<PathBuf> {
    let mut homes = vec![environment.config_dir().join("Claude")];
    if environment.platform == Platform::Windows {
        let packages = fs::read_dir(environment.local_app_data().join("Packages")).into_iter().flatten().flatten();
        let store = packages.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("Claude_")));
        homes.extend(store.map(|entry| entry.path().join("LocalCache/Roaming/Claude")));
    }
    homes.into_iter().map(|home| home.join(DESKTOP_SESSIONS)).collect()
}

fn cleanup_period_days(root: &Path) -> Option<u32> {
    #[derive(Deserialize)]
    struct Settings {
        #[serde(rename = "cleanupPeriodDays")]
        cleanup_period_days: Option<u32>,
    }
    let settings = fs::read(root.join("settings.json")).ok()?;
    serde_json::from_slice::<Settings>(&settings).ok()?.cleanup_period_days
}

/// Transcripts of sessions and sub-agents, also those that were set aside: they hold lines that a crash took from others. The desktop
/// program keeps logs of its own beside the transcripts.
fn is_transcript(path: &Path) -> bool {
    let name = file_name(path);
    let is_below = |directory: &str| path.ancestors().skip(1).any(|parent| file_name(parent) == directory);
    (has_extension(path, "jsonl") || name.contains(".jsonl.superseded-"))
        && name != "journal.jsonl"
        && (is_below("projects") || !is_below(DESKTOP_SESSIONS))
}

fn is_sub_agent(path: &Path) -> bool {
    path.ancestors().skip(1).any(|parent| file_name(parent) == "subagents")
}

#[cfg(test)]
mod tests;
