//! Errors of following and of the feed.

use thiserror::Error;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
use crate::ids::ActivityId;
use crate::users::Username;

/// Why a use case of following or of the feed failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum SocialError {
    /// The follower and the followed account are the same.
    #[error("You cannot follow yourself.")]
    Yourself,
    #[error("There is no user {0}.")]
    UnknownUser(Username),
    /// The profile is hidden from the caller.
    #[error("This profile is private. Only its followers can see it.")]
    Private,
    #[error("You already follow {0}.")]
    AlreadyFollowing(Username),
    /// The request is waiting for an answer.
    #[error("You already have a pending request to follow {0}.")]
    AlreadyRequested(Username),
    /// There is no such request, or it was withdrawn.
    #[error("There is no pending request of {0} to follow you.")]
    NoRequest(Username),
    /// The page is to follow an activity that was removed, or never existed.
    #[error("There is no activity {0}. Start at the first page.")]
    UnknownActivity(ActivityId),
    /// This process has reached its limit of streams, or is shutting down.
    #[error("The limit of live streams is reached. Try again later.")]
    NoRoom,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for SocialError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::Yourself => ErrorKind::Invalid.into(),
            Self::UnknownUser(name) => ErrorKind::NotFound.about("User", "username", name),
            Self::NoRequest(name) => ErrorKind::NotFound.about("FollowRequest", "username", name),
            Self::UnknownActivity(id) => ErrorKind::NotFound.about("Activity", "id", id),
            Self::Private => ErrorKind::Forbidden.into(),
            Self::NoRoom => ErrorKind::Unavailable.into(),
            Self::AlreadyFollowing(name) => ErrorKind::Conflict.about("Follow", "username", name),
            Self::AlreadyRequested(name) => ErrorKind::Conflict.about("FollowRequest", "username", name),
            Self::Store(error) => error.details(),
        }
    }
}
