//! `/referrals`: the caller's code, clicks on its link, naming somebody's code, and what came of it.

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

/// Where links with a code lead.
#[derive(Debug, Clone)]
pub struct ReferralLinks {
    frontend_url: String,
}

impl ReferralLinks {
    /// They lead to the frontend at `frontend_url`, which has no slash at the end.
    pub fn to(frontend_url: impl Into<String>) -> Self {
        Self { frontend_url: frontend_url.into() }
    }

    /// The link of `code`: the first page of the frontend, which reads `ref` and tells `POST /referrals/click`.
    fn of(&self, code: impl Display) -> String {
        format!("{}/?ref={code}", self.frontend_url)
    }
}

/// The caller's referral code
///
/// It stays the same. Case does not matter, and the letters I, L and O are taken for the digits they look like.
#[utoipa::path(
    get, path = "/code", tag = "Referrals",
    responses((status = 200, description = "The code, and a link with it", body = CodeBody,
               example = json!({"code": "7K3M9QXZ", "url": "https://app.example.org/?ref=7K3M9QXZ"})))
)]
async fn code(caller: Caller, referrals: Data<Referrals>, links: Data<ReferralLinks>) -> ApiResult<Json<CodeBody>> {
    let code = referrals.code(caller.id).await?;
    Ok(Json(CodeBody { url: links.of(&code), code: code.to_string() }))
}

/// Note a click on somebody's link
///
/// One visitor counts once a day. The answer is the same for codes that nobody has.
#[utoipa::path(
    post, path = "/click", tag = "Referrals",
    request_body(content = ReferralBody, example = json!({"referral_code": "7K3M9QXZ"})),
    responses((status = 200, description = "It was heard", body = ClickedBody, example = json!({"success": true})))
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

/// Name who brought the caller along
///
/// For those who signed up without a code, within 24 hours, once. The XP are paid with the caller's first sync; if there was
/// one already, they are paid now.
#[utoipa::path(
    post, path = "/track", tag = "Referrals",
    request_body(content = ReferralBody, example = json!({"referral_code": "7K3M9QXZ"})),
    responses(
        (status = 200, description = "The caller has a referrer, and what that paid so far", body = TrackedBody,
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

/// What the caller's referrals have come to
///
/// People count from sign-up on, XP when they are paid. Of those who came by the caller's own code, the newest hundred are
/// listed.
#[utoipa::path(
    get, path = "/stats", tag = "Referrals",
    responses((status = 200, description = "People, XP and clicks", body = StatsBody, example = json!(stats_example())))
)]
async fn stats(caller: Caller, referrals: Data<Referrals>) -> ApiResult<Json<StatsBody>> {
    Ok(Json(referrals.stats(caller.id).await?.into()))
}
