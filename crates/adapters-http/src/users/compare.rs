//! Two people side by side.

use actix_web::web::Data;
use domain::dashboard::{ComparedUser, Dashboard, Favourite};
use domain::money::Usd;
use domain::progression::MonthlyBadge;
use domain::usage::{ModelName, Source, Sums};
use domain::users::WebUrl;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::named;
use crate::answer::Revalidated;
use crate::caller::MaybeCaller;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::json::Instant;
use crate::openapi::failures;
use crate::routes::Routes;

pub(super) fn routes() -> Routes {
    crate::routes![compare: Optional(Read);]
}

/// Two users side by side.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison)]
struct CompareBody {
    user_a: ComparedBody,
    user_b: ComparedBody,
}

impl From<[ComparedUser; 2]> for CompareBody {
    fn from([a, b]: [ComparedUser; 2]) -> Self {
        Self { user_a: a.into(), user_b: b.into() }
    }
}

/// One of the compared users. Amounts are decimals in strings here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedUser)]
struct ComparedBody {
    id: Uuid,
    created_at: Instant,
    updated_at: Instant,
    username: String,
    name: Option<String>,
    image: Option<String>,
    tokens: TokensBody,
    cost: CostBody,
    /// Tokens of the last 30 local days.
    monthly_tokens: i64,
    monthly_badge: Option<&'static str>,
    streak: StreakBody,
    level: u64,
    /// The three that cost most.
    top_models: Vec<TopModelBody>,
    /// The three that cost most.
    top_sources: Vec<TopSourceBody>,
}

/// Tokens by kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedTokens)]
struct TokensBody {
    total: i64,
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    reasoning: i64,
}

impl From<Sums> for TokensBody {
    fn from(sums: Sums) -> Self {
        Self {
            total: sums.tokens,
            input: sums.input,
            output: sums.output,
            cache_read: sums.cache_read,
            cache_write: sums.cache_write,
            reasoning: sums.reasoning,
        }
    }
}

/// Cost in USD.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedCost)]
struct CostBody {
    total: String,
}

/// Streaks in days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedStreak)]
struct StreakBody {
    current: u32,
    longest: u32,
}

/// The usage of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TopModel)]
struct TopModelBody {
    model: String,
    total_tokens: i64,
    total_cost: String,
}

impl From<Favourite<ModelName>> for TopModelBody {
    fn from(top: Favourite<ModelName>) -> Self {
        Self { model: top.what.to_string(), total_tokens: top.tokens, total_cost: dollars(top.cost) }
    }
}

/// The usage of a tool.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TopSource)]
struct TopSourceBody {
    source: String,
    total_tokens: i64,
    total_cost: String,
}

impl From<Favourite<Source>> for TopSourceBody {
    fn from(top: Favourite<Source>) -> Self {
        Self { source: top.what.to_string(), total_tokens: top.tokens, total_cost: dollars(top.cost) }
    }
}

fn dollars(amount: Usd) -> String {
    amount.rounded()
}

impl From<ComparedUser> for ComparedBody {
    fn from(compared: ComparedUser) -> Self {
        let ComparedUser { user, overview, favourites } = compared;
        Self {
            id: user.id.0,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            username: user.username.to_string(),
            name: user.profile.name,
            image: user.profile.image.as_ref().map(WebUrl::as_str).map(str::to_owned),
            tokens: overview.totals.into(),
            cost: CostBody { total: dollars(overview.totals.cost) },
            monthly_tokens: overview.monthly_tokens,
            monthly_badge: overview.badge().map(MonthlyBadge::name),
            streak: StreakBody { current: overview.streak.current, longest: overview.streak.longest },
            level: overview.level.level,
            top_models: favourites.models.into_iter().map(TopModelBody::from).collect(),
            top_sources: favourites.sources.into_iter().map(TopSourceBody::from).collect(),
        }
    }
}

/// Compare two users
///
/// 404 unless the caller can see both profiles.
#[utoipa::path(
    get, path = "/{a}/compare/{b}", tag = "Users",
    params(
        ("a" = String, Path, description = "The username of the first user. Case does not matter"),
        ("b" = String, Path, description = "The username of the second user"),
    ),
    responses(
        (status = 200, description = "Both users", body = CompareBody,
         example = json!({"user_a": example("ada"), "user_b": example("grace")})),
        failures::NotModified, failures::NotFound,
    )
)]
async fn compare(
    caller: MaybeCaller,
    path: PathArgs,
    dashboard: Data<Dashboard>,
) -> ApiResult<Revalidated<CompareBody>> {
    let pair = dashboard.compare(&named(&path, "a")?, &named(&path, "b")?, caller.id()).await?;
    Ok(Revalidated(pair.into()))
}

/// One of the users, for the API's document.
fn example(name: &str) -> Value {
    json!({
        "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
        "updated_at": "2026-11-22T12:34:56.789Z", "username": name, "name": null, "image": null,
        "tokens": {"total": 112_250, "input": 3_000, "output": 6_000, "cache_read": 90_000, "cache_write": 12_000,
                   "reasoning": 1_250},
        "cost": {"total": "0.3508"}, "monthly_tokens": 112_250, "monthly_badge": null,
        "streak": {"current": 3, "longest": 9}, "level": 2,
        "top_models": [{"model": "claude-sonnet-4-5-20250929", "total_tokens": 112_250, "total_cost": "0.3508"}],
        "top_sources": [{"source": "claude-code", "total_tokens": 112_250, "total_cost": "0.3508"}],
    })
}
