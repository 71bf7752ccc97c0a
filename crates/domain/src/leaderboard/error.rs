//! What can go wrong with boards.

use thiserror::Error;

use super::season::SeasonMonth;
use crate::error::{DomainError, ErrorKind, StoreError, Subject};

/// Why a use case of boards failed.
#[derive(Debug, Error)]
pub enum LeaderboardError {
    /// Only who is signed in has friends.
    #[error("Sign in to see how your friends do.")]
    NotSignedIn,
    /// Nobody of that name is on the board, or not for the caller.
    #[error("There is no such entry.")]
    Unranked(String),
    /// That month is not frozen.
    #[error("There is no such season.")]
    UnknownSeason(SeasonMonth),
    /// The account does not show that to strangers.
    #[error("This profile is private.")]
    Private,
    /// The store failed.
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
    fn each_error_of_boards_is_as_the_api_promises() {
        assert_promises([
            (
                LeaderboardError::NotSignedIn,
                ErrorKind::Unauthenticated,
                "not_signed_in",
                None,
                "Sign in to see how your friends do.",
            ),
            (
                LeaderboardError::Unranked("bob".into()),
                ErrorKind::NotFound,
                "unranked",
                Some(Subject::new("LeaderboardEntry", "username", "bob")),
                "There is no such entry.",
            ),
            (
                LeaderboardError::UnknownSeason(SeasonMonth::of(date!(2026 - 10 - 31))),
                ErrorKind::NotFound,
                "unknown_season",
                Some(Subject::new("Season", "season", "2026-10")),
                "There is no such season.",
            ),
            (LeaderboardError::Private, ErrorKind::Forbidden, "private_profile", None, "This profile is private."),
        ]);
    }
}
