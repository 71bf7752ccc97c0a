//! What can go wrong with referrals.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::ids::UserId;
use crate::store::StoreError;

/// Why a use case of referrals failed; nothing was changed.
#[derive(Debug, Error)]
pub enum ReferralError {
    /// There is no such account.
    #[error("There is no such user.")]
    UnknownUser(UserId),
    /// Nobody has that code.
    #[error("Nobody has this referral code.")]
    UnknownCode(String),
    /// It is the caller's own.
    #[error("You cannot refer yourself.")]
    Yourself,
    /// Somebody referred the caller before.
    #[error("You have a referrer already.")]
    AlreadyReferred,
    /// The account is too old to have come by a code.
    #[error("A referral code can be named within 24 hours after signing up.")]
    TooLate,
    /// Whose code it is came, over however many others, by the caller's.
    #[error("This person came here through you.")]
    Circle,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for ReferralError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownUser(_) | Self::UnknownCode(_) => ErrorKind::NotFound,
            Self::Yourself | Self::TooLate | Self::Circle => ErrorKind::Invalid,
            Self::AlreadyReferred => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownUser(_) => "unknown_user",
            Self::UnknownCode(_) => "unknown_referral_code",
            Self::Yourself => "refer_yourself",
            Self::AlreadyReferred => "already_referred",
            Self::TooLate => "too_late_for_referral",
            Self::Circle => "referral_circle",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::UnknownUser(id) => Some(Subject::new("User", "id", id.to_string())),
            Self::UnknownCode(code) => Some(Subject::new("ReferralCode", "referral_code", code.clone())),
            Self::AlreadyReferred => Some(Subject::unnamed("Referral", "referred_id")),
            Self::Yourself | Self::TooLate | Self::Circle => None,
            Self::Store(error) => error.subject(),
        }
    }
}
