//! The referrer of an account.

use crate::ids::UserId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferredBy {
    pub referrer: UserId,
    /// Whether the referral was paid.
    pub is_paid: bool,
}
