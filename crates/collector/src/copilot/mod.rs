//! GitHub Copilot CLI: a row per request in its store of sessions, a span per request in its telemetry, and a
//! total per run of a session in its log of events.
//!
//! One request may be in all three. A row and a span have the same id, which is made of the session and the counts. A total
//! counts only for runs of which neither the store nor the telemetry has a request ([`sessions`]).

mod counts;
mod events;
mod sessions;
mod store;
mod telemetry;

use std::path::{Path, PathBuf};

use crate::Environment;
use crate::files::{file_name, has_extension};
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;

use self::counts::SOURCE;
use self::events::EventParser;
use self::sessions::{PendingRun, Sessions};
use self::telemetry::TelemetryParser;

const STORE: &str = "session-store.db";
const EVENT_LOGS: &str = "session-state";
const TELEMETRY: &str = "otel";

pub(crate) struct CopilotCli;

impl Reader for CopilotCli {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn parser_version(&self) -> u16 {
        2
    }

    fn roots(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = environment.variable_path("COPILOT_HOME").unwrap_or_else(|| environment.home.join(".copilot"));
        let mut roots = [STORE, EVENT_LOGS, TELEMETRY].map(|name| home.join(name)).to_vec();
        roots.extend(environment.variable_path("COPILOT_OTEL_FILE_EXPORTER_PATH"));
        roots
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let mut sessions: Sessions = scan.shared_context();
        // Copilot stores a request before it logs the end of the run, so the log is read first: the store knows every run in it.
        read_events(scan, &mut sessions);
        read_telemetry(scan, &mut sessions);
        let unread = scan.report.files_unread;
        read_stores(scan, &mut sessions);
        let is_store_known = scan.report.files_unread == unread;
        for (run, path) in sessions.decide(is_store_known, &mut scan.report.copies_merged) {
            emit(scan, run.responses(), &path);
        }
        scan.set_shared_context(&sessions);
    }
}

fn read_events(scan: &mut SourceScan<'_>, sessions: &mut Sessions) {
    let logs = scan.find(is_event_log);
    scan.read_jsonl(logs, EventParser::new, |_, parsed| {
        for run in parsed.items {
            sessions.add_run(PendingRun { run, path: parsed.entry.path.clone() });
        }
    });
}

fn read_telemetry(scan: &mut SourceScan<'_>, sessions: &mut Sessions) {
    let roots = scan.roots.clone();
    let files = scan.find(|path| is_telemetry(path, &roots));
    scan.read_jsonl(
        files,
        |_| TelemetryParser::default(),
        |scan, parsed| {
            let chosen = parsed.parser.choose(parsed.items);
            scan.report.copies_merged += chosen.copies;
            for run in chosen.runs {
                sessions.add_run(PendingRun { run, path: parsed.entry.path.clone() });
            }
            for response in chosen.responses {
                emit_exact(scan, sessions, response, &parsed.entry.path);
            }
        },
    );
}

fn read_stores(scan: &mut SourceScan<'_>, sessions: &mut Sessions) {
    for root in scan.roots.clone() {
        let store = if root.is_dir() { root.join(STORE) } else { root };
        if !has_extension(&store, "db") {
            continue;
        }
        scan.read_database(&store, store::read_rows, |scan, row| match row.response() {
            Ok(response) => emit_exact(scan, sessions, response, &store),
            Err(reason) => scan.refuse(&store, reason),
        });
    }
}

/// Emits a request of the store or the telemetry, unless an earlier scan returned its run from the log. A run of one request has the id of
/// the request, which is then emitted if it is better known.
fn emit_exact(scan: &mut SourceScan<'_>, sessions: &mut Sessions, response: Response, path: &Path) {
    if sessions.add_exact(&response) || scan.has_returned(&response.id) {
        emit(scan, [response], path);
    } else {
        scan.report.copies_merged += 1;
    }
}

/// `<session>/events.jsonl`, in older versions `<session>.jsonl`.
fn is_event_log(path: &Path) -> bool {
    let is_old = || path.parent().is_some_and(|parent| file_name(parent) == EVENT_LOGS) && has_extension(path, "jsonl");
    file_name(path) == "events.jsonl" || is_old()
}

/// A file in the directory of telemetry, or one that a root names.
fn is_telemetry(path: &Path, roots: &[PathBuf]) -> bool {
    let is_named = || roots.iter().any(|root| root == path) && !has_extension(path, "db") && !is_event_log(path);
    let is_in_directory = path.parent().is_some_and(|parent| file_name(parent) == TELEMETRY);
    (is_in_directory && has_extension(path, "jsonl")) || is_named()
}

#[cfg(test)]
mod tests;
