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
use crate::users::Visible;

pub(super) fn routes() -> Routes {
    crate::routes![rank_history: Optional(Read);].under("/users")
}

/// Where somebody stood, day by day
///
/// On the board of everybody, as of its last refresh of each day (in UTC). Days on which the person was not ranked are left out;
/// days are kept for more than a year. Of who is private, the rank they would have had. While an administrator keeps somebody off
/// the boards, nobody but themselves is told any.
#[utoipa::path(
    get, path = "/{username}/rank-history", tag = "Leaderboard",
    params(("username" = String, Path, description = "Whose, without regard to case"), HistoryQuery),
    responses(
        (status = 200, description = "The ranks", body = HistoryBody, example = json!({
            "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "period": "all", "sort_by": "tokens",
            "history": [{"date": "2026-11-21", "rank": 3}, {"date": "2026-11-22", "rank": 1}],
        })),
        (status = 304, description = "What the client has is still right"),
        failures::Forbidden, failures::NotFound,
    )
)]
async fn rank_history(
    Visible(person): Visible,
    query: Query<HistoryQuery>,
    leaderboard: Data<Leaderboard>,
) -> ApiResult<Revalidated<HistoryBody>> {
    let query = query.read()?;
    let history = leaderboard.history(&person, query.period, query.sort_by, query.days).await?;
    Ok(Revalidated(HistoryBody::of(&person.user, &query, history)))
}
