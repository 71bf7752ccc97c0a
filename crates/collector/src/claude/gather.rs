//! From lines to responses.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use crate::content::Timestamp;
use crate::fingerprint::{hash_64, hash_id};
use crate::scan::{SourceScan, saturated};
use crate::state::SentResponse;

use super::parse::ResponseLine;

/// Responses at the end of what was read that may get more lines.
const MAY_GROW: usize = 16;

/// The responses of a file, by what their lines have in common, each with the place of its last line.
#[derive(Default)]
pub(super) struct Responses {
    responses: HashMap<String, (ResponseLine, usize)>,
    lines: usize,
}

/// The key of lines that belong together.
fn key(line: &ResponseLine) -> String {
    match (&line.message_id, &line.request_id, &line.uuid) {
        (Some(message), None, _) if is_gateway_id(message) => {
            format!("{message}\n{}", line.session.as_deref().unwrap_or_default())
        }
        (Some(id), ..) | (None, Some(id), _) | (None, None, Some(id)) => id.clone(),
        (None, None, None) => String::new(),
    }
}

/// Gateways to other models count their ids anew in each session.
fn is_gateway_id(message_id: &str) -> bool {
    !message_id.starts_with("msg_")
}

/// One whole line wins: that of the main thread, because a side question repeats the response with another request id; then the one with
/// the largest output, then the largest total. Maxima of single counts would be a response that never was.
fn rank(line: &ResponseLine) -> (bool, u64, u64) {
    (!line.is_side_chain, line.tokens.output, line.tokens.total())
}

impl ResponseLine {
    /// Whether two lines of one file certainly belong together.
    pub(super) fn is_same_response(&self, other: &Self) -> bool {
        self.message_id.is_some()
            && self.message_id == other.message_id
            && self.request_id == other.request_id
            && self.session == other.session
            && self.is_side_chain == other.is_side_chain
    }

    /// Takes in another line of the response, from the same file. Of equal lines, the last has what is known best.
    pub(super) fn merge(&mut self, mut other: Self) {
        if rank(&other) >= rank(self) {
            std::mem::swap(self, &mut other);
        }
        self.timestamp = self.timestamp.min(other.timestamp);
        self.is_finished |= other.is_finished;
        self.lines += other.lines;
        // Some versions leave the request id out of some lines.
        if self.request_id.is_none() && self.is_side_chain == other.is_side_chain {
            self.request_id = other.request_id;
        }
    }
}

impl Responses {
    pub(super) fn add(&mut self, line: ResponseLine) {
        self.lines += 1;
        match self.responses.entry(key(&line)) {
            Entry::Vacant(entry) => {
                entry.insert((line, self.lines));
            }
            Entry::Occupied(mut entry) => {
                let (known, place) = entry.get_mut();
                known.merge(line);
                *place = self.lines;
            }
        }
    }

    /// Emits the responses that are new, or better than what was emitted before: by an earlier scan, or from a file that this one was
    /// copied from.
    pub(super) fn emit(self, scan: &mut SourceScan<'_>, path: &Path) {
        for (key, (response, place)) in self.responses {
            emit(scan, &key, response, place + MAY_GROW > self.lines, path);
        }
    }
}

fn emit(scan: &mut SourceScan<'_>, key: &str, best: ResponseLine, may_grow: bool, path: &Path) {
    let (mut earliest, mut is_finished) = (best.timestamp, best.is_finished);
    let key = hash_64(key.as_bytes());
    scan.report.copies_merged += best.lines - 1;
    if let Some(sent) = scan.next.sent.get(&key) {
        earliest = Timestamp::from_integer(sent.timestamp_ms).map_or(earliest, |sent| earliest.min(sent));
        is_finished |= !sent.incomplete;
        let (is_main, output, total) = rank(&best);
        let new = (is_main, saturated(output), total, is_finished);
        if new <= (!sent.is_side_chain, sent.output, sent.total, !sent.incomplete) {
            scan.report.copies_merged += 1;
            return;
        }
    }
    let sent = SentResponse {
        timestamp_ms: earliest.milliseconds(),
        output: saturated(best.tokens.output),
        total: best.tokens.total(),
        incomplete: !is_finished,
        is_side_chain: best.is_side_chain,
        is_new: true,
    };
    let id = id(&best, earliest);
    // Of most responses no later line has another id. Remembering all would cost more than the rest of the state.
    let may_change = may_grow || best.is_side_chain || best.request_id.is_none() || scan.is_recent(earliest);
    let id = if may_change { scan.settled_message_id(key, earliest, &id) } else { scan.known_id(key).unwrap_or(id) };
    let mut record = scan.record(id, earliest, best.model, best.tokens);
    record.session = best.session;
    record.project = best.working_directory.and_then(|directory| scan.projects.name(&directory));
    record.agent = best.agent;
    record.service_tier = best.service_tier;
    record.reported_cost_nanousd = best.cost_nanousd;
    record.incomplete = !is_finished;
    for (number, (model, tokens)) in best.advisors.into_iter().enumerate() {
        let mut advisor = record.clone();
        advisor.id = format!("{}#advisor:{number}", record.id);
        (advisor.model, advisor.tokens, advisor.reported_cost_nanousd) = (model, tokens, None);
        scan.emit(advisor, path);
    }
    if scan.emit(record, path) {
        scan.next.sent.insert(key, sent);
    }
}

/// The request id, because telemetry has it too; without it the message id, without both the id of the line.
fn id(line: &ResponseLine, earliest: Timestamp) -> String {
    match (&line.request_id, &line.message_id, &line.uuid) {
        (Some(request), ..) => request.clone(),
        (None, Some(message), _) if is_gateway_id(message) => hash_id(&[message, &earliest.milliseconds()]),
        (None, Some(id), _) | (None, None, Some(id)) => id.clone(),
        // The parser refuses a line without any id.
        (None, None, None) => String::new(),
    }
}
