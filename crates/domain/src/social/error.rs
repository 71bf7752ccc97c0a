//! What can go wrong between people.

use thiserror::Error;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::users::Username;

/// Why a use case of following or of the feed failed; nothing was changed.
#[derive(Debug, Error)]
pub enum SocialError {
    /// It would be about oneself.
    #[error("You cannot follow yourself.")]
    Yourself,
    /// Nobody is called that.
    #[error("There is no such user.")]
    UnknownUser(Username),
    /// The profile is not for the one who asks.
    #[error("This profile is private.")]
    Private,
    /// The person is followed.
    #[error("You follow this user already.")]
    AlreadyFollowing(Username),
    /// The person was asked and has not answered.
    #[error("You have asked this user already.")]
    AlreadyRequested(Username),
    /// The person did not ask, or has taken it back.
    #[error("This user has not asked to follow you.")]
    NoRequest(Username),
    /// As many people listen to this process as it bears, or it is about to end.
    #[error("There is no room for another stream right now.")]
    NoRoom,
    /// The store failed.
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
    fn each_error_between_people_is_as_the_api_promises() {
        assert_promises([
            (SocialError::Yourself, ErrorKind::Invalid, "follow_yourself", None, "You cannot follow yourself."),
            (
                SocialError::UnknownUser(Username::trusted("ada")),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "username", "ada")),
                "There is no such user.",
            ),
            (SocialError::Private, ErrorKind::Forbidden, "private_profile", None, "This profile is private."),
            (
                SocialError::AlreadyFollowing(Username::trusted("ada")),
                ErrorKind::Conflict,
                "already_following",
                Some(Subject::new("Follow", "username", "ada")),
                "You follow this user already.",
            ),
            (
                SocialError::AlreadyRequested(Username::trusted("ada")),
                ErrorKind::Conflict,
                "already_requested",
                Some(Subject::new("FollowRequest", "username", "ada")),
                "You have asked this user already.",
            ),
            (
                SocialError::NoRequest(Username::trusted("ada")),
                ErrorKind::NotFound,
                "no_follow_request",
                Some(Subject::new("FollowRequest", "username", "ada")),
                "This user has not asked to follow you.",
            ),
            (
                SocialError::NoRoom,
                ErrorKind::Unavailable,
                "no_room",
                None,
                "There is no room for another stream right now.",
            ),
        ]);
    }
}
