//! What the ledger needs from outside.

/// Stores messages and what is derived from them.
pub trait LedgerRepository: Send {}
