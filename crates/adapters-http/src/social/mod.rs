//! `/users/…/follow`: follows, lists of followers, and follow requests.

mod bodies;
mod lists;
mod requests;

use actix_web::Either;
use actix_web::web::Data;
use domain::social::{FollowOutcome, Social};

use crate::answer::{Accepted, Created, NoContent};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::users::{UserPath, username};
use bodies::{FollowBody, RequestedBody};

/// The routes of following.
pub fn routes() -> Routes {
    crate::routes![
        follow: Session;
        unfollow: Session;
    ]
    .and(lists::routes())
    .and(requests::routes())
    .under("/users")
}

/// Follow a user
///
/// A private profile receives a follow request. A profile that turns public accepts all waiting requests.
#[utoipa::path(
    post, path = "/{username}/follow", tag = "Social",
    params(UserPath),
    responses(
        (status = 201, description = "The caller follows the user", body = FollowBody, example = json!({
            "follower_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b",
            "following_id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
        })),
        (status = 202, description = "The profile is private, and has received a follow request", body = RequestedBody,
         example = json!({"status": "requested"})),
        failures::BadRequest, failures::NotFound, failures::Conflict,
    )
)]
async fn follow(
    caller: Caller,
    path: PathArgs,
    social: Data<Social>,
) -> ApiResult<Either<Created<FollowBody>, Accepted<RequestedBody>>> {
    Ok(match social.follow(caller.id, &username(&path)?).await? {
        FollowOutcome::Now(follow) => Either::Left(Created(follow.into())),
        FollowOutcome::Requested => Either::Right(Accepted(RequestedBody::default())),
    })
}

/// Unfollow a user
///
/// Also withdraws a follow request. It is no error when there is neither.
#[utoipa::path(
    delete, path = "/{username}/follow", tag = "Social",
    params(UserPath),
    responses(
        (status = 204, description = "The caller neither follows the user nor requests to"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn unfollow(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.unfollow(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}
