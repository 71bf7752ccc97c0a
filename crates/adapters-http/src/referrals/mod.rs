//! `/referrals`: the caller's code, clicks on its link, the choice of a referrer, and the results.

mod bodies;

use std::fmt::Display;

use actix_web::HttpRequest;
use actix_web::web::Data;
use domain::referrals::Referrals;

use crate::answer::Json;
use crate::body::Body;
use crate::caller::{Caller, device};
use crate::error::ApiResult;
use crate::openapi::failures;
use crate::routes::Routes;
use bodies::{ClickedBody, CodeBody, ReferralBody, StatsBody, TrackedBody, stats_example};

/// The routes of referrals.
pub fn routes() -> Routes {
    crate::routes![
        code: Token(Read);
        click: Public;
        track: Session;
        stats: Token(Read);
    ]
    .under("/referrals")
}

/// The target of links with a code.
#[derive(Debug, Clone)]
pub struct ReferralLinks {
    frontend_url: String,
}

impl ReferralLinks {
    /// Links lead to the frontend at `frontend_url`, which has no slash at the end.
    pub fn to(frontend_url: impl Into<String>) -> Self {
        Self { frontend_url: frontend_url.into() }
    }

    /// The link of `code`: the first page of the frontend, which reads `ref` and calls `POST /referrals/click`.
    fn of(&self, code: impl Display) -> String {
        format!("{}/?ref={code}", self.frontend_url)
    }
}

/// Show the caller's referral code
///
/// The code does not change. Case does not matter, and the letters I, L and O are read as the digits they resemble.
#[utoipa::path(
    get, path = "/code", tag = "Referrals",
    responses((status = 200, description = "The code, and a link with it", body = CodeBody,
               example = json!({"code": "7K3M9QXZ", "url": "https://app.example.org/?ref=7K3M9QXZ"})))
)]
async fn code(caller: Caller, referrals: Data<Referrals>, links: Data<ReferralLinks>) -> ApiResult<Json<CodeBody>> {
    let code = referrals.code(caller.id).await?;
    Ok(Json(CodeBody { url: links.of(&code), code: code.to_string() }))
}

/// Record a click on a referral link
///
/// A visitor counts once a day. The answer is the same for an unknown code.
#[utoipa::path(
    post, path = "/click", tag = "Referrals",
    request_body(content = ReferralBody, example = json!({"referral_code": "7K3M9QXZ"})),
    responses((status = 200, description = "The click is recorded", body = ClickedBody, example = json!({"success": true})))
)]
async fn click(
    request: HttpRequest,
    body: Body<ReferralBody>,
    referrals: Data<Referrals>,
) -> ApiResult<Json<ClickedBody>> {
    let ReferralBody { referral_code } = body.read().await?;
    referrals.click(&referral_code, &device(&request)).await?;
    Ok(Json(ClickedBody { success: true }))
}

/// Set the caller's referrer
///
/// For an account that registered without a code, within 24 hours, once. XP are awarded with the caller's first sync, or now if
/// there was one.
#[utoipa::path(
    post, path = "/track", tag = "Referrals",
    request_body(content = ReferralBody, example = json!({"referral_code": "7K3M9QXZ"})),
    responses(
        (status = 200, description = "The caller has a referrer; the XP awarded so far", body = TrackedBody,
         example = json!({"success": true, "xp_awarded": {"level1": 25, "level2": 6.25, "level3": 2.5}})),
        failures::NotFound, failures::Conflict,
    )
)]
async fn track(
    request: HttpRequest,
    caller: Caller,
    body: Body<ReferralBody>,
    referrals: Data<Referrals>,
) -> ApiResult<Json<TrackedBody>> {
    let ReferralBody { referral_code } = body.read().await?;
    Ok(Json(referrals.track(caller.id, &referral_code, &device(&request)).await?.into()))
}

/// Show the results of the caller's referrals
///
/// Users count from registration on, XP when they are awarded. The newest hundred users with the caller's code are listed.
#[utoipa::path(
    get, path = "/stats", tag = "Referrals",
    responses((status = 200, description = "Users, XP and clicks", body = StatsBody, example = json!(stats_example())))
)]
async fn stats(caller: Caller, referrals: Data<Referrals>) -> ApiResult<Json<StatsBody>> {
    Ok(Json(referrals.stats(caller.id).await?.into()))
}
