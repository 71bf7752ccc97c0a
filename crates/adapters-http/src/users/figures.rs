//! The usage of a user whose profile the caller can see.

use actix_web::web::Data;
use domain::dashboard::{Dashboard, Heatmap, Overview, TrendDays};
use domain::progression::{Level, MonthlyBadge};
use domain::users::User;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::visible::Visible;
use super::{UserPath, username};
use crate::answer::Revalidated;
use crate::caller::MaybeCaller;
use crate::dashboard::PeriodQuery;
use crate::dashboard::bodies::{self, ModelsBody, ToolsBody, TrendsBody};
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::json::{Day, Dollars, Instant, two_decimals};
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::{Int, Optional, Or, query};

pub(super) fn routes() -> Routes {
    crate::routes![
        stats: Optional(Read);
        level: Optional(Read);
        tools: Optional(Read);
        models: Optional(Read);
        trends: Optional(Read);
        heatmap: Optional(Read);
    ]
}

/// Lifetime figures of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserStats)]
struct StatsBody {
    id: Uuid,
    created_at: Instant,
    updated_at: Instant,
    username: String,
    total_tokens: i64,
    total_cost: Dollars,
    /// Tokens without a price; they are not in `total_cost`.
    unpriced_tokens: i64,
    current_streak: u32,
    longest_streak: u32,
    achievements_unlocked: u32,
    unique_days: u32,
    /// In percent; null without input.
    cache_efficiency: Option<f64>,
    /// Tokens of the last 30 local days.
    monthly_tokens: i64,
    monthly_badge: Option<&'static str>,
}

impl StatsBody {
    fn of(user: &User, overview: &Overview) -> Self {
        Self {
            id: user.id.0,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            username: user.username.to_string(),
            total_tokens: overview.totals.tokens,
            total_cost: overview.totals.cost.into(),
            unpriced_tokens: overview.totals.unpriced_tokens,
            current_streak: overview.streak.current,
            longest_streak: overview.streak.longest,
            achievements_unlocked: overview.achievements,
            unique_days: overview.active_days,
            cache_efficiency: overview.cache_efficiency.map(two_decimals),
            monthly_tokens: overview.monthly_tokens,
            monthly_badge: overview.badge().map(MonthlyBadge::name),
        }
    }
}

/// The level of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Level)]
struct LevelBody {
    level: u64,
    title: &'static str,
    xp: u64,
    /// The XP at which this level starts.
    level_xp: u64,
    /// The XP at which the next level starts.
    next_level_xp: u64,
    xp_to_next_level: u64,
    /// The completed part of this level, 0 to 1.
    progress: f64,
}

impl From<Level> for LevelBody {
    fn from(level: Level) -> Self {
        Self {
            level: level.level,
            title: level.title(),
            xp: level.xp,
            level_xp: level.starts_at(),
            next_level_xp: level.next_at(),
            xp_to_next_level: level.to_next(),
            progress: level.progress(),
        }
    }
}

/// A year of days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Heatmap)]
struct HeatmapBody {
    year: i32,
    /// Every day of the year, oldest first.
    days: Vec<HeatDayBody>,
}

/// One day of a heatmap.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeatmapDay)]
struct HeatDayBody {
    date: Day,
    tokens: i64,
    cost: Dollars,
    /// 0 without usage, else the quartile among the year's active days.
    #[schema(minimum = 0, maximum = 4)]
    level: u8,
}

impl From<Heatmap> for HeatmapBody {
    fn from(heatmap: Heatmap) -> Self {
        let days = heatmap.days.into_iter().map(|day| HeatDayBody {
            date: day.date.into(),
            tokens: day.tokens,
            cost: day.cost.into(),
            level: day.level,
        });
        Self { year: heatmap.year, days: days.collect() }
    }
}

query! {
    /// `?days=365`.
    struct DaysQuery {
        /// The number of days, today included.
        days: Or<365, TrendDays>,
    }
}

query! {
    /// `?year=2026`.
    struct YearQuery {
        /// The year; by default the current one in the user's time zone.
        year: Optional<Int<i32, 2000, 2100>>,
    }
}

