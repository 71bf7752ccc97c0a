//! Errors of leaderboards.

use thiserror::Error;

use super::season::SeasonMonth;
use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};

/// Why a use case of leaderboards failed.
#[derive(Debug, Error)]
pub enum LeaderboardError {
    /// A friends board without a signed-in viewer.
    #[error("The friends board needs a signed-in user. Sign in first.")]
    NotSignedIn,
    /// The user has no rank on the board, or is hidden from the caller.
    #[error("The user {0} is not on this board.")]
    Unranked(String),
    /// The month is not frozen.
    #[error("There is no season {0}. A month becomes a season after it has ended.")]
    UnknownSeason(SeasonMonth),
    /// The profile is hidden from the caller.
    #[error("This profile is private. Only its followers can see it.")]
    Private,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for LeaderboardError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::NotSignedIn => ErrorKind::Unauthenticated.into(),
            Self::Unranked(name) => ErrorKind::NotFound.about("LeaderboardEntry", "username", name),
            Self::UnknownSeason(month) => ErrorKind::NotFound.about("Season", "season", month),
            Self::Private => ErrorKind::Forbidden.into(),
            Self::Store(error) => error.details(),
        }
    }
}
