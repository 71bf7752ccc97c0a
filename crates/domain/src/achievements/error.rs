//! Errors of achievements.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
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
    fn details(&self) -> ErrorDetails {
        match self {
            Self::Locked(id) => ErrorKind::NotFound.about("Achievement", "id", id),
            Self::TooManyPinned(_) => ErrorKind::Conflict.in_field("Achievement", "pinned"),
            Self::Private => ErrorKind::Forbidden.into(),
            Self::Store(error) => error.details(),
        }
    }
}
