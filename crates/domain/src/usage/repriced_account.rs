//! An account with messages that got a price later.

use time::OffsetDateTime;

use crate::ids::UserId;
use crate::money::Usd;
use crate::pricing::Edition;

/// Whose messages got a price, by which edition of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepricedAccount {
    /// Whose.
    pub user: UserId,
    /// By which edition.
    pub edition: Edition,
    /// When; of several parts, the last one.
    pub at: OffsetDateTime,
    /// How many messages.
    pub messages: u64,
    /// What they cost.
    pub cost: Usd,
}
