//! What the next scan needs to know: how far each file was read, and which responses were returned.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::Stamp;
use crate::fingerprint::hash_64;

/// The shape of the state. A state of another version counts as lost.
const VERSION: u32 = 2;

/// What a scan leaves for the next one. It is opaque, and serialises to JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    sources: BTreeMap<String, SourceState>,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, sources: BTreeMap::new() }
    }
}

impl State {
    /// Takes what is known of a source, if the same version of its reader left it: a newer reader reads everything again.
    pub(crate) fn take_source(&mut self, source: &str, parser_version: u16) -> Option<SourceState> {
        let state = self.sources.remove(source)?;
        (self.version == VERSION && state.parser_version == parser_version).then_some(state)
    }

    pub(crate) fn set_source(&mut self, source: &str, state: SourceState) {
        self.sources.insert(source.to_owned(), state);
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceState {
    pub(crate) parser_version: u16,
    pub(crate) files: BTreeMap<String, FileState>,
    /// Responses that were returned, by the 64-bit hash of their key.
    #[serde(with = "packed")]
    pub(crate) sent: HashMap<u64, SentResponse>,
    /// The ids of messages of the last days and of the last scan, by the 64-bit hash of what names the message in the log. Of tools that
    /// write a message several times, each time perhaps with what makes another id.
    pub(crate) recent_ids: HashMap<u64, RecentId>,
    /// What the reader knows across files.
    pub(crate) context: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecentId {
    pub(crate) id: String,
    pub(crate) timestamp_ms: i64,
    /// Seen by the present scan.
    #[serde(skip)]
    pub(crate) is_new: bool,
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

/// A response that was returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentResponse {
    pub(crate) timestamp_ms: i64,
    pub(crate) total: u64,
    /// At most `u32::MAX`, which no response has: there are hundreds of thousands of these.
    pub(crate) output: u32,
    pub(crate) incomplete: bool,
    pub(crate) is_side_chain: bool,
    /// Returned by the present scan. Not saved.
    pub(crate) is_new: bool,
}

/// Returned responses as one text: there are hundreds of thousands, and as numbers of JSON they would take three times the memory.
mod packed {
    use std::collections::HashMap;
    use std::fmt;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD_NO_PAD;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::SentResponse;

    /// Key, time with the flags in its lowest bits, total and output.
    const SIZE: usize = 28;
    const FLAGS: u32 = 2;
    /// A multiple of 3 bytes, which base64 encodes without a rest.
    const PART: usize = SIZE * 3 * 64;

    pub(super) fn serialize<S: Serializer>(
        sent: &HashMap<u64, SentResponse>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Packed(sent))
    }

    /// Written in parts, because the whole has megabytes.
    struct Packed<'a>(&'a HashMap<u64, SentResponse>);

    impl fmt::Display for Packed<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut bytes = Vec::with_capacity(PART);
            for (key, sent) in self.0 {
                let flags = i64::from(sent.incomplete) | i64::from(sent.is_side_chain) << 1;
                bytes.extend_from_slice(&key.to_le_bytes());
                bytes.extend_from_slice(&(sent.timestamp_ms << FLAGS | flags).to_le_bytes());
                bytes.extend_from_slice(&sent.total.to_le_bytes());
                bytes.extend_from_slice(&sent.output.to_le_bytes());
                if bytes.len() == PART {
                    f.write_str(&BASE64_STANDARD_NO_PAD.encode(&bytes))?;
                    bytes.clear();
                }
            }
            f.write_str(&BASE64_STANDARD_NO_PAD.encode(&bytes))
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HashMap<u64, SentResponse>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD_NO_PAD.decode(&*text).map_err(D::Error::custom)?;
        let (entries, rest) = bytes.as_chunks::<SIZE>();
        if !rest.is_empty() {
            return Err(D::Error::custom("a response is cut off"));
        }
        let mut sent = HashMap::with_capacity(entries.len());
        for entry in entries {
            let (numbers, output) = entry.as_chunks::<8>();
            let [key, time, total] = [0, 1, 2].map(|place| u64::from_le_bytes(numbers[place]));
            let (time, output) = (time.cast_signed(), output.try_into().map_or(0, u32::from_le_bytes));
            sent.insert(
                key,
                SentResponse {
                    timestamp_ms: time >> FLAGS,
                    output,
                    total,
                    incomplete: time & 1 != 0,
                    is_side_chain: time & 2 != 0,
                    is_new: false,
                },
            );
        }
        Ok(sent)
    }
}

/// The name of a path in the state. A path that is not UTF-8 has a hash, so that two never share one.
pub(crate) fn path_key(path: &Path) -> String {
    match path.to_str() {
        Some(path) => path.to_owned(),
        None => format!("{}#{:016x}", path.display(), hash_64(path.as_os_str().as_encoded_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_survives_json() {
        let sent = |timestamp_ms, incomplete, is_side_chain| SentResponse {
            timestamp_ms,
            output: u32::MAX,
            total: 7,
            incomplete,
            is_side_chain,
            is_new: false,
        };
        let mut state = State::default();
        let source = SourceState {
            sent: HashMap::from([(u64::MAX, sent(1_795_161_605_000, true, false)), (0, sent(-1, false, true))]),
            ..SourceState::default()
        };
        state.set_source("codex", source);
        assert_eq!(serde_json::from_str::<State>(&serde_json::to_string(&state).unwrap()).unwrap(), state);
        let damaged = serde_json::to_string(&state).unwrap().replace("\"sent\":\"", "\"sent\":\"AAAA");
        assert!(serde_json::from_str::<State>(&damaged).is_err());
    }
}
