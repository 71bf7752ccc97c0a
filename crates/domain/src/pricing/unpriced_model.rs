//! A model without a price.

use time::OffsetDateTime;

use crate::usage::Model;

/// The messages of a model without a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpricedModel {
    /// The model, and its provider if clients state it: the key of an override.
    pub model: Model,
    pub tokens: i64,
    pub messages: i64,
    pub people: i64,
    /// The time of the first message.
    pub first_seen: OffsetDateTime,
    /// The time of the last message.
    pub last_seen: OffsetDateTime,
    /// Whether the book knows the model by now, so that the next re-pricing will price at least some messages.
    pub is_known_by_now: bool,
}
