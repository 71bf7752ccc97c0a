//! `GET /users/me/flags`: the plausibility of the caller's usage.

use actix_web::web::Data;
use domain::plausibility::{FlagReason, Flags, Plausibility, StandingFlag};
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
    /// The score of the strongest reason; 0 without reasons.
    #[schema(minimum = 0, maximum = 100)]
    score: u8,
    /// The reasons, the strongest first.
    reasons: Vec<ReasonBody>,
    /// The flag of an administrator that keeps the account off the boards; null without one.
    standing: Option<StandingBody>,
}

/// Why the usage is implausible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlagReason)]
pub(crate) struct ReasonBody {
    #[schema(pattern = "^(output_rate|hourly_rate|daily_volume|unknown_models|shared_messages|same_days)$")]
    kind: &'static str,
    message: String,
    /// From 1, a remark, to 100, impossible.
    #[schema(minimum = 1, maximum = 100)]
    score: u8,
    first_seen: Instant,
    last_seen: Instant,
}

/// The flag of an administrator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StandingFlag)]
struct StandingBody {
    reason: String,
    created_at: Instant,
    /// Null: the flag does not expire.
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

impl From<FlagReason> for ReasonBody {
    fn from(reason: FlagReason) -> Self {
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

/// Show the plausibility of the caller's usage
///
/// The worker checks it every hour. A finding changes nothing: only the flag of an administrator, with a reason, keeps an account
/// off the boards. A finding that no longer holds disappears with the next check.
#[utoipa::path(
    get, path = "/me/flags", tag = "Users",
    responses((status = 200, description = "The findings, and the flag", body = FlagsBody, example = json!({
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
