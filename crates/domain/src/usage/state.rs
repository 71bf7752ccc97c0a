//! What an account has of a tool and a machine.

use time::OffsetDateTime;

/// Lets a reader that lost its state continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncState {
    /// The time of the newest message.
    pub newest_message_at: Option<OffsetDateTime>,
    /// All messages, those without tokens included.
    pub messages: u64,
    /// The messages of protocol 2.
    pub messages_protocol_2: u64,
    /// The instant of the handover.
    pub handover_from: Option<OffsetDateTime>,
}
