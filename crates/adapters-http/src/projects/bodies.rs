//! Projects as JSON.

use domain::projects::{Description, Project, ProjectChange, ProjectDetails, Title};
use domain::users::WebUrl;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;
use crate::validation::{Change, Fields, FromFields, checks};

/// A project on a profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub(super) struct ProjectBody {
    id: Uuid,
    created_at: Instant,
    updated_at: Instant,
    url: String,
    title: Option<String>,
    description: Option<String>,
    /// Always null: the server does not request the address.
    og_image_url: Option<String>,
    /// Always null: the server does not request the address.
    og_description: Option<String>,
    /// Always null: the server does not request the address.
    favicon_url: Option<String>,
    is_featured: bool,
}

impl From<Project> for ProjectBody {
    fn from(Project { id, details, created_at, updated_at }: Project) -> Self {
        Self {
            id: id.0,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
            url: details.url.as_str().to_owned(),
            title: details.title.map(|title| title.to_string()),
            description: details.description.map(|description| description.to_string()),
            og_image_url: None,
            og_description: None,
            favicon_url: None,
            is_featured: details.is_featured,
        }
    }
}

/// A project to be added.
#[derive(Debug, ToSchema)]
#[schema(as = NewProject)]
pub(super) struct NewProjectBody {
    /// An http or https address.
    #[schema(value_type = String, max_length = 500,
             pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb/?#:][^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    url: WebUrl,
    /// One line without control or formatting characters.
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 100,
             pattern = r"^[^\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    title: Option<Title>,
    /// Up to 500 characters, which may have line breaks.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    description: Option<Description>,
    /// Whether to list it first; false when absent.
    #[schema(value_type = Option<bool>, required = false)]
    is_featured: bool,
}

impl FromFields for NewProjectBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let url = fields.required("url", checks::value(WebUrl::parse));
        let title = fields.nullable("title", checks::value(Title::parse));
        let description = fields.nullable("description", checks::value(Description::parse));
        let is_featured = fields.nullable("is_featured", checks::boolean);
        Some(Self {
            url: url?,
            title: title?,
            description: description?,
            is_featured: is_featured?.unwrap_or_default(),
        })
    }
}

impl From<NewProjectBody> for ProjectDetails {
    fn from(NewProjectBody { url, title, description, is_featured }: NewProjectBody) -> Self {
        Self { title, description, url, is_featured }
    }
}

/// A change of a project: absent keeps; null clears the title or the description, and keeps the others.
#[derive(Debug, ToSchema)]
#[schema(as = ProjectChange)]
pub(super) struct ProjectPatch {
    /// An http or https address.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb/?#:][^\s\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    url: Option<WebUrl>,
    /// One line without control or formatting characters.
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 100,
             pattern = r"^[^\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    title: Change<Option<Title>>,
    /// Up to 500 characters, which may have line breaks.
    #[schema(value_type = Option<String>, required = false, max_length = 500,
             pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    description: Change<Option<Description>>,
    /// Whether to list it first.
    #[schema(value_type = Option<bool>, required = false)]
    is_featured: Option<bool>,
}

impl FromFields for ProjectPatch {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let url = fields.nullable("url", checks::value(WebUrl::parse));
        let title = fields.clearable("title", checks::value(Title::parse));
        let description = fields.clearable("description", checks::value(Description::parse));
        let is_featured = fields.nullable("is_featured", checks::boolean);
        Some(Self { url: url?, title: title?, description: description?, is_featured: is_featured? })
    }
}

impl From<ProjectPatch> for ProjectChange {
    fn from(ProjectPatch { url, title, description, is_featured }: ProjectPatch) -> Self {
        Self { title: title.into_option(), description: description.into_option(), url, is_featured }
    }
}

/// A project, for the API's document.
pub(super) fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
        "updated_at": "2026-11-22T12:34:56.789Z", "url": "https://ada.example.org/engine", "title": "Engine",
        "description": "Computes anything.", "og_image_url": null, "og_description": null, "favicon_url": null,
        "is_featured": true,
    })
}