/// Show a user's lifetime figures
#[utoipa::path(
    get, path = "/{username}/stats", tag = "Users",
    params(UserPath),
    responses(
        (status = 200, description = "The figures", body = StatsBody, example = json!({
            "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
            "updated_at": "2026-11-22T12:34:56.789Z", "username": "ada", "total_tokens": 112_250, "total_cost": 0.3508,
            "unpriced_tokens": 0, "current_streak": 3, "longest_streak": 9, "achievements_unlocked": 5,
            "unique_days": 9, "cache_efficiency": 96.77, "monthly_tokens": 112_250, "monthly_badge": null,
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn stats(caller: MaybeCaller, path: PathArgs, dashboard: Data<Dashboard>) -> ApiResult<Revalidated<StatsBody>> {
    let (user, overview) = dashboard.visible(&username(&path)?, caller.id()).await?;
    Ok(Revalidated(StatsBody::of(&user, &overview)))
}

/// Show a user's XP and level
#[utoipa::path(
    get, path = "/{username}/level", tag = "Users",
    params(UserPath),
    responses(
        (status = 200, description = "The level", body = LevelBody, example = json!({
            "level": 2, "title": "Novice", "xp": 610, "level_xp": 400, "next_level_xp": 900, "xp_to_next_level": 290,
            "progress": 0.42,
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn level(caller: MaybeCaller, path: PathArgs, dashboard: Data<Dashboard>) -> ApiResult<Revalidated<LevelBody>> {
    let (_, overview) = dashboard.visible(&username(&path)?, caller.id()).await?;
    Ok(Revalidated(overview.level.into()))
}

/// List a user's usage by tool
#[utoipa::path(
    get, path = "/{username}/tools", tag = "Users",
    params(UserPath, PeriodQuery),
    responses(
        (status = 200, description = "The tools by cost", body = ToolsBody, example = json!({
            "tools": [{"source": "claude-code", "tokens": 112_250, "cost": 0.3508, "percentage": 100.0,
                       "days_active": 9, "first_used": "2026-11-01", "last_used": "2026-11-22"}],
            "total_tools": 1,
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn tools(
    Visible(profile): Visible,
    query: Query<PeriodQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Revalidated<ToolsBody>> {
    Ok(Revalidated(dashboard.tools(&profile, query.read()?.period).await?.into()))
}

/// List a user's usage by model
#[utoipa::path(
    get, path = "/{username}/models", tag = "Users",
    params(UserPath, PeriodQuery),
    responses(
        (status = 200, description = "The models by cost", body = ModelsBody, example = json!({
            "models": [{"model": "claude-sonnet-4-5-20250929", "tokens": 112_250, "cost": 0.3508,
                        "cost_status": "priced", "percentage": 100.0, "days_active": 9, "first_used": "2026-11-01",
                        "last_used": "2026-11-22"}],
            "total_models": 1,
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn models(
    Visible(profile): Visible,
    query: Query<PeriodQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Revalidated<ModelsBody>> {
    Ok(Revalidated(dashboard.models(&profile, query.read()?.period).await?.into()))
}

/// List a user's usage by day
#[utoipa::path(
    get, path = "/{username}/trends", tag = "Users",
    params(UserPath, DaysQuery),
    responses(
        (status = 200, description = "Every day, oldest first", body = TrendsBody,
         example = json!(bodies::trends_example())),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn trends(
    Visible(profile): Visible,
    query: Query<DaysQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Revalidated<TrendsBody>> {
    Ok(Revalidated(dashboard.trends(&profile, query.read()?.days).await?.into()))
}

/// Show a user's heatmap of a year
#[utoipa::path(
    get, path = "/{username}/heatmap", tag = "Users",
    params(UserPath, YearQuery),
    responses(
        (status = 200, description = "Every day of the year, oldest first", body = HeatmapBody, example = json!({
            "year": 2026, "days": [{"date": "2026-01-01", "tokens": 112_250, "cost": 0.3508, "level": 3}],
        })),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn heatmap(
    Visible(profile): Visible,
    query: Query<YearQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Revalidated<HeatmapBody>> {
    Ok(Revalidated(dashboard.heatmap(&profile, query.read()?.year).await?.into()))
}
