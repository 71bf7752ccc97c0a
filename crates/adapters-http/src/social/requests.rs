//! Follow requests to the caller's private profile.

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
use crate::users::{UserPath, username};

pub(super) fn routes() -> Routes {
    crate::routes![
        requests: Token(Read);
        accept: Session;
        decline: Session;
    ]
}

/// List follow requests to the caller
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

/// Accept a follow request
#[utoipa::path(
    post, path = "/me/follow-requests/{username}", tag = "Social",
    params(UserPath),
    responses(
        (status = 204, description = "The user follows the caller"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn accept(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.accept(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}

/// Decline a follow request
///
/// It is no error when there is none. The user can request again.
#[utoipa::path(
    delete, path = "/me/follow-requests/{username}", tag = "Social",
    params(UserPath),
    responses(
        (status = 204, description = "The request is declined"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn decline(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.decline(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}
