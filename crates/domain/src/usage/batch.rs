//! What one sync request says: checked for shape, not yet for plausibility.

use time::OffsetDateTime;

use super::names::{MachineId, ModelName, Provider, Source};
use crate::days::Zone;

/// One sync request. All its messages share tool and machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The machine the logs were read on.
    pub machine: MachineId,
    /// The tool that wrote the logs.
    pub source: Source,
    /// The zone the client runs in, where it says so.
    pub zone: Option<Zone>,
    /// How this client counts.
    pub conventions: Conventions,
    /// Whether to answer as if, and keep nothing.
    pub dry_run: bool,
    /// The messages in the order they were sent.
    pub messages: Vec<SentMessage>,
    /// What was wrong with it and was ignored.
    pub warnings: Vec<Warning>,
}

/// Something in a request that was ignored: it is about nothing that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What sort of thing: `field_ignored`.
    pub code: &'static str,
    /// Where it is (`timezone`, `messages[3].project`); of several, the first.
    pub field: String,
    /// Why, for people.
    pub message: String,
}

/// How a client counts. The default is what protocol 2 clients do: all kinds disjoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conventions {
    /// `input` contains what was read from a cache.
    pub input_includes_cached: bool,
    /// `output` contains the reasoning.
    pub reasoning_included_in_output: bool,
}

/// One message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The tool's own id of the message, 1 to 200 characters.
    pub id: Box<str>,
    /// When the model answered.
    pub at: OffsetDateTime,
    /// The model that answered.
    pub model: ModelName,
    /// Who served the model, where the client knows.
    pub provider: Option<Provider>,
    /// Input tokens, counted by the request's [`Conventions`].
    pub input: u64,
    /// Output tokens, counted by the request's [`Conventions`].
    pub output: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: u64,
    /// Tokens the model thought with.
    pub reasoning: u64,
}
