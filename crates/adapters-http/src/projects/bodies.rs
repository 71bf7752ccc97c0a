//! Projects as JSON.

use domain::projects::{Description, Project, ProjectChange, ProjectDetails, Title};
use domain::users::WebUrl;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;
use crate::validation::{Clearable, Nullable, body};

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

body! {
    /// A project to be added.
    pub(super) struct NewProjectBody as "NewProject" {
        /// An http or https address.
        url: WebUrl,
        /// One line without control or formatting characters.
        title: Nullable<Title>,
        /// Up to 500 characters, which can have line breaks.
        description: Nullable<Description>,
        /// Whether to list it first; false when absent.
        is_featured: Nullable<bool>,
    }
}

impl From<NewProjectBody> for ProjectDetails {
    fn from(NewProjectBody { url, title, description, is_featured }: NewProjectBody) -> Self {
        Self { title, description, url, is_featured: is_featured.unwrap_or_default() }
    }
}

body! {
    /// A change of a project: absent keeps; null clears the title or the description, and keeps the others.
    pub(super) struct ProjectPatch as "ProjectChange" {
        /// An http or https address.
        url: Nullable<WebUrl>,
        /// One line without control or formatting characters.
        title: Clearable<Title>,
        /// Up to 500 characters, which can have line breaks.
        description: Clearable<Description>,
        /// Whether to list it first.
        is_featured: Nullable<bool>,
    }
}

impl From<ProjectPatch> for ProjectChange {
    fn from(ProjectPatch { url, title, description, is_featured }: ProjectPatch) -> Self {
        Self { title, description, url, is_featured }
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
