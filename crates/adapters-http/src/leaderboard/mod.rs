//! `/leaderboard`: boards, seasons, and the ranks of a person over time.

mod bodies;
mod history;
mod query;
mod seasons;

use actix_web::web::Data;
use domain::leaderboard::{Leaderboard, LeaderboardError};
use domain::users::Username;

use crate::administration::Admin;
use crate::answer::{Accepted, Revalidated};
use crate::caller::MaybeCaller;
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::openapi::failures;
use crate::routes::Routes;
use bodies::{BoardBody, EntryBody, RefreshBody};
use query::{BoardParams, BoardPart, EntryQuery, ForFriends};

/// The routes of boards.
pub fn routes() -> Routes {
    crate::routes![
        board: Optional(Read);
        refresh: Session;
        entry: Optional(Read);
    ]
    .and(seasons::routes())
    .under("/leaderboard")
    .and(history::routes())
}

/// A board
///
/// Shows public people as they stood when it was computed; `total` counts them. Equal scores share a rank (1, 2, 2, 4). Who
/// has hidden since leaves a gap in the ranks. `sort_by` is for `global` and `friends`; the other kinds have a score of their
/// own: `diverse` the number of models, `efficient` cache reads in percent of input (from 1,000,000 tokens of input), `streak`
/// days, `rising` the growth of this week over the week before as a fraction (from 100,000 tokens before; always of the
/// week), `reasoning` tokens. `tool` and `model` restrict the usage that is scored, one of them at a time; `region` and
/// `friends` the people. `friends` needs a token. `me` is the caller's own entry, wherever it is and also when nobody else
/// sees it.
#[utoipa::path(
    get, path = "", tag = "Leaderboard", params(BoardParams),
    responses(
        (status = 200, description = "A part of the board; empty before the first one was computed", body = BoardBody,
         example = json!(bodies::board_example())),
        (status = 304, description = "What the client has is still right"),
        failures::Unauthorized,
    )
)]
async fn board(
    caller: MaybeCaller,
    friends: Query<ForFriends>,
    query: Query<BoardPart>,
    leaderboard: Data<Leaderboard>,
) -> ApiResult<Revalidated<BoardBody>> {
    // Who is not known learns nothing about the rest of the query.
    if caller.id().is_none() && friends.read().is_ok_and(|ForFriends(query)| query) {
        return Err(LeaderboardError::NotSignedIn.into());
    }
    let BoardPart { query, part } = query.read()?;
    let board = leaderboard.board(&query, part, caller.id()).await?;
    Ok(Revalidated(BoardBody::of(&query, part, board)))
}

/// Compute the boards anew
///
/// For administrators who do not want to wait for the hour. The worker does it. Who asks while such a job waits gets that one; one
/// that has begun may have read its data already, so then another is queued.
#[utoipa::path(
    post, path = "/refresh", tag = "Leaderboard",
    responses((status = 202, description = "It is queued", body = RefreshBody, example = json!({
        "job_id": "019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b",
    })))
)]
async fn refresh(admin: Admin, leaderboard: Data<Leaderboard>) -> ApiResult<Accepted<RefreshBody>> {
    let job = leaderboard.request_refresh(&admin.0).await?;
    Ok(Accepted(RefreshBody { job_id: job.0 }))
}

/// Where somebody stands on the board of everybody
///
/// Who is not ranked or not shown is not found; one's own entry always is, once there is one.
#[utoipa::path(
    get, path = "/{username}", tag = "Leaderboard",
    params(("username" = String, Path, description = "Who, without regard to case"), EntryQuery),
    responses(
        (status = 200, description = "The entry", body = EntryBody, example = json!(bodies::entry_example())),
        (status = 304, description = "What the client has is still right"),
        failures::NotFound,
    )
)]
async fn entry(
    caller: MaybeCaller,
    path: PathArgs,
    query: Query<EntryQuery>,
    leaderboard: Data<Leaderboard>,
) -> ApiResult<Revalidated<EntryBody>> {
    let name = path.text("username")?;
    let name = Username::parse(&name).map_err(|_| LeaderboardError::Unranked(name))?;
    let EntryQuery { period, sort_by } = query.read()?;
    Ok(Revalidated(leaderboard.entry(&name, period, sort_by, caller.id()).await?.into()))
}
