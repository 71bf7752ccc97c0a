//! Errors of referrals.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn referral_errors_keep_api_contract() {
        assert_promises([
            (
                ReferralError::UnknownUser(UserId(Uuid::from_u128(7))),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "id", "00000000-0000-0000-0000-000000000007")),
                "There is no such user.",
            ),
            (
                ReferralError::UnknownCode("k7".into()),
                ErrorKind::NotFound,
                "unknown_referral_code",
                Some(Subject::new("ReferralCode", "referral_code", "k7")),
                "No account has this referral code. Check the code.",
            ),
            (
                ReferralError::Yourself,
                ErrorKind::Invalid,
                "refer_yourself",
                None,
                "You cannot use your own referral code.",
            ),
            (
                ReferralError::AlreadyReferred,
                ErrorKind::Conflict,
                "already_referred",
                Some(Subject::unnamed("Referral", "referred_id")),
                "This account already has a referrer.",
            ),
            (
                ReferralError::TooLate,
                ErrorKind::Invalid,
                "too_late_for_referral",
                None,
                "A referral code can be entered only within 24 hours after registration.",
            ),
            (
                ReferralError::Circle,
                ErrorKind::Invalid,
                "referral_circle",
                None,
                "The owner of this code was referred by this account, directly or through others.",
            ),
        ]);
    }
}
