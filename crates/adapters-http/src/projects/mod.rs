//! Projects on profiles: `/users/{username}/projects` lists them, `/projects` changes the caller's.

mod bodies;

use actix_web::web::Data;
use domain::ids::ProjectId;
use domain::projects::Projects;

use crate::answer::{Created, Json, NoContent, Revalidated};
use crate::body::Body;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::users::{UserPath, Visible};
use bodies::{NewProjectBody, ProjectBody, ProjectPatch, example};

/// The routes of projects.
pub fn routes() -> Routes {
    crate::routes![
        list: Optional(Read);
        add: Session;
        change: Session;
        delete: Session;
        refresh: Session;
    ]
}

/// List a user's projects
///
/// Featured ones first, then the newest first.
#[utoipa::path(
    get, path = "/users/{username}/projects", tag = "Projects",
    params(UserPath),
    responses(
        (status = 200, description = "The projects", body = [ProjectBody], example = json!([example()])),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn list(Visible(profile): Visible, projects: Data<Projects>) -> ApiResult<Revalidated<Vec<ProjectBody>>> {
    let shown = projects.shown(profile.user.id, profile.viewer).await?;
    Ok(Revalidated(shown.into_iter().map(ProjectBody::from).collect()))
}

/// Add a project to the caller's profile
///
/// 409 when the account has 20 projects. The server does not request the address.
#[utoipa::path(
    post, path = "/projects", tag = "Projects",
    request_body(content = NewProjectBody, example = json!({
        "url": "https://ada.example.org/engine", "title": "Engine", "description": "Computes anything.", "is_featured": true,
    })),
    responses(
        (status = 201, description = "The project", body = ProjectBody, example = json!(example())),
        failures::NotFound, failures::Conflict,
    )
)]
async fn add(caller: Caller, body: Body<NewProjectBody>, projects: Data<Projects>) -> ApiResult<Created<ProjectBody>> {
    Ok(Created(projects.add(caller.id, body.read().await?.into()).await?.into()))
}

/// Change one of the caller's projects
///
/// An absent field keeps its value. Null clears the title or the description.
#[utoipa::path(
    patch, path = "/projects/{id}", tag = "Projects",
    params(("id" = Uuid, Path, description = "The id of the project")),
    request_body(content = ProjectPatch, example = json!({"title": "Engine", "is_featured": true})),
    responses(
        (status = 200, description = "The changed project", body = ProjectBody, example = json!(example())),
        failures::NotFound,
    )
)]
async fn change(
    caller: Caller,
    path: PathArgs,
    body: Body<ProjectPatch>,
    projects: Data<Projects>,
) -> ApiResult<Json<ProjectBody>> {
    let (id, change) = (ProjectId(path.uuid("id")?), body.read().await?.into());
    Ok(Json(projects.change(caller.id, id, change).await?.into()))
}

/// Delete one of the caller's projects
#[utoipa::path(
    delete, path = "/projects/{id}", tag = "Projects",
    params(("id" = Uuid, Path, description = "The id of the project")),
    responses((status = 204, description = "The project is deleted"), failures::NotFound)
)]
async fn delete(caller: Caller, path: PathArgs, projects: Data<Projects>) -> ApiResult<NoContent> {
    projects.delete(caller.id, ProjectId(path.uuid("id")?)).await?;
    Ok(NoContent)
}

/// Refresh one of the caller's projects
///
/// Returns the project unchanged: the server does not request the address.
#[utoipa::path(
    post, path = "/projects/{id}/refresh", tag = "Projects",
    params(("id" = Uuid, Path, description = "The id of the project")),
    responses(
        (status = 200, description = "The project", body = ProjectBody, example = json!(example())),
        failures::NotFound,
    )
)]
async fn refresh(caller: Caller, path: PathArgs, projects: Data<Projects>) -> ApiResult<Json<ProjectBody>> {
    Ok(Json(projects.find(caller.id, ProjectId(path.uuid("id")?)).await?.into()))
}
