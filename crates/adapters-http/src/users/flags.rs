//! `GET /users/me/flags`: whether the caller's usage is believed.

use actix_web::web::Data;
use domain::plausibility::{Flags, Plausibility, Reason, StandingFlag};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::json::Instant;
use crate::routes::Routes;

pub(super) fn routes() -> Routes {
    crate::routes![flags: Token(Read);]
}

/// What is known about the plausibility of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flags)]
struct FlagsBody {
    /// How hard the usage is to believe: the score of the strongest reason, 0 without any.
    #[schema(minimum = 0, maximum = 100)]
    score: u8,
    /// The strongest first.
    reasons: Vec<ReasonBody>,
    /// An administrator's decision that keeps the account off the boards; null where none stands.
    standing: Option<StandingBody>,
}

/// Why the usage is hard to believe.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlagReason)]
pub(crate) struct ReasonBody {
    #[schema(pattern = "^(output_rate|hourly_rate|daily_volume|unknown_models|shared_messages|same_days)$")]
    kind: &'static str,
    message: String,
    /// 1 is a remark, 100 cannot be.
    #[schema(minimum = 1, maximum = 100)]
    score: u8,
    first_seen: Instant,
    last_seen: Instant,
}

/// An administrator's decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StandingFlag)]
struct StandingBody {
    reason: String,
    created_at: Instant,
    /// Null: until it is lifted.
    expires_at: Option<Instant>,
}

impl From<Flags> for FlagsBody {
    fn from(flags: Flags) -> Self {
        Self {
            score: flags.score(),
            reasons: flags.reasons.into_iter().map(ReasonBody::from).collect(),
            standing: flags.standing.map(StandingBody::from),
        }
    }
}

impl From<Reason> for ReasonBody {
    fn from(reason: Reason) -> Self {
        Self {
            kind: reason.kind.name(),
            message: reason.message,
            score: reason.score,
            first_seen: reason.first_seen.into(),
            last_seen: reason.last_seen.into(),
        }
    }
}

impl From<StandingFlag> for StandingBody {
    fn from(flag: StandingFlag) -> Self {
        Self { reason: flag.reason, created_at: flag.created_at.into(), expires_at: flag.expires_at.map(Instant::from) }
    }
}

/// Whether the caller's usage is believed
///
/// The worker looks every hour. What it finds is advice and changes nothing: only an administrator's decision, with a reason,
/// keeps somebody off the boards. What a change of the usage refutes is gone with the next look.
#[utoipa::path(
    get, path = "/me/flags", tag = "Users",
    responses((status = 200, description = "The reasons, and what was decided", body = FlagsBody, example = json!({
        "score": 13,
        "reasons": [{"kind": "daily_volume", "score": 13,
                     "message": "20,000,000,000 tokens were used on 2026-11-22. People with many agents do reach that, mostly by \
                                 reading caches, so this is a remark and no more.",
                     "first_seen": "2026-11-22T12:10:00Z", "last_seen": "2026-11-23T09:10:00Z"}],
        "standing": {"reason": "The same history as another account.", "created_at": "2026-11-22T12:34:56.789Z",
                     "expires_at": null},
    })))
)]
async fn flags(caller: Caller, plausibility: Data<Plausibility>) -> ApiResult<Json<FlagsBody>> {
    Ok(Json(plausibility.flags(caller.id).await?.into()))
}
