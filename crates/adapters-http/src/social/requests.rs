//! Requests to follow the caller's private profile.

use actix_web::web::Data;
use domain::social::Social;

use super::bodies::{RequestBody, page_example};
use crate::answer::{Json, NoContent};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::openapi::failures;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::users::username;

pub(super) fn routes() -> Routes {
    crate::routes![
        requests: Token(Read);
        accept: Session;
        decline: Session;
    ]
}

/// Who asks to follow the caller
///
/// The newest first.
#[utoipa::path(
    get, path = "/me/follow-requests", tag = "Social", params(Paging),
    responses((status = 200, description = "A page of requests", body = PageBody<RequestBody>,
               example = json!(page_example("requested_at"))))
)]
async fn requests(
    caller: Caller,
    query: Query<Paging>,
    social: Data<Social>,
) -> ApiResult<Json<PageBody<RequestBody>>> {
    Ok(Json(social.requests(caller.id, query.read()?.into()).await?.into()))
}

/// Accept a request
#[utoipa::path(
    post, path = "/me/follow-requests/{username}", tag = "Social",
    params(("username" = String, Path, description = "Whose, without regard to case")),
    responses(
        (status = 204, description = "They follow the caller"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn accept(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.accept(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}

/// Decline a request
///
/// Nothing to decline is no error. They may ask again.
#[utoipa::path(
    delete, path = "/me/follow-requests/{username}", tag = "Social",
    params(("username" = String, Path, description = "Whose, without regard to case")),
    responses(
        (status = 204, description = "They do not ask any more"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn decline(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.decline(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}
