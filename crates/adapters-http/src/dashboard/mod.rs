//! `/dashboard`: the caller's usage.

pub(crate) mod bodies;

use actix_web::web::Data;
use domain::dashboard::{Dashboard, TrendDays};
use domain::days::Period;

use crate::answer::Json;
use crate::caller::{Caller, OwnAccount};
use crate::error::ApiResult;
use crate::input::Query;
use crate::routes::Routes;
use crate::validation::{Or, OrDefault, query};
use bodies::{MachinesBody, ModelsBody, OverviewBody, ProjectsBody, ToolsBody, TrendsBody};

query! {
    /// `?days=30`.
    struct DaysQuery {
        /// The number of days, today included.
        days: Or<30, TrendDays>,
    }
}

query! {
    /// `?period=all`.
    pub(crate) struct PeriodQuery {
        /// `all`, or the last 30 or 7 local days.
        pub(crate) period: OrDefault<Period>,
    }
}

/// The routes of the dashboard.
pub fn routes() -> Routes {
    crate::routes![
        overview: Token(Read);
        trends: Token(Read);
        tools: Token(Read);
        models: Token(Read);
        machines: Token(Read);
        projects: Token(Read);
    ]
    .under("/dashboard")
}

/// Show the caller's overview
#[utoipa::path(
    get, path = "/overview", tag = "Dashboard",
    responses((status = 200, description = "Lifetime totals, streak and level", body = OverviewBody, example = json!({
        "total_tokens": 112_250, "total_input_tokens": 3_000, "total_output_tokens": 6_000,
        "total_cache_read_tokens": 90_000, "total_cache_write_tokens": 12_000, "total_reasoning_tokens": 1_250,
        "total_cost": 0.3508, "unpriced_tokens": 0, "current_streak": 3, "longest_streak": 9, "streak_at_risk": false,
        "monthly_tokens": 112_250, "monthly_badge": null, "unique_days": 9, "unique_models": 2, "unique_sources": 1,
        "cache_efficiency": 96.77, "level": 2, "title": "Novice", "xp": 610, "xp_to_next_level": 290,
        "achievements_unlocked": 5,
    })))
)]
async fn overview(account: OwnAccount, dashboard: Data<Dashboard>) -> ApiResult<Json<OverviewBody>> {
    Ok(Json(dashboard.overview(&account.profile).await?.into()))
}

/// List the caller's usage by day
#[utoipa::path(
    get, path = "/trends", tag = "Dashboard",
    params(DaysQuery),
    responses((status = 200, description = "Every day, oldest first", body = TrendsBody,
               example = json!(bodies::trends_example())))
)]
async fn trends(
    account: OwnAccount,
    query: Query<DaysQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Json<TrendsBody>> {
    let DaysQuery { days } = query.read()?;
    Ok(Json(dashboard.trends(&account.profile, days).await?.into()))
}

/// List the caller's usage by tool
#[utoipa::path(
    get, path = "/tools", tag = "Dashboard", params(PeriodQuery),
    responses((status = 200, description = "The tools by cost", body = ToolsBody, example = json!({
        "tools": [{"source": "claude-code", "tokens": 112_250, "cost": 0.3508, "percentage": 100.0, "days_active": 9,
                   "first_used": "2026-11-01", "last_used": "2026-11-22"}],
        "total_tools": 1,
    })))
)]
async fn tools(
    account: OwnAccount,
    query: Query<PeriodQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Json<ToolsBody>> {
    let period = query.read()?.period;
    Ok(Json(dashboard.tools(&account.profile, period).await?.into()))
}

/// List the caller's usage by model
#[utoipa::path(
    get, path = "/models", tag = "Dashboard", params(PeriodQuery),
    responses((status = 200, description = "The models by cost", body = ModelsBody, example = json!({
        "models": [{"model": "claude-sonnet-4-5-20250929", "tokens": 112_250, "cost": 0.3508, "cost_status": "priced",
                    "percentage": 100.0, "days_active": 9, "first_used": "2026-11-01", "last_used": "2026-11-22"}],
        "total_models": 1,
    })))
)]
async fn models(
    account: OwnAccount,
    query: Query<PeriodQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Json<ModelsBody>> {
    let period = query.read()?.period;
    Ok(Json(dashboard.models(&account.profile, period).await?.into()))
}

/// List the caller's machines
#[utoipa::path(
    get, path = "/machines", tag = "Dashboard",
    responses((status = 200, description = "The machines, the last synced first", body = MachinesBody, example = json!({
        "machines": [{"machine_id": "abcd1234", "tokens": 112_250, "cost": 0.3508,
                      "last_synced_at": "2026-11-22T12:34:56.789Z"}],
        "total_machines": 1,
    })))
)]
async fn machines(caller: Caller, dashboard: Data<Dashboard>) -> ApiResult<Json<MachinesBody>> {
    Ok(Json(dashboard.machines(caller.id).await?.into()))
}

/// List the caller's usage by project
///
/// A project is what the client sent with a message, a name or a hash. Messages without one are not listed, so the percentages, which
/// refer to all tokens of the period, can add up to less than 100. The first 500 by cost are listed; `total_projects` counts all. Only
/// the owner of the account sees its projects.
#[utoipa::path(
    get, path = "/projects", tag = "Dashboard", params(PeriodQuery),
    responses((status = 200, description = "The projects by cost", body = ProjectsBody, example = json!({
        "projects": [{"project": "burntop", "tokens": 112_250, "cost": 0.3508, "percentage": 62.5, "days_active": 9,
                      "first_used": "2026-11-01", "last_used": "2026-11-22"}],
        "total_projects": 1,
    })))
)]
async fn projects(
    account: OwnAccount,
    query: Query<PeriodQuery>,
    dashboard: Data<Dashboard>,
) -> ApiResult<Json<ProjectsBody>> {
    let period = query.read()?.period;
    Ok(Json(dashboard.projects(&account.profile.user, period).await?.into()))
}
