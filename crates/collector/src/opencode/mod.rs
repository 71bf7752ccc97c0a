//! `OpenCode` and its descendants: a message per response, in a database and before that in a file each.
//!
//! A fork copies messages under new ids, and so does a backup. The times and counts of a copy are the same, so the id is made of them.

mod parse;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::Environment;
use crate::files::{LINK_TO_NOTHING, has_extension, leads_to_nothing};
use crate::fingerprint::hash_64;
use crate::interner::Interner;
use crate::reader::Reader;
use crate::scan::SourceScan;
use crate::sqlite::{Cursor, Database, text};

use self::parse::{OpenCodeMessage, parse};

/// Rows are written some time after the instant that they carry.
const OVERLAP_MS: i64 = 5 * 60 * 1000;

/// A tool of the family.
pub(crate) struct OpenCodeFamily {
    source: &'static str,
    /// Name of the directory and of the database.
    name: &'static str,
    /// Variables with the path of the database and of the directory.
    variables: Option<(&'static str, &'static str)>,
    /// The provider whose messages are copies of another tool's history.
    mirrored_provider: Option<&'static str>,
}

impl OpenCodeFamily {
    const fn new(source: &'static str, name: &'static str) -> Self {
        Self { source, name, variables: None, mirrored_provider: None }
    }
}

pub(crate) const OPENCODE: OpenCodeFamily = OpenCodeFamily {
    variables: Some(("OPENCODE_DB", "OPENCODE_DATA_DIR")),
    ..OpenCodeFamily::new("opencode", "opencode")
};
pub(crate) const KILO: OpenCodeFamily = OpenCodeFamily::new("kilo-cli", "kilo");
pub(crate) const ICODEMATE: OpenCodeFamily = OpenCodeFamily::new("icodemate", "icodemate");
/// `MiMo` Code takes over the history of Claude Code, whose own logs are read.
pub(crate) const MIMO_CODE: OpenCodeFamily =
    OpenCodeFamily { mirrored_provider: Some("anthropic"), ..OpenCodeFamily::new("mimocode", "mimocode") };

impl Reader for OpenCodeFamily {
    fn source(&self) -> &'static str {
        self.source
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let (database, directory) = match self.variables {
            Some((database, directory)) => (environment.variable_path(database), environment.variable_path(directory)),
            None => (None, None),
        };
        let mut roots = vec![directory.unwrap_or_else(|| environment.xdg_data_dir().join(self.name))];
        roots.extend(database);
        roots
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let roots = scan.roots.clone();
        for root in roots.iter().filter(|root| leads_to_nothing(root)) {
            scan.unreadable(root, LINK_TO_NOTHING);
        }
        for database in self.databases(&roots) {
            if leads_to_nothing(&database) {
                scan.unreadable(&database, LINK_TO_NOTHING);
                continue;
            }
            scan.read_database(&database, read_rows, |scan, row: MessageRow| match row {
                Ok((message, directory)) => self.emit(scan, message, directory.as_deref(), &database),
                Err(reason) => scan.refuse(&database, reason),
            });
        }
        let trees: Vec<_> = scan.roots.iter().map(|root| root.join("storage/message")).collect();
        let files = scan.find_below(&trees, |path| has_extension(path, "json"));
        scan.read_documents(
            files,
            |_, content| parse(content),
            |scan, entry, message| {
                if let Some(message) = message {
                    self.emit(scan, message, None, &entry.path);
                }
            },
        );
    }
}

impl OpenCodeFamily {
    /// `<name>.db` and `<name>-<channel>.db` in the roots, and roots that are databases.
    fn databases(&self, roots: &[PathBuf]) -> Vec<PathBuf> {
        let mut databases = Vec::new();
        for root in roots {
            if root.is_file() {
                databases.push(root.clone());
                continue;
            }
            let entries = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
            databases.extend(entries.filter(|path| self.is_database(path)));
        }
        databases.sort();
        databases.dedup();
        databases
    }

    fn is_database(&self, path: &Path) -> bool {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours =
            name.strip_prefix(self.name).is_some_and(|channel| channel.is_empty() || channel.starts_with('-'));
        let is_copy = ["backup", "copy", "old", "bak"].iter().any(|word| name.contains(word));
        has_extension(path, "db") && is_ours && !is_copy && (path.is_file() || path.is_symlink())
    }

    fn emit(&self, scan: &mut SourceScan<'_>, message: OpenCodeMessage, directory: Option<&str>, path: &Path) {
        if self.mirrored_provider.is_some() && message.provider.as_deref() == self.mirrored_provider {
            scan.report.not_calls += 1;
            return;
        }
        let mut id = message.id(self.source);
        if let Some(name) = &message.name {
            id = scan.settled_id(hash_64(name.as_bytes()), message.created, id);
        }
        let mut record = scan.record(id, message.created, message.model.into(), message.tokens);
        record.provider = message.provider.map(Into::into);
        record.session = message.session.map(Into::into);
        record.agent = message.agent.map(Into::into);
        record.reported_cost_nanousd = message.cost_nanousd;
        record.project = message.directory.as_deref().or(directory).and_then(|directory| scan.projects.name(directory));
        scan.emit_changed(record, path);
    }
}

/// A response with the directory of its session, or the reason why it cannot be read.
type MessageRow = Result<(OpenCodeMessage, Option<Arc<str>>), String>;

/// Responses that are new or were updated.
fn read_rows(database: &Database, context: &Value, on_row: &mut dyn FnMut(MessageRow)) -> Result<Value, String> {
    let known = <[Cursor; 2]>::deserialize(context).unwrap_or_default();
    let has_directory = database.columns("session")?.contains("directory");
    let mut names = Interner::default();
    let mut cursors = [Cursor::default(); 2];
    let mut has_table = false;
    for (index, (table, condition)) in
        [("message", ""), ("session_message", "AND m.type = 'assistant'")].iter().enumerate()
    {
        let columns = database.columns(table)?;
        if !columns.contains("data") {
            continue;
        }
        has_table = true;
        let updated = if columns.contains("time_updated") { "coalesce(time_updated, 0)" } else { "0" };
        let from = known[index].start(database, table, updated, OVERLAP_MS)?;
        let (directory, join) =
            if has_directory { ("s.directory", "LEFT JOIN session s ON s.id = m.session_id") } else { ("NULL", "") };
        let sql = format!(
            "SELECT m.id AS id, m.session_id AS session, m.data AS data, {directory} AS directory
             FROM {table} m {join} WHERE {updated} > ?1 {condition}"
        );
        database.each_row(&sql, [from], |row| {
            let mut message = parse(text(row, "data").unwrap_or_default().as_bytes());
            if let Ok(Some(message)) = &mut message {
                message.name = text(row, "id").or_else(|| message.name.take());
                message.session = message.session.take().or_else(|| text(row, "session"));
            }
            let mut directory = || names.optional(text(row, "directory").as_deref());
            if let Some(row) = message.map(|message| message.map(|message| (message, directory()))).transpose() {
                on_row(row);
            }
            Ok(())
        })?;
        cursors[index] = Cursor::end(database, table, updated)?;
    }
    if !has_table {
        return Err("no table of messages".to_owned());
    }
    serde_json::to_value(cursors).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
