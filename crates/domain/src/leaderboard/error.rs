//! Errors of leaderboards.

use thiserror::Error;

use super::season::SeasonMonth;
use crate::error::{DomainError, ErrorKind, StoreError, Subject};

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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotSignedIn => ErrorKind::Unauthenticated,
            Self::Unranked(_) | Self::UnknownSeason(_) => ErrorKind::NotFound,
            Self::Private => ErrorKind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "not_signed_in",
            Self::Unranked(_) => "unranked",
            Self::UnknownSeason(_) => "unknown_season",
            Self::Private => "private_profile",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Unranked(username) => Some(Subject::new("LeaderboardEntry", "username", username.clone())),
            Self::UnknownSeason(month) => Some(Subject::new("Season", "season", month.to_string())),
            Self::NotSignedIn | Self::Private => None,
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn leaderboard_errors_keep_api_contract() {
        assert_promises([
            (
                LeaderboardError::NotSignedIn,
                ErrorKind::Unauthenticated,
                "not_signed_in",
                None,
                "The friends board needs a signed-in user. Sign in first.",
            ),
            (
                LeaderboardError::Unranked("bob".into()),
                ErrorKind::NotFound,
                "unranked",
                Some(Subject::new("LeaderboardEntry", "username", "bob")),
                "The user bob is not on this board.",
            ),
            (
                LeaderboardError::UnknownSeason(SeasonMonth::of(date!(2026 - 10 - 31))),
                ErrorKind::NotFound,
                "unknown_season",
                Some(Subject::new("Season", "season", "2026-10")),
                "There is no season 2026-10. A month becomes a season after it has ended.",
            ),
            (
                LeaderboardError::Private,
                ErrorKind::Forbidden,
                "private_profile",
                None,
                "This profile is private. Only its followers can see it.",
            ),
        ]);
    }
}
