//! Follows and people in lists as JSON.

use domain::progression::Level;
use domain::social::{Contact, Follow, FollowStats};
use domain::users::WebUrl;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;

/// Somebody follows somebody else.
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

/// The owner of a private profile is asked.
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

/// Somebody in a list. Bio and level are null where the caller may not see them, and so is the time unless the list is the
/// caller's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub(super) struct ContactBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    bio: Option<String>,
    level: Option<u64>,
    /// Since when they follow or are followed.
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

/// Somebody who asks to follow. Bio and level are null where the caller may not see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowRequest)]
pub(super) struct RequestBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    bio: Option<String>,
    level: Option<u64>,
    /// Always there: the list is the caller's own.
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

/// How many follow a person and are followed by them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowStats)]
pub(super) struct StatsBody {
    followers_count: u64,
    following_count: u64,
    /// Whether the caller follows the person; null for nobody and for themselves.
    is_following: Option<bool>,
    /// Whether the person follows the caller; null for nobody and for themselves.
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

/// A page of people, for the API's document; `since` names the field with the time.
pub(super) fn page_example(since: &str) -> Value {
    json!({
        "items": [{
            "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "name": "Ada", "image": null,
            "bio": "Counts tokens.", "level": 2, since: "2026-11-22T12:34:56.789Z",
        }],
        "total": 1, "page": 1, "size": 50, "pages": 1,
    })
}
