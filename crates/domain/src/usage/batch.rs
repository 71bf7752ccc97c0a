//! A sync request: checked for shape, not yet for plausibility.

use time::OffsetDateTime;

use super::message::Protocol;
#[cfg(doc)]
use super::message::Reading;
use super::names::{MachineId, ModelName, ProjectName, Provider, Source};
use crate::days::Zone;

/// A sync request. All its messages share tool and machine.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncBatch {
    /// The machine whose logs were read.
    pub machine: MachineId,
    /// The tool that wrote the logs.
    pub source: Source,
    /// The client's time zone, if it states one.
    pub zone: Option<Zone>,
    /// The client's protocol.
    pub protocol: Protocol,
    /// How the client counts tokens.
    pub conventions: TokenConventions,
    /// The version of the client's parser, at most [`Reading::LATEST_PARSER`]; 0 for protocol 2.
    pub parser_version: u16,
    /// The instant since which a client of protocol 3 has read everything of the tool on the machine, if it states one.
    pub handover_from: Option<OffsetDateTime>,
    /// Whether to report the result and keep nothing.
    pub dry_run: bool,
    /// The messages in the order of the request.
    pub messages: Vec<SentMessage>,
    /// Invalid parts that were ignored.
    pub warnings: Vec<Warning>,
}

/// An invalid part of a request that was ignored because nothing depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The class of the problem: `field_ignored`, `too_many_projects` or `handover_ignored`.
    pub code: &'static str,
    /// The first field concerned (`timezone`, `messages[3].project`).
    pub field: String,
    /// The reason, as text.
    pub message: String,
}

/// How a client counts tokens. The default is that of protocol 2: all kinds are disjoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenConventions {
    /// `input` contains what was read from a cache.
    pub input_includes_cached: bool,
    /// `output` contains the reasoning.
    pub reasoning_included_in_output: bool,
}

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The tool's own id of the message, 1 to 200 characters.
    pub id: Box<str>,
    /// When the model answered.
    pub at: OffsetDateTime,
    pub model: ModelName,
    /// The provider of the model, if the client knows it.
    pub provider: Option<Provider>,
    /// The project that the message was for, if the client sends it.
    pub project: Option<ProjectName>,
    /// Input tokens, counted by the request's [`TokenConventions`].
    pub input: u64,
    /// Output tokens, counted by the request's [`TokenConventions`].
    pub output: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: u64,
    /// Reasoning tokens.
    pub reasoning: u64,
    /// The client knows that the counts are below the truth.
    pub is_incomplete: bool,
}
