//! Codex: one file of JSON lines per thread, perhaps compressed, with a record or a cumulative counter per response.
//!
//! A response has the same id in every generation of the format: the fingerprint of its thread and counts. Older children begin with a copy
//! of their parent's lines; these are returned under the thread that made them, so they meet the parent's own.

mod parse;
mod telemetry;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::{self, is_archive};
use crate::files::{FileEntry, file_name, has_extension};
use crate::jsonl;
use crate::lines::{LineParser, ParsedLines};
use crate::otlp;
use crate::reader::Reader;
use crate::scan::SourceScan;
use crate::state::path_key;
use crate::{Environment, SessionTotal};

use self::parse::{RolloutParser, ThreadFacts, parent_of};
use self::telemetry::Completed;

/// The longest first line that is searched for a parent. It holds the instructions: usually 20 KB.
const LONGEST_META: u64 = 4 << 20;

/// Codex, and tools that write the same format.
pub(crate) struct Rollouts {
    source: &'static str,
    variable: Option<&'static str>,
    home: &'static str,
    has_telemetry: bool,
}

pub(crate) const CODEX: Rollouts =
    Rollouts { source: "codex", variable: Some("CODEX_HOME"), home: ".codex", has_telemetry: true };
pub(crate) const TRAE: Rollouts =
    Rollouts { source: "trae-cli", variable: None, home: ".trae/cli", has_telemetry: false };

impl Reader for Rollouts {
    fn source(&self) -> &'static str {
        self.source
    }

    fn parser_version(&self) -> u16 {
        2
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let homes = self.variable.and_then(|name| environment.variable_paths(name));
        let homes = homes.unwrap_or_else(|| vec![environment.home.join(self.home)]);
        homes.iter().flat_map(|home| [home.join("sessions"), home.join("archived_sessions")]).collect()
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let found = scan.find(is_rollout);
        let threads = Threads::new(&found);
        let plain: HashSet<PathBuf> = found.iter().map(|entry| entry.path.clone()).collect();
        let (archives, files): (Vec<_>, Vec<_>) = found.into_iter().partition(|entry| is_archive(&entry.path));
        // An archive beside its plain file is about to go, or was left over.
        let archives: Vec<_> =
            archives.into_iter().filter(|entry| !plain.contains(&entry.path.with_extension(""))).collect();

        let facts = threads.facts_for(files.iter().chain(&archives).filter(|entry| is_new(scan, entry)));
        let start = |entry: &FileEntry| RolloutParser::new(thread_of(&entry.path), facts.get(&entry.path).cloned());
        scan.read_jsonl(files, start, |scan, parsed| emit(self.source, scan, parsed));
        scan.read_whole(
            archives,
            |entry| archive::read_lines(&entry.path, start(entry)),
            |scan, entry, (mut parser, items, problems)| {
                for (line, reason) in problems {
                    scan.bad_line(&entry.path, line, reason);
                }
                emit(self.source, scan, ParsedLines { entry, parser: &mut parser, items });
            },
        );
        if self.has_telemetry {
            otlp::read::<Completed>(scan);
        }
    }
}

fn emit(source: &str, scan: &mut SourceScan<'_>, parsed: ParsedLines<'_, RolloutParser>) {
    let path = &parsed.entry.path;
    if parsed.parser.is_undecided() {
        scan.read_again(path);
    }
    if let Some((session, tokens)) = parsed.parser.thread_total() {
        let source = Arc::from(source);
        scan.session_total(SessionTotal { source, session, model: None, tokens, cost_nanousd: None });
    }
    for usage in parsed.items {
        let Some(tokens) = usage.counts.tokens() else {
            scan.refuse(path, "more cached tokens than input tokens");
            continue;
        };
        let id = usage.counts.id(source, &usage.thread);
        let mut record = scan.record(id, usage.timestamp, usage.model, tokens);
        record.session = Some(usage.thread);
        record.provider = usage.provider;
        record.service_tier = usage.service_tier;
        record.agent = usage.agent;
        record.project = usage.working_directory.and_then(|directory| scan.projects.name(&directory));
        record.incomplete = usage.is_owner_inferred;
        scan.emit_changed(record, path);
    }
}

