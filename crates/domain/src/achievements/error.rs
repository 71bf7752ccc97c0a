//! Errors of achievements.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::ids::AchievementId;

/// Why a use case of achievements failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum AchievementError {
    /// The achievement does not exist, or is not unlocked.
    #[error("This achievement is not unlocked. Only unlocked achievements can be pinned.")]
    Locked(AchievementId),
    #[error("Pin limit reached ({0}). Unpin an achievement first.")]
    TooManyPinned(usize),
    /// The profile is hidden from the caller.
    #[error("This profile is private. Only its followers can see it.")]
    Private,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for AchievementError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked(_) => ErrorKind::NotFound,
            Self::TooManyPinned(_) => ErrorKind::Conflict,
            Self::Private => ErrorKind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "achievement_locked",
            Self::TooManyPinned(_) => "too_many_pinned",
            Self::Private => "private_profile",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Locked(id) => Some(Subject::new("Achievement", "id", id.to_string())),
            Self::TooManyPinned(_) => Some(Subject::unnamed("Achievement", "pinned")),
            Self::Private => None,
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
    fn achievement_errors_keep_api_contract() {
        assert_promises([
            (
                AchievementError::Locked(AchievementId(Uuid::from_u128(7))),
                ErrorKind::NotFound,
                "achievement_locked",
                Some(Subject::new("Achievement", "id", "00000000-0000-0000-0000-000000000007")),
                "This achievement is not unlocked. Only unlocked achievements can be pinned.",
            ),
            (
                AchievementError::TooManyPinned(6),
                ErrorKind::Conflict,
                "too_many_pinned",
                Some(Subject::unnamed("Achievement", "pinned")),
                "Pin limit reached (6). Unpin an achievement first.",
            ),
            (
                AchievementError::Private,
                ErrorKind::Forbidden,
                "private_profile",
                None,
                "This profile is private. Only its followers can see it.",
            ),
        ]);
    }
}
