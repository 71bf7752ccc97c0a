//! Lists and counts of followers and followed users; removal of a follower.

use actix_web::web::Data;
use domain::social::Social;

use super::bodies::{ContactBody, StatsBody, page_example};
use crate::answer::{NoContent, Revalidated};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::openapi::failures;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::users::{UserPath, Visible, username};

pub(super) fn routes() -> Routes {
    crate::routes![
        followers: Optional(Read);
        following: Optional(Read);
        follow_stats: Optional(Read);
        remove_follower: Session;
    ]
}

/// List a user's followers
///
/// The newest first.
#[utoipa::path(
    get, path = "/{username}/followers", tag = "Social",
    params(UserPath, Paging),
    responses(
        (status = 200, description = "A page of followers", body = PageBody<ContactBody>,
         example = json!(page_example("followed_at"))),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn followers(
    Visible(profile): Visible,
    query: Query<Paging>,
    social: Data<Social>,
) -> ApiResult<Revalidated<PageBody<ContactBody>>> {
    Ok(Revalidated(social.followers(profile.user.id, profile.viewer, query.read()?.into()).await?.into()))
}

/// List the accounts a user follows
///
/// The newest first.
#[utoipa::path(
    get, path = "/{username}/following", tag = "Social",
    params(UserPath, Paging),
    responses(
        (status = 200, description = "A page of followed users", body = PageBody<ContactBody>,
         example = json!(page_example("followed_at"))),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn following(
    Visible(profile): Visible,
    query: Query<Paging>,
    social: Data<Social>,
) -> ApiResult<Revalidated<PageBody<ContactBody>>> {
    Ok(Revalidated(social.following(profile.user.id, profile.viewer, query.read()?.into()).await?.into()))
}

/// Count a user's followers and followed users
#[utoipa::path(
    get, path = "/{username}/follow-stats", tag = "Social",
    params(UserPath),
    responses(
        (status = 200, description = "The counts", body = StatsBody, example = json!({
            "followers_count": 3, "following_count": 2, "is_following": true, "follows_me": false,
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn follow_stats(Visible(profile): Visible, social: Data<Social>) -> ApiResult<Revalidated<StatsBody>> {
    Ok(Revalidated(social.stats(profile.user.id, profile.viewer).await?.into()))
}

/// Remove one of the caller's followers
///
/// It is no error when the user does not follow the caller. The user no longer sees a private profile.
#[utoipa::path(
    delete, path = "/me/followers/{username}", tag = "Social",
    params(UserPath),
    responses(
        (status = 204, description = "The user does not follow the caller"),
        failures::BadRequest, failures::NotFound,
    )
)]
async fn remove_follower(caller: Caller, path: PathArgs, social: Data<Social>) -> ApiResult<NoContent> {
    social.remove_follower(caller.id, &username(&path)?).await?;
    Ok(NoContent)
}