/// Whether a file is read from its start.
fn is_new(scan: &SourceScan<'_>, entry: &FileEntry) -> bool {
    scan.previous_files.get(&path_key(&entry.path)).is_none_or(|known| {
        let is_replaced = known.stamp.inode != entry.stamp.inode || entry.stamp.size < known.offset;
        known.stamp != entry.stamp && (known.offset == 0 || is_replaced)
    })
}

/// `rollout-<local time>-<thread>[_<rollout>].jsonl`, perhaps compressed.
fn is_rollout(path: &Path) -> bool {
    let is_lines =
        has_extension(path, "jsonl") || (is_archive(path) && has_extension(&path.with_extension(""), "jsonl"));
    is_lines && file_name(path).starts_with("rollout-")
}

/// The thread in a file's name, for files whose first line is lost.
fn thread_of(path: &Path) -> &str {
    const BEFORE_THREAD: usize = "rollout-2026-11-20T09-00-00-".len();
    let name = file_name(path);
    let name = name.get(BEFORE_THREAD..).unwrap_or(name);
    name.split(['_', '.']).next().unwrap_or(name)
}

/// The files of each thread, to look up parents.
struct Threads(HashMap<String, Vec<PathBuf>>);

impl Threads {
    fn new(found: &[FileEntry]) -> Self {
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for entry in found {
            files.entry(thread_of(&entry.path).to_owned()).or_default().push(entry.path.clone());
        }
        Self(files)
    }

    /// For each file of a child whose parent is there, what the parent's files tell.
    fn facts_for<'e>(&self, entries: impl Iterator<Item = &'e FileEntry>) -> HashMap<PathBuf, Arc<ThreadFacts>> {
        let mut known = HashMap::new();
        let mut facts = HashMap::new();
        for entry in entries {
            if let Some(parent) = first_line(&entry.path).and_then(|line| parent_of(&line))
                && let Some(parent) = self.facts(&parent, &mut known)
            {
                facts.insert(entry.path.clone(), parent);
            }
        }
        facts
    }

    /// What the files of a thread tell; `None` without a file. The thread may be a child itself.
    fn facts(&self, thread: &str, known: &mut HashMap<String, Option<Arc<ThreadFacts>>>) -> Option<Arc<ThreadFacts>> {
        if let Some(facts) = known.get(thread) {
            return facts.clone();
        }
        // A thread that is its own ancestor ends here.
        known.insert(thread.to_owned(), None);
        let files = self.0.get(thread)?;
        let mut merged = ThreadFacts::default();
        for path in files {
            let parent =
                first_line(path).and_then(|line| parent_of(&line)).and_then(|parent| self.facts(&parent, known));
            let mut parser = RolloutParser::new(thread, parent);
            parser.facts = Some(ThreadFacts::default());
            let mut ignored = Vec::new();
            // A file that cannot be read is reported where it is read for its own sake.
            let parsed = read_rollout(path, |line| {
                let _ = parser.line(line, &mut ignored);
                ignored.clear();
            });
            if parsed.is_ok() {
                merged.merge(parser.facts.take().unwrap_or_default());
            }
        }
        let facts = Some(Arc::new(merged));
        known.insert(thread.to_owned(), facts.clone());
        facts
    }
}

fn read_rollout(path: &Path, mut on_line: impl FnMut(&[u8])) -> std::io::Result<()> {
    let lines = |line: jsonl::Line<'_>| {
        if let jsonl::Line::Text(text) = line {
            on_line(text);
        }
    };
    jsonl::read_lines(archive::open(path)?, u64::MAX, lines)?;
    Ok(())
}

fn first_line(path: &Path) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(archive::open(path).ok()?.take(LONGEST_META)).read_until(b'\n', &mut line).ok()?;
    Some(line)
}

#[cfg(test)]
mod tests;
