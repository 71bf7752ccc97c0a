//! Cline and its descendants: editor extensions with a document of messages per task, and Cline's own program.

mod program;
mod task;

use std::path::{Path, PathBuf};

use crate::Environment;
use crate::files::{FileEntry, file_name};
use crate::reader::Reader;
use crate::response::{ParsedDocument, Response, emit};
use crate::scan::SourceScan;

/// An extension.
pub(crate) struct ClineFamily {
    source: &'static str,
    extension: &'static str,
    /// Newer versions count cached tokens within the input, and say so by naming the protocol.
    input_may_include_cache: bool,
    has_program: bool,
}

pub(crate) const CLINE: ClineFamily = ClineFamily {
    source: "cline",
    extension: "saoudrizwan.claude-dev",
    input_may_include_cache: false,
    has_program: true,
};
pub(crate) const ROO_CODE: ClineFamily = ClineFamily {
    source: "roo-code",
    extension: "rooveterinaryinc.roo-cline",
    input_may_include_cache: true,
    has_program: false,
};
pub(crate) const KILO_CODE: ClineFamily = ClineFamily {
    source: "kilo-code",
    extension: "kilocode.kilo-code",
    input_may_include_cache: true,
    has_program: false,
};

/// Editors below the directory of settings.
const EDITORS: &[&str] =
    &["Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Trae", "Antigravity", "CodeBuddy"];

/// Editors that run here for a window elsewhere, below the home directory.
const REMOTE_EDITORS: &[&str] = &[".vscode-server/data", ".vscode-remote/data", ".cursor-server/data"];

impl Reader for ClineFamily {
    fn source(&self) -> &'static str {
        self.source
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let local = EDITORS.iter().map(|editor| environment.config_dir().join(editor));
        let remote = REMOTE_EDITORS.iter().map(|editor| environment.home.join(editor));
        let storage = |editor: PathBuf| editor.join("User/globalStorage").join(self.extension).join("tasks");
        let mut roots: Vec<_> = local.chain(remote).map(storage).collect();
        if self.has_program {
            let data = program_data(environment);
            roots.push(data.join("tasks"));
            roots.push(environment.variable_path("CLINE_SESSION_DATA_DIR").unwrap_or_else(|| data.join("sessions")));
        }
        roots
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let found = scan.find(|path| is_task(path) || (self.has_program && is_session(path)));
        let (tasks, sessions): (Vec<_>, Vec<_>) = found.into_iter().partition(|entry| is_task(&entry.path));
        scan.read_documents(tasks, |entry, content| task::parse(self, entry, content), emit_document);
        let parse = |entry: &FileEntry, content: &[u8]| program::parse(&program::session(entry), content);
        scan.read_documents(sessions, parse, emit_document);
    }
}

fn emit_document(scan: &mut SourceScan<'_>, entry: &FileEntry, (responses, refused): ParsedDocument<Response>) {
    for reason in refused {
        scan.refuse(&entry.path, reason);
    }
    emit(scan, responses, &entry.path);
}

fn program_data(environment: &Environment) -> PathBuf {
    environment.variable_path("CLINE_DATA_DIR").unwrap_or_else(|| {
        let home = environment.variable_path("CLINE_DIR").unwrap_or_else(|| environment.home.join(".cline"));
        home.join("data")
    })
}

fn is_task(path: &Path) -> bool {
    file_name(path) == "ui_messages.json"
}

fn is_session(path: &Path) -> bool {
    file_name(path).ends_with(program::ENDING)
}

#[cfg(test)]
mod tests;
