//! `/users`: profiles, and the usage of users.

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
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

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

/// The parameter of a path that names a user.
pub(crate) struct UserPath;

impl IntoParams for UserPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let username = ParameterBuilder::new().name("username").parameter_in(ParameterIn::Path);
        let username = username.description(Some("The username. Case does not matter"));
        vec![username.schema(Some(ObjectBuilder::new().schema_type(Type::String))).required(Required::True).build()]
    }
}

/// The username in the path. A text that cannot be a username is an unknown user.
pub(crate) fn username(path: &PathArgs) -> ApiResult<Username> {
    named(path, "username")
}

/// The username in the part of the path called `part`.
fn named(path: &PathArgs, part: &'static str) -> ApiResult<Username> {
    let text = path.text(part)?;
    Ok(Username::parse(&text).map_err(|_| UserError::unknown(text))?)
}

/// Show a profile
///
/// A private profile shows id, username, name and image to users who do not follow it; the rest is null. The owner also sees e-mail
/// address, time zone and referral code.
#[utoipa::path(
    get, path = "/{username}", tag = "Users",
    params(UserPath),
    responses(
        (status = 200, description = "The profile", body = ProfileBody, example = json!(profile::example())),
        failures::NotModified, failures::NotFound,
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
/// An absent field keeps its value; null clears a field that can be null. A new time zone counts the whole history again by its days.
/// A profile that turns private keeps its followers. One that turns public accepts all follow requests, and is on the boards again
/// after a refresh that begins within ten minutes.
#[utoipa::path(
    patch, path = "/me", tag = "Users",
    request_body(content = ProfilePatch, example = json!({"bio": "Counts tokens.", "region": "EU", "image": null})),
    responses(
        (status = 200, description = "The changed profile", body = ProfileBody,
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
