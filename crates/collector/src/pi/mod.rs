//! Pi and its descendants: a file of JSON lines per session, whose entries are a tree.
//!
//! Branches that are not active were billed too. Forks copy entries, and entry ids are unique within a file only, so the id is the
//! provider's or made of content.

mod parse;

use std::path::{Path, PathBuf};

use crate::Environment;
use crate::files::{file_name, has_extension};
use crate::reader::Reader;
use crate::response::emit;
use crate::scan::SourceScan;

use self::parse::SessionParser;

/// A tool of the family.
pub(crate) struct PiFamily {
    source: &'static str,
    roots: fn(&Environment) -> Vec<PathBuf>,
}

pub(crate) const PI: PiFamily = PiFamily { source: "pi", roots: pi_roots };
pub(crate) const OMP: PiFamily =
    PiFamily { source: "omp", roots: |environment| vec![environment.home.join(".omp/agent/sessions")] };
/// Prime keeps the sessions of sub-agents apart. Their usage is attributed to the message that called them.
pub(crate) const PRIME: PiFamily =
    PiFamily { source: "prime", roots: |environment| vec![environment.home.join(".prime/agent/sessions")] };
pub(crate) const OPENCLAW: PiFamily = PiFamily { source: "openclaw", roots: openclaw_roots };

impl Reader for PiFamily {
    fn source(&self) -> &'static str {
        self.source
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        (self.roots)(environment)
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let sessions = scan.find(is_session);
        scan.read_jsonl(
            sessions,
            |_| SessionParser::default(),
            |scan, parsed| {
                emit(scan, parsed.items, &parsed.entry.path);
            },
        );
    }
}

fn pi_roots(environment: &Environment) -> Vec<PathBuf> {
    let sessions = environment.variable_path("PI_CODING_AGENT_SESSION_DIR").unwrap_or_else(|| {
        let home = environment.variable_path("PI_CODING_AGENT_DIR");
        home.unwrap_or_else(|| environment.home.join(".pi/agent")).join("sessions")
    });
    vec![sessions]
}

/// The directory had other names, and a profile has one of its own.
fn openclaw_roots(environment: &Environment) -> Vec<PathBuf> {
    let mut homes = match environment.variable_path("OPENCLAW_DIR") {
        Some(home) => vec![home],
        None => [".openclaw", ".clawdbot", ".moltbot", ".moldbot"].map(|name| environment.home.join(name)).into(),
    };
    let entries = std::fs::read_dir(&environment.home).into_iter().flatten().flatten();
    let profiles =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(".openclaw-")));
    homes.extend(profiles.map(|entry| entry.path()));
    homes.into_iter().map(|home| home.join("agents")).collect()
}

/// A session, also one that was reset or deleted: its responses were billed.
fn is_session(path: &Path) -> bool {
    let name = file_name(path);
    has_extension(path, "jsonl") || name.contains(".jsonl.reset.") || name.contains(".jsonl.deleted.")
}

#[cfg(test)]
mod tests;
