//! Follows, and the entries of their lists.

use time::OffsetDateTime;

use super::error::SocialError;
use crate::ids::UserId;
use crate::progression::Level;
use crate::users::{Username, WebUrl};

/// A follow, or a request to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow {
    pub follower: UserId,
    pub following: UserId,
    /// When the follow, or the request, was made.
    pub created_at: OffsetDateTime,
}

impl Follow {
    /// A follow from `now`. An account cannot follow itself.
    pub fn new(follower: UserId, following: UserId, now: OffsetDateTime) -> Result<Self, SocialError> {
        if follower == following {
            return Err(SocialError::Yourself);
        }
        Ok(Self { follower, following, created_at: now })
    }
}

/// The result of following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowOutcome {
    /// The profile is public.
    Now(Follow),
    /// The profile is private; its owner decides.
    Requested,
}

/// An account in a list of followers, followed accounts or requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub id: UserId,
    pub username: Username,
    /// The display name.
    pub name: Option<String>,
    pub image: Option<WebUrl>,
    /// `None` also if the viewer may not see it.
    pub bio: Option<String>,
    /// `None` if the viewer may not see it.
    pub level: Option<Level>,
    /// When the follow or request was made; `None` if the viewer may not see the account and does not own the list.
    pub since: Option<OffsetDateTime>,
}

/// The numbers of followers and followed accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FollowStats {
    pub followers: u64,
    pub following: u64,
    /// The viewer's relation to the account; `None` for an anonymous viewer and the owner.
    pub relation: Option<Relation>,
}

/// The relation of a viewer to another account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relation {
    /// Whether the viewer follows the account.
    pub is_following: bool,
    /// Whether the account follows the viewer.
    pub follows_me: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    #[test]
    fn follow_oneself_is_refused() {
        let (ada, bob) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let now = datetime!(2026-11-22 12:00 UTC);
        assert!(matches!(Follow::new(ada, ada, now), Err(SocialError::Yourself)));
        let follow = Follow::new(ada, bob, now).expect("a follow");
        assert_eq!((follow.follower, follow.following, follow.created_at), (ada, bob, now));
    }
}
