//! A response as a parser understood it, for tools whose lines and documents hold whole responses.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::content::Timestamp;
use crate::fingerprint::hash_64;
use crate::scan::SourceScan;
use crate::{Record, Tokens};

/// What becomes a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) id: String,
    /// What names the message in the source's logs, where the id is made of counts that may still change.
    pub(crate) message: Option<String>,
    pub(crate) timestamp: Timestamp,
    pub(crate) model: String,
    pub(crate) tokens: Tokens,
    pub(crate) provider: Option<String>,
    pub(crate) session: Option<String>,
    /// Working directory, from which the project follows.
    pub(crate) directory: Option<String>,
    /// The project where the tool names it instead of a directory.
    pub(crate) project: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) service_tier: Option<String>,
    pub(crate) cost_nanousd: Option<u64>,
    pub(crate) is_cumulative: bool,
    /// The counts are known to be below the truth.
    pub(crate) is_incomplete: bool,
}

impl Response {
    pub(crate) fn new(id: String, timestamp: Timestamp, model: String, tokens: Tokens) -> Self {
        Self {
            id,
            message: None,
            timestamp,
            model,
            tokens,
            provider: None,
            session: None,
            directory: None,
            project: None,
            agent: None,
            service_tier: None,
            cost_nanousd: None,
            is_cumulative: false,
            is_incomplete: false,
        }
    }
}

/// Emits responses that an earlier scan did not.
pub(crate) fn emit(scan: &mut SourceScan<'_>, responses: impl IntoIterator<Item = Response>, path: &Path) {
    for mut response in responses {
        if let Some(message) = response.message.take() {
            response.id = scan.settled_message_id(hash_64(message.as_bytes()), response.timestamp, &response.id);
        }
        let record = record(scan, response);
        scan.emit_changed(record, path);
    }
}

/// The record of a response.
pub(crate) fn record(scan: &mut SourceScan<'_>, response: Response) -> Record {
    let project = response.directory.and_then(|directory| scan.projects.name(&directory));
    let mut record = scan.record(response.id, response.timestamp, response.model.into(), response.tokens);
    record.provider = response.provider.filter(|provider| !provider.is_empty()).map(Into::into);
    record.session = response.session.map(Into::into);
    record.project = project.or_else(|| response.project.map(Into::into));
    record.agent = response.agent.map(Into::into);
    record.service_tier = response.service_tier.map(Into::into);
    record.reported_cost_nanousd = response.cost_nanousd;
    record.cumulative = response.is_cumulative;
    record.incomplete = response.is_incomplete;
    record
}

/// What was understood of a document, and the reasons why the rest was refused.
pub(crate) type ParsedDocument<T> = (Vec<T>, Vec<String>);

/// The last response of each message of the source, in the order of the first, and how many there were before it: tools that append write a message
/// again when it changes.
pub(crate) fn last_of_each(written: impl IntoIterator<Item = (String, Response)>) -> (Vec<Response>, u64) {
    let mut places: HashMap<String, usize> = HashMap::new();
    let (mut last, mut copies) = (Vec::new(), 0);
    for (message, mut response) in written {
        if message != response.id {
            response.message = Some(message.clone());
        }
        if let Some(place) = places.get(&message) {
            last[*place] = response;
            copies += 1;
        } else {
            places.insert(message, last.len());
            last.push(response);
        }
    }
    (last, copies)
}
