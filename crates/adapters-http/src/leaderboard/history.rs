//! `/users/{username}/rank-history`.

use actix_web::web::Data;
use domain::leaderboard::Leaderboard;

use super::bodies::HistoryBody;
use super::query::HistoryQuery;
use crate::answer::Revalidated;
use crate::error::ApiResult;
use crate::input::Query;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::users::{UserPath, Visible};

pub(super) fn routes() -> Routes {
    crate::routes![rank_history: Optional(Read);].under("/users")
}

/// List a user's ranks by day
///
/// On the global board, as of the last refresh of each day (in UTC). Days without a rank are left out; ranks are kept for more than
/// a year. A private profile has the rank that it would have had. The ranks of a flagged account are shown only to its owner.
#[utoipa::path(
    get, path = "/{username}/rank-history", tag = "Leaderboard",
    params(UserPath, HistoryQuery),
    responses(
        (status = 200, description = "The ranks", body = HistoryBody, example = json!({
            "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "period": "all", "sort_by": "tokens",
            "history": [{"date": "2026-11-21", "rank": 3}, {"date": "2026-11-22", "rank": 1}],
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn rank_history(
    Visible(profile): Visible,
    query: Query<HistoryQuery>,
    leaderboard: Data<Leaderboard>,
) -> ApiResult<Revalidated<HistoryBody>> {
    let query = query.read()?;
    let history = leaderboard.history(&profile, query.period, query.sort_by, query.days).await?;
    Ok(Revalidated(HistoryBody::of(&profile.user, &query, history)))
}
