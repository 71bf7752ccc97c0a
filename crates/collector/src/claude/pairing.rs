//! Responses without the id of their request, which some gateways do not pass on.
//!
//! Log and telemetry have no id in common then. Both have the session, and the counts of the input, which are the same from the first line of a
//! response to its end. So an event gets the id of a logged response with these: with the same output if the log has its end, else with
//! more. A response is logged before its event is sent, so an event that finds none within some minutes is of a call that is in no log.

use std::collections::HashMap;
use std::mem;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::Duration;

use crate::Tokens;
use crate::content::Timestamp;
use crate::fingerprint::hash_id;
use crate::response::Response;
use crate::scan::SourceScan;

use super::parse::ResponseLine;

/// How long an event waits for the log.
const WAIT: Duration = Duration::minutes(10);

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Pairing {
    /// Logged responses that no event was paired with, by what both have.
    logged: HashMap<String, Vec<Logged>>,
    /// Events that were paired with no response, each with its file.
    waiting: Vec<(Response, PathBuf)>,
}

#[derive(Serialize, Deserialize)]
struct Logged {
    id: String,
    timestamp: Timestamp,
    output: u64,
    is_finished: bool,
}

impl Logged {
    fn is_told_by(&self, event: &Response) -> bool {
        let output = event.tokens.output;
        if self.is_finished { output == self.output } else { output >= self.output }
    }
}

fn key(session: Option<&str>, tokens: Tokens) -> String {
    hash_id(&[&session.unwrap_or_default(), &tokens.input, &tokens.cache_read, &tokens.cache_write])
}

impl Pairing {
    /// Adds a logged response, or what is new of one that was added.
    pub(super) fn add_logged(&mut self, line: &ResponseLine, id: &str, is_finished: bool, is_new: bool) {
        let logged = self.logged.entry(key(line.session.as_deref(), line.tokens)).or_default();
        if let Some(known) = logged.iter_mut().find(|known| known.id == id) {
            (known.output, known.is_finished) = (line.tokens.output, is_finished);
        } else if is_new {
            let output = line.tokens.output;
            logged.push(Logged { id: id.to_owned(), timestamp: line.timestamp, output, is_finished });
        }
    }

    pub(super) fn add_event(&mut self, event: Response, path: &Path) {
        if !self.waiting.iter().any(|(known, _)| known.message == event.message) {
            self.waiting.push((event, path.to_path_buf()));
        }
    }

    /// Returns the events that have the id of a logged response now, and those that have waited long enough for one.
    pub(super) fn settle(&mut self, scan: &SourceScan<'_>) -> Vec<(Response, PathBuf)> {
        let (mut settled, waiting) = (Vec::new(), mem::take(&mut self.waiting));
        for (mut event, path) in waiting {
            if let Some(id) = self.take_logged(&event) {
                event.id = id;
                settled.push((event, path));
            } else if event.timestamp.0 < scan.now() - WAIT {
                settled.push((event, path));
            } else {
                self.waiting.push((event, path));
            }
        }
        self.logged.retain(|_, logged| {
            logged.retain(|logged| scan.is_recent(logged.timestamp));
            !logged.is_empty()
        });
        settled
    }

    fn take_logged(&mut self, event: &Response) -> Option<String> {
        let logged = self.logged.get_mut(&key(event.session.as_deref(), event.tokens))?;
        let fits =
            |finished: bool| logged.iter().position(|known| known.is_finished == finished && known.is_told_by(event));
        let place = fits(true).or_else(|| fits(false))?;
        Some(logged.remove(place).id)
    }
}
