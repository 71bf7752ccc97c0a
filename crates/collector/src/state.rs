//! What the next scan needs to know: how far each file was read, and which responses were returned.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::Stamp;
use crate::fingerprint::hash_64;

/// The shape of the state. A state of another version counts as lost.
const VERSION: u32 = 1;

/// What a scan leaves for the next one. It is opaque, and serialises to JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// Shared, because a caller may scan one source after the other.
    sources: BTreeMap<String, Arc<SourceState>>,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, sources: BTreeMap::new() }
    }
}

impl State {
    /// What is known of a source, if the same version of its reader left it: a newer reader reads everything again.
    pub(crate) fn source(&self, source: &str, parser_version: u16) -> Option<&Arc<SourceState>> {
        let state = self.sources.get(source)?;
        (self.version == VERSION && state.parser_version == parser_version).then_some(state)
    }

    /// Takes over what is known of a source that is not read now.
    pub(crate) fn keep_source(&mut self, source: &str, parser_version: u16, known: &Self) {
        if let Some(state) = known.source(source, parser_version) {
            self.sources.insert(source.to_owned(), state.clone());
        }
    }

    pub(crate) fn set_source(&mut self, source: &str, state: SourceState) {
        self.sources.insert(source.to_owned(), Arc::new(state));
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceState {
    pub(crate) parser_version: u16,
    pub(crate) files: BTreeMap<String, FileState>,
    /// Responses that were returned, by the 64-bit hash of their key.
    pub(crate) sent: HashMap<u64, SentResponse>,
    /// The ids of messages of the last days, and their times in milliseconds, by the 64-bit hash of what names the message in the log.
    /// Of tools that write a message several times, each time perhaps with what makes another id.
    #[serde(default)]
    pub(crate) recent_ids: HashMap<u64, (String, i64)>,
    /// What the reader knows across files.
    #[serde(default)]
    pub(crate) context: Value,
}

/// How far a file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileState {
    pub(crate) stamp: Stamp,
    /// Bytes up to and including the last complete line.
    pub(crate) offset: u64,
    /// Lines up to there.
    pub(crate) line: u64,
    /// Hash of the first bytes, at most 4 KiB of those before the offset.
    pub(crate) head: u64,
    /// Hash of the last bytes before the offset, at most 4 KiB.
    pub(crate) tail: u64,
    /// What the reader knows at the offset.
    pub(crate) context: Value,
}

/// A response that was returned. Serialises as a tuple: there are many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SentResponseTuple", into = "SentResponseTuple")]
pub(crate) struct SentResponse {
    pub(crate) timestamp_ms: i64,
    pub(crate) output: u64,
    pub(crate) total: u64,
    pub(crate) incomplete: bool,
    pub(crate) is_side_chain: bool,
}

type SentResponseTuple = (i64, u64, u64, u8);

impl From<SentResponseTuple> for SentResponse {
    fn from((timestamp_ms, output, total, flags): SentResponseTuple) -> Self {
        Self { timestamp_ms, output, total, incomplete: flags & 1 != 0, is_side_chain: flags & 2 != 0 }
    }
}

impl From<SentResponse> for SentResponseTuple {
    fn from(sent: SentResponse) -> Self {
        let flags = u8::from(sent.incomplete) | u8::from(sent.is_side_chain) << 1;
        (sent.timestamp_ms, sent.output, sent.total, flags)
    }
}

/// The name of a path in the state. A path that is not UTF-8 has a hash, so that two never share one.
pub(crate) fn path_key(path: &Path) -> String {
    match path.to_str() {
        Some(path) => path.to_owned(),
        None => format!("{}#{:016x}", path.display(), hash_64(path.as_os_str().as_encoded_bytes())),
    }
}
