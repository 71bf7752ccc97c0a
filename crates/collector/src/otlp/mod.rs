//! Telemetry that tools push themselves, as an OpenTelemetry Collector writes it into files.
//!
//! One file has the events of all tools, so each reader of a tool with telemetry looks for its own events in all files. An event is a
//! response as the tool counted it in the end: it completes what a log leaves unfinished, and tells of calls that no log has. A log tells more
//! of the responses that it has, so its copy is the better one if both are complete.

mod event;
mod message;
mod protobuf;

use std::marker::PhantomData;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::archive::{self, is_archive};
use crate::files::{FileEntry, file_name};
use crate::fingerprint::hash_64;
use crate::jsonl::{self, Line};
use crate::lines::{LineParser, parse_line};
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

/// Emits the responses that new events of a tool tell of.
pub(crate) fn read<R: EventReader>(scan: &mut SourceScan<'_>) {
    let directories = scan.environment.extra(TELEMETRY).to_vec();
    let found = scan.find_below(&directories, |path| is_json(path) || is_protobuf(path));
    let (whole, growing): (Vec<_>, Vec<_>) = found.into_iter().partition(is_read_whole);
    let mut has_events = false;
    scan.read_jsonl(
        growing,
        |_| EventLines::<R>::default(),
        |scan, parsed| has_events |= emit(scan, parsed.items, &parsed.entry.path),
    );
    for entry in scan.changed(whole) {
        scan.report.files_read += 1;
        scan.report.bytes_read += entry.stamp.size;
        match read_file::<R>(scan, &entry, &mut has_events) {
            Ok(()) => scan.mark_read(&entry.path, entry.stamp),
            Err(reason) => scan.unreadable(&entry.path, reason),
        }
    }
    // A tool that has no event in them is not found because of them.
    if has_events {
        scan.report.roots.extend(directories.into_iter().map(|path| Root { path, exists: true }));
    }
}

/// Emits each of `events` unless one has told of its response before: a tool sends an event again when it gets no answer, and a file that was
/// renamed is read again. Returns whether there are any.
fn emit(scan: &mut SourceScan<'_>, events: Vec<Response>, path: &Path) -> bool {
    let has_events = !events.is_empty();
    for event in events {
        // The record of the log has another key.
        let key = hash_64(format!("{TELEMETRY}\n{}", event.id).as_bytes());
        let id = scan.known_id(hash_64(event.id.as_bytes())).unwrap_or_else(|| event.id.clone());
        let mut record = response::record(scan, Response { id, ..event });
        // Of the same response, the log tells more. A newer version wins over a complete copy, an incomplete one loses against it.
        record.parser_version -= 1;
        scan.emit_better(key, record, path);
    }
    has_events
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

/// Emits the responses of a file that is read from its start. Those before a damaged place count.
fn read_file<R: EventReader>(
    scan: &mut SourceScan<'_>,
    entry: &FileEntry,
    has_events: &mut bool,
) -> Result<(), String> {
    let path = &entry.path;
    let mut number = 0;
    let mut take = |responses: Vec<Response>, result: Result<(), String>| {
        number += 1;
        *has_events |= emit(scan, responses, path);
        if let Err(reason) = result {
            scan.bad_line(path, number, reason);
        }
    };
    let input = archive::open(path).map_err(|error| error.kind().to_string())?;
    let end = if is_protobuf(path) {
        protobuf::read::<R>(input, take)
    } else {
        jsonl::read_lines(input, u64::MAX, |line| {
            let mut responses = Vec::new();
            let result = match line {
                Line::Text(text) => parse_line(&mut EventLines::<R>::default(), text, &mut responses),
                Line::TooLong => Err("line longer than 64 MiB".to_owned()),
            };
            take(responses, result);
        })
        .map(|_| ())
    };
    end.map_err(
        |error| if is_archive(path) { format!("damaged archive: {}", error.kind()) } else { error.kind().to_string() },
    )
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    memchr::memmem::find(bytes, needle.as_bytes()).is_some()
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

/// Whether a file has one of the extensions, before what rotation and compression add: `otlp.json`, `otlp.json.1`, `otlp.json-20261130.gz`.
fn is_of_kind(path: &Path, extensions: &[&str]) -> bool {
    let mut parts = file_name(path).split('.').skip(1).filter_map(|part| part.split('-').next());
    parts.any(|part| extensions.contains(&part))
}

#[cfg(test)]
mod tests;
