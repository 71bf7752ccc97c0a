//! Telemetry that tools push themselves, as an OpenTelemetry Collector writes it into files.
//!
//! One file has the events of all tools, so each reader of a tool with telemetry looks for its own events in all files. An event is a
//! response as the tool counted it in the end: it completes what a log leaves unfinished, and tells of calls that no log has. A log tells more
//! of the responses that it has, so its copy is the better one if both are complete.

mod event;
mod message;
mod protobuf;

use std::collections::HashSet;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::archive::{self, is_archive};
use crate::files::{FileEntry, has_extension};
use crate::fingerprint::hash_64;
use crate::lines::LineParser;
use crate::reader::Root;
use crate::response::{self, Response};
use crate::scan::SourceScan;

pub(crate) use self::event::Event;
use self::message::ExportRequest;

/// Name of the files' directories in `BURNTOP_EXTRA_DIRS`, beside the sources.
pub const TELEMETRY: &str = "otlp";

/// Understands the events of a tool.
pub(crate) trait EventReader: Send + Sync {
    /// Part of the name of the events that are wanted. Requests without it are not parsed.
    const NEEDLE: &'static str;

    /// The response that an event tells of, if it tells of one. An error is the reason why the event is bad, without its content.
    fn response(event: &Event) -> Result<Option<Response>, String>;
}

/// Whether telemetry is read at all.
pub(crate) fn is_read(scan: &SourceScan<'_>) -> bool {
    !scan.environment.extra(TELEMETRY).is_empty()
}

/// Calls `on_response` with each response that new events tell of.
pub(crate) fn read<R: EventReader>(
    scan: &mut SourceScan<'_>,
    mut on_response: impl FnMut(&mut SourceScan<'_>, Response, &Path),
) {
    let directories = scan.environment.extra(TELEMETRY).to_vec();
    let mut has_events = false;
    let mut on_response = |scan: &mut SourceScan<'_>, response, path: &Path| {
        has_events = true;
        on_response(scan, response, path);
    };
    let found = scan.find_below(&directories, |path| is_json(path) || is_protobuf(path));
    let (archives, files): (Vec<_>, Vec<_>) = without_copies(found).into_iter().partition(is_read_whole);
    scan.read_jsonl(
        files,
        |_| EventLines::<R>::default(),
        |scan, parsed| {
            for response in parsed.items {
                on_response(scan, response, &parsed.entry.path);
            }
        },
    );
    scan.read_whole(archives, read_file::<R>, |scan, entry, (responses, problems)| {
        for (line, reason) in problems {
            scan.bad_line(&entry.path, line, reason);
        }
        for response in responses {
            on_response(scan, response, &entry.path);
        }
    });
    // A tool that has no event in them is not found because of them.
    if has_events {
        scan.report.roots.extend(directories.into_iter().map(|path| Root { path, exists: true }));
    }
}

/// Emits a response unless an event has told of it before: a tool sends an event again when it gets no answer, and a file that was renamed is
/// read again.
pub(crate) fn emit(scan: &mut SourceScan<'_>, event: Response, path: &Path) {
    let key = key(&event);
    let id = scan.known_id(hash_64(event.id.as_bytes())).unwrap_or_else(|| event.id.clone());
    let mut record = response::record(scan, Response { id, ..event });
    // Of the same response, the log tells more. A newer version wins over a complete copy, an incomplete one loses against it.
    record.parser_version -= 1;
    scan.emit_better(key, record, path);
}

/// Whether an earlier event told of the response.
pub(crate) fn is_known(scan: &SourceScan<'_>, event: &Response) -> bool {
    scan.next.sent.contains_key(&key(event))
}

/// Names an event among the returned records. The record of a log has another key.
fn key(event: &Response) -> u64 {
    let name = event.message.as_ref().unwrap_or(&event.id);
    hash_64(format!("{TELEMETRY}\n{name}").as_bytes())
}

/// The events of a file as JSON, a request per line.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct EventLines<R> {
    #[serde(skip)]
    reader: PhantomData<fn() -> R>,
}

impl<R> Default for EventLines<R> {
    fn default() -> Self {
        Self { reader: PhantomData }
    }
}

impl<R: EventReader> LineParser for EventLines<R> {
    type Item = Response;

    fn line(&mut self, line: &[u8], items: &mut Vec<Response>) -> Result<(), String> {
        if !contains(line, R::NEEDLE) {
            return Ok(());
        }
        add_responses::<R>(ExportRequest::from_json(line)?, items)
    }
}

/// Adds the responses of a request. A bad event costs no other, so the first reason is returned at the end.
fn add_responses<R: EventReader>(request: ExportRequest, responses: &mut Vec<Response>) -> Result<(), String> {
    let mut first_problem = Ok(());
    for event in Event::all(request) {
        match R::response(&event) {
            Ok(response) => responses.extend(response),
            Err(reason) => first_problem = first_problem.and(Err(reason)),
        }
    }
    first_problem
}

/// Responses, and bad lines or messages with their numbers.
type ReadFile = (Vec<Response>, Vec<(u64, String)>);

fn read_file<R: EventReader>(entry: &FileEntry) -> Result<ReadFile, String> {
    if is_protobuf(&entry.path) {
        return protobuf::read::<R>(entry);
    }
    let (_, responses, problems) = archive::read_lines(&entry.path, EventLines::<R>::default())?;
    Ok((responses, problems))
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    memchr::memmem::find(bytes, needle.as_bytes()).is_some()
}

/// The files without those that were compressed and are still there: both have the same events.
fn without_copies(found: Vec<FileEntry>) -> Vec<FileEntry> {
    let names: HashSet<PathBuf> = found.iter().map(|entry| entry.path.clone()).collect();
    let is_copy = |path: &Path| is_archive(path) && names.contains(&path.with_extension(""));
    found.into_iter().filter(|entry| !is_copy(&entry.path)).collect()
}

fn is_read_whole(entry: &FileEntry) -> bool {
    is_archive(&entry.path) || is_protobuf(&entry.path)
}

fn is_json(path: &Path) -> bool {
    is_of_kind(path, &["json", "jsonl"])
}

fn is_protobuf(path: &Path) -> bool {
    is_of_kind(path, &["pb", "binpb"])
}

/// Whether a file, which may be compressed, has one of the extensions.
fn is_of_kind(path: &Path, extensions: &[&str]) -> bool {
    let plain = if is_archive(path) { path.with_extension("") } else { path.to_path_buf() };
    extensions.iter().any(|extension| has_extension(&plain, extension))
}

#[cfg(test)]
mod tests;
