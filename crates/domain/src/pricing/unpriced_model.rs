//! A model without a price.

use time::OffsetDateTime;

use crate::usage::Model;

/// What messages of one model without a price come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpricedModel {
    /// The model, and who served it where clients say so: what an override would be set for.
    pub model: Model,
    /// All their tokens.
    pub tokens: i64,
    /// How many messages.
    pub messages: i64,
    /// Of how many accounts.
    pub people: i64,
    /// The instant of the first message.
    pub first_seen: OffsetDateTime,
    /// The instant of the last message.
    pub last_seen: OffsetDateTime,
    /// Whether the book has learned the model by now, so that the next re-pricing will find a price, at least for some.
    pub is_known_by_now: bool,
}
