//! What can go wrong with referrals.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::ids::UserId;

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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn each_error_of_referrals_is_as_the_api_promises() {
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
                "Nobody has this referral code.",
            ),
            (ReferralError::Yourself, ErrorKind::Invalid, "refer_yourself", None, "You cannot refer yourself."),
            (
                ReferralError::AlreadyReferred,
                ErrorKind::Conflict,
                "already_referred",
                Some(Subject::unnamed("Referral", "referred_id")),
                "You have a referrer already.",
            ),
            (
                ReferralError::TooLate,
                ErrorKind::Invalid,
                "too_late_for_referral",
                None,
                "A referral code can be named within 24 hours after signing up.",
            ),
            (ReferralError::Circle, ErrorKind::Invalid, "referral_circle", None, "This person came here through you."),
        ]);
    }
}
