//! What can go wrong with achievements.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::ids::AchievementId;
use crate::store::StoreError;

/// Why a use case of achievements failed; nothing was changed.
#[derive(Debug, Error)]
pub enum AchievementError {
    /// There is no such achievement, or it is not unlocked.
    #[error("This achievement is not unlocked.")]
    Locked(AchievementId),
    /// As many are pinned as may be.
    #[error("No more than {0} achievements can be pinned.")]
    TooManyPinned(usize),
    /// The profile is not for the one who asks.
    #[error("This profile is private.")]
    Private,
    /// The store failed.
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
