//! Errors of referrals.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
use crate::ids::UserId;

/// Why a use case of referrals failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum ReferralError {
    #[error("There is no such user.")]
    UnknownUser(UserId),
    /// No account has the code.
    #[error("No account has this referral code. Check the code.")]
    UnknownCode(String),
    /// The code is the caller's own.
    #[error("You cannot use your own referral code.")]
    Yourself,
    /// The caller has a referrer already.
    #[error("This account already has a referrer.")]
    AlreadyReferred,
    /// The account is older than [`WINDOW`](super::WINDOW).
    #[error("A referral code can be entered only within 24 hours after registration.")]
    TooLate,
    /// The owner of the code was referred by the caller, directly or through others.
    #[error("The owner of this code was referred by this account, directly or through others.")]
    Circle,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for ReferralError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::UnknownUser(id) => ErrorKind::NotFound.about("User", "id", id),
            Self::UnknownCode(code) => ErrorKind::NotFound.about("ReferralCode", "referral_code", code),
            Self::Yourself | Self::TooLate | Self::Circle => ErrorKind::Invalid.into(),
            Self::AlreadyReferred => ErrorKind::Conflict.in_field("Referral", "referred_id"),
            Self::Store(error) => error.details(),
        }
    }
}
