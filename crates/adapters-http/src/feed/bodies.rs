//! Activities as JSON.

use domain::social::FeedItem;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;

/// An activity of a user that the caller follows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activity)]
pub(super) struct ActivityBody {
    id: Uuid,
    created_at: Instant,
    user_id: Uuid,
    /// `achievement_unlocked`, `level_up`, `streak_milestone`, `rank_reached` or `badge_earned`.
    #[schema(pattern = "^(achievement_unlocked|level_up|streak_milestone|rank_reached|badge_earned)$")]
    r#type: &'static str,
    /// Details, which depend on the type.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
    user: AuthorBody,
}

/// The user of an activity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityUser)]
struct AuthorBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
}

impl From<&FeedItem> for ActivityBody {
    fn from(item: &FeedItem) -> Self {
        let FeedItem { id, created_at, kind, data, author } = item;
        Self {
            id: id.0,
            created_at: (*created_at).into(),
            user_id: author.id.0,
            r#type: kind.name(),
            // The database holds nothing but JSON there.
            data: RawValue::from_string(data.0.clone()).unwrap_or_default(),
            user: AuthorBody {
                id: author.id.0,
                username: author.username.to_string(),
                name: author.name.clone(),
                image: author.image.as_ref().map(|image| image.as_str().to_owned()),
            },
        }
    }
}

impl From<FeedItem> for ActivityBody {
    fn from(item: FeedItem) -> Self {
        Self::from(&item)
    }
}

/// An activity, for the API's document.
pub(super) fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
        "user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "type": "level_up",
        "data": {"level": 11, "title": "Apprentice"},
        "user": {"id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "name": "Ada", "image": null},
    })
}

/// A page of activities, for the API's document.
pub(super) fn page_example() -> Value {
    json!({"items": [example()], "total": 1, "page": 1, "size": 50, "pages": 1})
}
