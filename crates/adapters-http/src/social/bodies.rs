//! Follows and people in lists as JSON.

use domain::progression::Level;
use domain::social::{Contact, Follow, FollowStats};
use domain::users::WebUrl;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;

/// A follow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Follow)]
pub(super) struct FollowBody {
    follower_id: Uuid,
    following_id: Uuid,
    created_at: Instant,
}

impl From<Follow> for FollowBody {
    fn from(follow: Follow) -> Self {
        Self { follower_id: follow.follower.0, following_id: follow.following.0, created_at: follow.created_at.into() }
    }
}

/// A follow request to a private profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowRequested)]
pub(super) struct RequestedBody {
    #[schema(pattern = "^requested$")]
    status: &'static str,
}

impl Default for RequestedBody {
    fn default() -> Self {
        Self { status: "requested" }
    }
}

/// A user in a list. Bio and level are null where the caller cannot see them. The time is null unless the list is the caller's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub(super) struct ContactBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    bio: Option<String>,
    level: Option<u64>,
    /// The instant of the follow.
    followed_at: Option<Instant>,
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.0,
            username: contact.username.to_string(),
            name: contact.name,
            image: contact.image.as_ref().map(text),
            bio: contact.bio,
            level: contact.level.map(number),
            followed_at: contact.since.map(Instant::from),
        }
    }
}

/// A user who requests to follow. Bio and level are null where the caller cannot see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowRequest)]
pub(super) struct RequestBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    bio: Option<String>,
    level: Option<u64>,
    /// Never null: the list is the caller's.
    #[schema(value_type = Instant)]
    requested_at: Option<Instant>,
}

impl From<Contact> for RequestBody {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.0,
            username: contact.username.to_string(),
            name: contact.name,
            image: contact.image.as_ref().map(text),
            bio: contact.bio,
            level: contact.level.map(number),
            requested_at: contact.since.map(Instant::from),
        }
    }
}

fn text(url: &WebUrl) -> String {
    url.as_str().to_owned()
}

fn number(level: Level) -> u64 {
    level.level
}

/// The numbers of a user's followers and followed users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowStats)]
pub(super) struct StatsBody {
    followers_count: u64,
    following_count: u64,
    /// Whether the caller follows the user; null without a token and for the caller's own profile.
    is_following: Option<bool>,
    /// Whether the user follows the caller; null without a token and for the caller's own profile.
    follows_me: Option<bool>,
}

impl From<FollowStats> for StatsBody {
    fn from(stats: FollowStats) -> Self {
        Self {
            followers_count: stats.followers,
            following_count: stats.following,
            is_following: stats.relation.map(|relation| relation.is_following),
            follows_me: stats.relation.map(|relation| relation.follows_me),
        }
    }
}

/// A page of users, for the API's document; `since` is the name of the field with the instant.
pub(super) fn page_example(since: &str) -> Value {
    json!({
        "items": [{
            "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "name": "Ada", "image": null,
            "bio": "Counts tokens.", "level": 2, since: "2026-11-22T12:34:56.789Z",
        }],
        "total": 1, "page": 1, "size": 50, "pages": 1,
    })
}
