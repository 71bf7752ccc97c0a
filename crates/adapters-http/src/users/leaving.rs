//! `DELETE /users/me`: deletion of the caller's account.

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

/// A deletion of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deletion)]
struct DeletionBody {
    /// The instant at which the account is purged.
    deletion_at: Instant,
}

/// Delete the caller's account
///
/// The account is hidden at once, its sessions end and its API tokens are revoked. A sign-in within 30 days restores it. After that
/// it is purged with everything it owns, and its username and address are free again. Requires a session.
#[utoipa::path(
    delete, path = "/me", tag = "Users",
    responses(
        (status = 202, description = "The account is deleted, and purged at that instant", body = DeletionBody,
         example = json!({"deletion_at": "2026-12-22T12:34:56.789Z"})),
        failures::NotFound,
    )
)]
async fn leave(caller: Caller, users: Data<Users>) -> ApiResult<Accepted<DeletionBody>> {
    Ok(Accepted(DeletionBody { deletion_at: users.leave(caller.id).await?.into() }))
}
