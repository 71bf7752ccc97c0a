//! The referrer of an account.

use crate::ids::UserId;

/// By whom somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferredBy {
    /// Whose code it was.
    pub referrer: UserId,
    /// Whether the referral was paid.
    pub is_paid: bool,
}
