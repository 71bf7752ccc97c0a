//! Kimi CLI and Kimi Code: a file of events per session and per sub-agent.

mod cli;
mod code;

use std::path::PathBuf;

use crate::Environment;
use crate::files::{FileEntry, file_name};
use crate::reader::Reader;
use crate::response::emit;
use crate::scan::SourceScan;

use self::cli::{CliParser, configured_model};
use self::code::CodeParser;

fn wires(scan: &mut SourceScan<'_>) -> Vec<FileEntry> {
    scan.find(|path| file_name(path) == "wire.jsonl")
}

pub(crate) struct KimiCli;

impl Reader for KimiCli {
    fn source(&self) -> &'static str {
        "kimi-cli"
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        vec![cli_home(environment).join("sessions")]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let model = configured_model(scan.environment, &cli_home(scan.environment));
        let files = wires(scan);
        scan.read_jsonl(
            files,
            |entry| CliParser::new(entry, &model),
            |scan, parsed| {
                emit(scan, parsed.items, &parsed.entry.path);
            },
        );
    }
}

fn cli_home(environment: &Environment) -> PathBuf {
    environment.variable_path("KIMI_SHARE_DIR").unwrap_or_else(|| environment.home.join(".kimi"))
}

/// Kimi Code, and the desktop program that runs it.
pub(crate) struct KimiCode {
    source: &'static str,
    root: fn(&Environment) -> PathBuf,
    /// How names of directories of sessions begin.
    sessions: &'static str,
}

pub(crate) const KIMI_CODE: KimiCode = KimiCode {
    source: "kimi-code",
    root: |environment| {
        let home = environment.variable_path("KIMI_CODE_HOME");
        home.unwrap_or_else(|| environment.home.join(".kimi-code")).join("sessions")
    },
    sessions: "session_",
};

/// Its other sessions are internal: titles and summaries.
pub(crate) const KIMI_WORK: KimiCode = KimiCode {
    source: "kimi-work",
    root: |environment| {
        environment.config_dir().join("kimi-desktop/daimon-share/daimon/runtime/kimi-code/home/sessions")
    },
    sessions: "conv-",
};

impl Reader for KimiCode {
    fn source(&self) -> &'static str {
        self.source
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        vec![(self.root)(environment)]
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let mut files = wires(scan);
        files.retain(|entry| self.session(entry).is_some());
        let new_parser =
            |entry: &FileEntry| CodeParser::new(self.session(entry).unwrap_or_default(), entry.ancestor_name(1));
        scan.read_jsonl(files, new_parser, |scan, parsed| emit(scan, parsed.items, &parsed.entry.path));
    }
}

impl KimiCode {
    /// The session in `…/session_<id>/agents/<agent>/wire.jsonl`.
    fn session<'e>(&self, entry: &'e FileEntry) -> Option<&'e str> {
        let names = entry.path.ancestors().map(file_name);
        names.skip(1).find(|name| name.starts_with(self.sessions))
    }
}

#[cfg(test)]
mod tests;
