//! A follow, and what lists of them show.

use time::OffsetDateTime;

use super::error::SocialError;
use crate::ids::UserId;
use crate::progression::Level;
use crate::users::{Username, WebUrl};

/// Somebody follows somebody else, or asks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow {
    /// Who follows.
    pub follower: UserId,
    /// Who is followed.
    pub following: UserId,
    /// Since when, or when it was asked.
    pub created_at: OffsetDateTime,
}

impl Follow {
    /// A follow from `now`; nobody follows themselves.
    pub fn new(follower: UserId, following: UserId, now: OffsetDateTime) -> Result<Self, SocialError> {
        if follower == following {
            return Err(SocialError::Yourself);
        }
        Ok(Self { follower, following, created_at: now })
    }
}

/// What became of the wish to follow somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The profile is public.
    Now(Follow),
    /// The profile is private, and its owner is asked.
    Requested,
}

/// Somebody in a list of followers, of followed people or of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The account.
    pub id: UserId,
    /// Its username.
    pub username: Username,
    /// The name to show.
    pub name: Option<String>,
    /// The picture.
    pub image: Option<WebUrl>,
    /// What they say about themselves; `None` also when the viewer may not see it.
    pub bio: Option<String>,
    /// How far they have come; `None` when the viewer may not see it.
    pub level: Option<Level>,
    /// Since when they follow or are followed, or when they asked; `None` when the viewer may neither see them nor owns the
    /// list.
    pub since: Option<OffsetDateTime>,
}

/// How many follow a person and are followed by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FollowStats {
    /// How many follow them.
    pub followers: u64,
    /// How many they follow.
    pub following: u64,
    /// How the viewer stands to them; `None` for nobody and for themselves.
    pub relation: Option<Relation>,
}

/// How a viewer stands to another person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relation {
    /// Whether the viewer follows the person.
    pub is_following: bool,
    /// Whether the person follows the viewer.
    pub follows_me: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    #[test]
    fn nobody_follows_themselves() {
        let (ada, bob) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let now = datetime!(2026-11-22 12:00 UTC);
        assert!(matches!(Follow::new(ada, ada, now), Err(SocialError::Yourself)));
        let follow = Follow::new(ada, bob, now).expect("a follow");
        assert_eq!((follow.follower, follow.following, follow.created_at), (ada, bob, now));
    }
}
