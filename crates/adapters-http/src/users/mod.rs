//! `/users`: profiles, and what people used.

mod compare;
mod export;
mod figures;
mod flags;
mod leaving;
mod patch;
mod profile;
mod visible;

use actix_web::web::Data;
use domain::dashboard::Dashboard;
use domain::referrals::Referrals;
use domain::users::{UserError, Username, Users, ViewedProfile};

use crate::answer::{Json, Revalidated};
use crate::body::Body;
use crate::caller::{Caller, MaybeCaller};
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::openapi::failures;
use crate::routes::Routes;
use patch::ProfilePatch;
use profile::ProfileBody;

pub use export::Downloads;
pub(crate) use flags::ReasonBody;
pub(crate) use visible::Visible;

/// The routes of profiles.
pub fn routes() -> Routes {
    let own = leaving::routes().and(export::routes()).and(flags::routes());
    crate::routes![
        profile: Optional(Read);
        change: Session;
    ]
    .and(own)
    .and(figures::routes())
    .and(compare::routes())
    .under("/users")
}

/// The username in the path. What cannot be one is nobody's.
pub(crate) fn username(path: &PathArgs) -> ApiResult<Username> {
    named(path, "username")
}

/// The username in the part of the path called `part`.
fn named(path: &PathArgs, part: &'static str) -> ApiResult<Username> {
    let text = path.text(part)?;
    Ok(Username::parse(&text).map_err(|_| UserError::unknown(text))?)
}

/// A profile
///
/// Of a private profile, strangers see id, username, name and image; the rest is null. The owner also sees e-mail address,
/// time zone and referral code.
#[utoipa::path(
    get, path = "/{username}", tag = "Users",
    params(("username" = String, Path, description = "Whose, without regard to case")),
    responses(
        (status = 200, description = "The profile", body = ProfileBody, example = json!(profile::example())),
        (status = 304, description = "What the client has is still right"),
        failures::NotFound,
    )
)]
async fn profile(
    caller: MaybeCaller,
    path: PathArgs,
    dashboard: Data<Dashboard>,
    referrals: Data<Referrals>,
) -> ApiResult<Revalidated<ProfileBody>> {
    let profile = dashboard.profile(&username(&path)?, caller.id()).await?;
    let code = referrals.own_code(profile.user.id, caller.id()).await?;
    Ok(Revalidated(ProfileBody::seen_by(caller.id(), profile, code)))
}

/// Change the caller's profile
///
/// What is absent stays; null clears what can be null. A new time zone moves the whole history to its days. A profile that
/// turns private keeps its followers; one that turns public lets in whoever had asked to follow it, and is back on
/// the boards with the refresh that this asks for, which begins within ten minutes.
#[utoipa::path(
    patch, path = "/me", tag = "Users",
    request_body(content = ProfilePatch, example = json!({"bio": "Counts tokens.", "region": "EU", "image": null})),
    responses(
        (status = 200, description = "The caller's profile after it", body = ProfileBody,
         example = json!(profile::own_example())),
        failures::NotFound, failures::Conflict,
    )
)]
async fn change(
    caller: Caller,
    body: Body<ProfilePatch>,
    users: Data<Users>,
    dashboard: Data<Dashboard>,
    referrals: Data<Referrals>,
) -> ApiResult<Json<ProfileBody>> {
    let own = ViewedProfile::own(users.change(caller.id, body.read().await?.into()).await?);
    let overview = dashboard.overview(&own).await?;
    let code = referrals.code(caller.id).await?;
    Ok(Json(ProfileBody::own(own.user, &overview, Some(code))))
}
