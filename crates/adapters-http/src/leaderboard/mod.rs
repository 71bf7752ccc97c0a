//! `/leaderboard`: boards, seasons, and the ranks of a user over time.

mod bodies;
mod history;
mod pages;
mod query;
mod seasons;

use actix_web::Either;
use actix_web::web::Data;
use domain::leaderboard::{Leaderboard, LeaderboardError};
use domain::users::Username;

use crate::administration::Admin;
use crate::answer::{Accepted, Revalidated, Written};
use crate::caller::MaybeCaller;
use crate::error::{ApiError, ApiResult};
use crate::input::{PathArgs, Query};
use crate::openapi::failures;
use crate::routes::Routes;
use crate::users::UserPath;
use bodies::{BoardBody, EntryBody, RefreshBody};
use query::{BoardParams, BoardPart, EntryQuery, ForFriends};

pub use pages::BoardPages;

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

/// Show a board
///
/// Ranks public profiles as of the latest refresh; `total` counts them. Equal scores share a rank (1, 2, 2, 4). A profile that was
/// hidden since leaves a gap. `sort_by` applies to `global` and `friends`; the other kinds have a score of their own: `diverse` the
/// number of models, `efficient` cache reads in percent of input (from 1,000,000 tokens of input), `streak` days, `rising` the growth
/// of this week over the week before as a fraction (from 100,000 tokens before; always of the week), `reasoning` tokens. `tool` and
/// `model` restrict the scored usage, one of them at a time; `region` and `friends` restrict the users. `friends` requires a token.
/// `me` is the caller's own entry, on any page, even when the profile is hidden. Levels and followers may be as old as the refresh.
#[utoipa::path(
    get, path = "", tag = "Leaderboard", params(BoardParams),
    responses(
        (status = 200, description = "A part of the board; empty before the first refresh", body = BoardBody,
         example = json!(bodies::board_example())),
        failures::NotModified, failures::Unauthorized,
    )
)]
async fn board(
    caller: MaybeCaller,
    friends: Query<ForFriends>,
    query: Query<BoardPart>,
    leaderboard: Data<Leaderboard>,
    pages: Data<BoardPages>,
) -> ApiResult<Either<Written, Revalidated<BoardBody>>> {
    // A caller without a token learns nothing about the rest of the query.
    if caller.id().is_none() && friends.read().is_ok_and(|ForFriends(query)| query) {
        return Err(LeaderboardError::NotSignedIn.into());
    }
    let BoardPart { query, part } = query.read()?;
    if caller.id().is_some() {
        let board = leaderboard.board(&query, part, caller.id()).await?;
        return Ok(Either::Right(Revalidated(BoardBody::of(&query, part, board))));
    }
    if let Some((version, page)) = pages.find(&query, part)
        && leaderboard.version().await? == Some(version)
    {
        return Ok(Either::Left(page));
    }
    let board = leaderboard.board(&query, part, None).await?;
    let version = board.version;
    let page = Written::of(&BoardBody::of(&query, part, board)).map_err(|_| ApiError::internal())?;
    if let Some(version) = version {
        pages.keep(version, query, part, page.clone());
    }
    Ok(Either::Left(page))
}

/// Refresh the boards
///
/// For administrators. Queues a job for the worker, or returns the job that is already waiting. While a refresh is running, another
/// one is queued.
#[utoipa::path(
    post, path = "/refresh", tag = "Leaderboard",
    responses((status = 202, description = "The refresh is queued", body = RefreshBody, example = json!({
        "job_id": "019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b",
    })))
)]
async fn refresh(admin: Admin, leaderboard: Data<Leaderboard>) -> ApiResult<Accepted<RefreshBody>> {
    let job = leaderboard.request_refresh(&admin.0).await?;
    Ok(Accepted(RefreshBody { job_id: job.0 }))
}

/// Show a user's entry on the global board
///
/// 404 for a user who is not ranked or not shown. The caller's own entry is always shown once it exists.
#[utoipa::path(
    get, path = "/{username}", tag = "Leaderboard",
    params(UserPath, EntryQuery),
    responses(
        (status = 200, description = "The entry", body = EntryBody, example = json!(bodies::entry_example())),
        failures::NotModified, failures::NotFound,
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
