//! Errors of following and of the feed.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
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
    /// This process has reached its limit of streams, or is shutting down.
    #[error("The limit of live streams is reached. Try again later.")]
    NoRoom,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for SocialError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Yourself => ErrorKind::Invalid,
            Self::UnknownUser(_) | Self::NoRequest(_) => ErrorKind::NotFound,
            Self::Private => ErrorKind::Forbidden,
            Self::NoRoom => ErrorKind::Unavailable,
            Self::AlreadyFollowing(_) | Self::AlreadyRequested(_) => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Yourself => "follow_yourself",
            Self::UnknownUser(_) => "unknown_user",
            Self::Private => "private_profile",
            Self::NoRoom => "no_room",
            Self::AlreadyFollowing(_) => "already_following",
            Self::AlreadyRequested(_) => "already_requested",
            Self::NoRequest(_) => "no_follow_request",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        let about = |resource, name: &Username| Some(Subject::new(resource, "username", name.as_str()));
        match self {
            Self::UnknownUser(name) => about("User", name),
            Self::AlreadyFollowing(name) => about("Follow", name),
            Self::AlreadyRequested(name) | Self::NoRequest(name) => about("FollowRequest", name),
            Self::Yourself | Self::Private | Self::NoRoom => None,
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn social_errors_keep_api_contract() {
        assert_promises([
            (SocialError::Yourself, ErrorKind::Invalid, "follow_yourself", None, "You cannot follow yourself."),
            (
                SocialError::UnknownUser(Username::trusted("ada")),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "username", "ada")),
                "There is no user ada.",
            ),
            (
                SocialError::Private,
                ErrorKind::Forbidden,
                "private_profile",
                None,
                "This profile is private. Only its followers can see it.",
            ),
            (
                SocialError::AlreadyFollowing(Username::trusted("ada")),
                ErrorKind::Conflict,
                "already_following",
                Some(Subject::new("Follow", "username", "ada")),
                "You already follow ada.",
            ),
            (
                SocialError::AlreadyRequested(Username::trusted("ada")),
                ErrorKind::Conflict,
                "already_requested",
                Some(Subject::new("FollowRequest", "username", "ada")),
                "You already have a pending request to follow ada.",
            ),
            (
                SocialError::NoRequest(Username::trusted("ada")),
                ErrorKind::NotFound,
                "no_follow_request",
                Some(Subject::new("FollowRequest", "username", "ada")),
                "There is no pending request of ada to follow you.",
            ),
            (
                SocialError::NoRoom,
                ErrorKind::Unavailable,
                "no_room",
                None,
                "The limit of live streams is reached. Try again later.",
            ),
        ]);
    }
}
