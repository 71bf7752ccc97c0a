//! `/admin/suspects`: accounts with implausible usage.

use actix_web::web::Data;
use domain::plausibility::{Plausibility, Suspect};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Admin;
use crate::answer::Json;
use crate::error::ApiResult;
use crate::input::Query;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::users::ReasonBody;
use crate::validation::{Int, Or, query};

pub(super) fn routes() -> Routes {
    crate::routes![suspects: Session;]
}

query! {
    /// `?score=1`.
    struct SuspectsQuery {
        /// Only accounts whose strongest reason has at least this score.
        score: Or<1, Int<u8, 1, 100>>,
    }
}

/// An account with implausible usage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suspect)]
struct SuspectBody {
    user_id: Uuid,
    username: String,
    /// The score of the strongest reason.
    #[schema(minimum = 0, maximum = 100)]
    score: u8,
    /// The reasons, the strongest first.
    reasons: Vec<SuspectReasonBody>,
    /// Whether a flag keeps the account off the boards now.
    is_flagged: bool,
}

/// Why the usage is implausible, as its owner reads it, and the other account that it concerns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuspectReason)]
struct SuspectReasonBody {
    #[serde(flatten)]
    reason: ReasonBody,
    /// The other account that the reason concerns, which the owner does not see; null without one, and once it is purged.
    other_username: Option<String>,
}

impl From<Suspect> for SuspectBody {
    fn from(suspect: Suspect) -> Self {
        Self {
            user_id: suspect.user.0,
            score: suspect.score(),
            username: suspect.username.to_string(),
            reasons: (suspect.reasons.into_iter())
                .map(|(reason, other)| SuspectReasonBody {
                    reason: reason.into(),
                    other_username: other.map(|other| other.to_string()),
                })
                .collect(),
            is_flagged: suspect.is_flagged,
        }
    }
}

/// List accounts with implausible usage
///
/// The accounts with the strongest reasons first, each with all its reasons. A reason does not change the boards: only a flag does.
#[utoipa::path(
    get, path = "/suspects", tag = "Admin", params(SuspectsQuery, Paging),
    responses((status = 200, description = "A page of accounts", body = PageBody<SuspectBody>, example = json!({
        "items": [example()], "total": 1, "page": 1, "size": 50, "pages": 1,
    })))
)]
async fn suspects(
    admin: Admin,
    query: Query<(Paging, SuspectsQuery)>,
    plausibility: Data<Plausibility>,
) -> ApiResult<Json<PageBody<SuspectBody>>> {
    let (paging, SuspectsQuery { score }) = query.read()?;
    Ok(Json(plausibility.suspects(&admin.0, score, paging.into()).await?.into()))
}

fn example() -> Value {
    json!({
        "user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "score": 100,
        "reasons": [{"kind": "shared_messages", "message": "300 of 300 messages are also in another account.", "score": 100,
                     "first_seen": "2026-11-22T12:10:00Z", "last_seen": "2026-11-23T09:10:00Z", "other_username": "bob"}],
        "is_flagged": false,
    })
}
