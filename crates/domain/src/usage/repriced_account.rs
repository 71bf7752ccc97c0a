//! The record of messages that were priced later.

use time::OffsetDateTime;

use crate::ids::UserId;
use crate::money::Usd;
use crate::pricing::Edition;

/// The messages of an account that an edition of the book priced later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepricedAccount {
    pub user: UserId,
    pub edition: Edition,
    /// The time of the last batch.
    pub at: OffsetDateTime,
    pub messages: u64,
    pub cost: Usd,
}
