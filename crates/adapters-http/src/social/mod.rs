//! `/users/…/follow` and what belongs to it: following, lists, requests.

mod bodies;
mod lists;
mod requests;

use actix_web::Either;
use actix_web::web::Data;
use domain::social::{Followed, Social};

use crate::answer::{Accepted, Created, NoContent};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::users::username;
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

/// Follow somebody
///
/// The owner of a private profile is asked first. A profile that turns public lets in whoever had asked.
#[utoipa::path(
    post, path = "/{username}/follow", tag = "Social",
    params(("username" = String, Path, description = "Whom, without regard to case")),
    responses(
        (status = 201, description = "The caller follows them", body = FollowBody, example = json!({
            "follower_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b",
            "following_id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
        })),
        (status = 202, description = "The profile is private, and its owner is asked", body = RequestedBody,
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
        Followed::Now(follow) => Either::Left(Created(follow.into())),
        Followed::Requested => Either::Right(Accepted(RequestedBody::default())),
    })
}

/// Unfollow somebody
///
/// Also takes back a request. Nothing to end is no error.
#[utoipa::path(
    delete, path = "/{username}/follow", tag = "Social",
    params(("username" = String, Path, description = "Whom, without regard to case")),
    responses(
        (status = 204, description = "The caller neither follows them nor asks to"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn unfollow(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.unfollow(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}
