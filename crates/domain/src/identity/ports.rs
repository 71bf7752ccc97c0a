//! What sign-in needs from outside.

/// Stores sessions.
pub trait SessionRepository: Send {}
