//! `DELETE /users/me`: leaving.

use actix_web::web::Data;
use domain::users::Users;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Accepted;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::json::Instant;
use crate::openapi::failures;
use crate::routes::Routes;

pub(super) fn routes() -> Routes {
    crate::routes![leave: Session;]
}

/// What becomes of an account that was deleted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deletion)]
struct DeletionBody {
    /// When it is gone for good.
    deletion_at: Instant,
}

/// Delete the caller's account
///
/// Nobody finds it from now on, its sessions end and its API tokens are revoked. Whoever signs in to it within 30 days brings it
/// back as it was; after that it is removed with everything it owns, and its username and address are free again. Only a
/// session may ask.
#[utoipa::path(
    delete, path = "/me", tag = "Users",
    responses(
        (status = 202, description = "It is deleted, and gone for good at that time", body = DeletionBody,
         example = json!({"deletion_at": "2026-12-22T12:34:56.789Z"})),
        failures::NotFound,
    )
)]
async fn leave(caller: Caller, users: Data<Users>) -> ApiResult<Accepted<DeletionBody>> {
    Ok(Accepted(DeletionBody { deletion_at: users.leave(caller.id).await?.into() }))
}
