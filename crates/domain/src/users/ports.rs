//! What profiles need from outside.

/// Stores accounts.
pub trait UserRepository: Send {}
