//! `/leaderboard/seasons`: frozen rankings of calendar months.

use actix_web::web::Data;
use domain::leaderboard::{Leaderboard, Season, SeasonBoard, SeasonEntry, SeasonMonth};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Revalidated;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::json::{Day, Dollars, Instant};
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::kinds::parameter;

pub(super) fn routes() -> Routes {
    crate::routes![
        seasons: Optional(Read);
        season: Optional(Read);
    ]
    .under("/seasons")
}

/// A season.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Season)]
struct SeasonBody {
    /// The month, such as `2026-10`.
    season: String,
    starts_on: Day,
    ends_on: Day,
    /// When it was frozen.
    frozen_at: Instant,
    /// The number of ranked users.
    people: u32,
}

impl From<Season> for SeasonBody {
    fn from(season: Season) -> Self {
        Self {
            season: season.month.to_string(),
            starts_on: season.month.first().into(),
            ends_on: season.month.last().into(),
            frozen_at: season.frozen_at.into(),
            people: season.people,
        }
    }
}

/// All seasons.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Seasons)]
struct SeasonsBody {
    /// The newest first.
    seasons: Vec<SeasonBody>,
    total: u64,
}

/// An entry of a season.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeasonEntry)]
struct SeasonEntryBody {
    user_id: Uuid,
    username: String,
    display_name: Option<String>,
    image: Option<String>,
    /// From 1; equal tokens share it.
    rank: u32,
    /// Tokens of the month, by days of the user's time zone.
    total_tokens: i64,
    total_cost: Dollars,
}

impl From<SeasonEntry> for SeasonEntryBody {
    fn from(entry: SeasonEntry) -> Self {
        Self {
            user_id: entry.user.0,
            username: entry.username.to_string(),
            display_name: entry.name,
            image: entry.image.map(|image| image.as_str().to_owned()),
            rank: entry.rank,
            total_tokens: entry.tokens,
            total_cost: entry.cost.into(),
        }
    }
}

/// A season with its first entries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeasonBoard)]
struct SeasonBoardBody {
    #[serde(flatten)]
    season: SeasonBody,
    /// The first hundred, the best first. A hidden profile leaves a gap.
    entries: Vec<SeasonEntryBody>,
}

impl From<SeasonBoard> for SeasonBoardBody {
    fn from(board: SeasonBoard) -> Self {
        Self { season: board.season.into(), entries: board.entries.into_iter().map(SeasonEntryBody::from).collect() }
    }
}

/// The parameter of a path with a season.
struct SeasonPath;

impl IntoParams for SeasonPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter::<SeasonMonth>(ParameterIn::Path, "season", &["The month, such as `2026-10`"])]
    }
}

/// List seasons
///
/// A calendar month becomes a season when it has ended in every time zone. The first season is the month, in UTC, in which the first
/// account of this instance was registered; earlier usage is only on the boards of all time.
#[utoipa::path(
    get, path = "", tag = "Leaderboard",
    responses(
        (status = 200, description = "The newest first", body = SeasonsBody, example = json!({
            "seasons": [{"season": "2026-10", "starts_on": "2026-10-01", "ends_on": "2026-10-31",
                         "frozen_at": "2026-11-01T12:00:03Z", "people": 3}],
            "total": 1,
        })),
        failures::NotModified,
    )
)]
async fn seasons(leaderboard: Data<Leaderboard>) -> ApiResult<Revalidated<SeasonsBody>> {
    let seasons: Vec<SeasonBody> = leaderboard.seasons().await?.into_iter().map(SeasonBody::from).collect();
    Ok(Revalidated(SeasonsBody { total: seasons.len() as u64, seasons }))
}

/// Show a season
#[utoipa::path(
    get, path = "/{season}", tag = "Leaderboard",
    params(SeasonPath),
    responses(
        (status = 200, description = "The season", body = SeasonBoardBody, example = json!({
            "season": "2026-10", "starts_on": "2026-10-01", "ends_on": "2026-10-31",
            "frozen_at": "2026-11-01T12:00:03Z", "people": 3,
            "entries": [{"user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "display_name": "Ada",
                         "image": null, "rank": 1, "total_tokens": 112_250, "total_cost": 0.3508}],
        })),
        failures::NotModified, failures::NotFound,
    )
)]
async fn season(path: PathArgs, leaderboard: Data<Leaderboard>) -> ApiResult<Revalidated<SeasonBoardBody>> {
    Ok(Revalidated(leaderboard.season(path.read::<SeasonMonth>("season")?).await?.into()))
}
