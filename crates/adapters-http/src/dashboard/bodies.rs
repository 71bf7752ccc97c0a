//! Figures as JSON; people's own and those of others look the same.

use domain::dashboard::{
    DayUsage, MachineUsage, ModelUsage, Overview, ProjectUsage, ToolUsage, TopList, Trends, share_percent,
};
use domain::progression::MonthlyBadge;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::json::{Day, Dollars, Instant, two_decimals};

/// An overview of the caller's usage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overview)]
pub(crate) struct OverviewBody {
    total_tokens: i64,
    total_input_tokens: i64,
    total_output_tokens: i64,
    total_cache_read_tokens: i64,
    total_cache_write_tokens: i64,
    total_reasoning_tokens: i64,
    total_cost: Dollars,
    /// Tokens without a price; they are not in `total_cost`.
    unpriced_tokens: i64,
    current_streak: u32,
    longest_streak: u32,
    /// Whether the streak ends at midnight without usage today.
    streak_at_risk: bool,
    /// Tokens of the last 30 local days.
    monthly_tokens: i64,
    monthly_badge: Option<&'static str>,
    unique_days: u32,
    unique_models: u32,
    unique_sources: u32,
    /// In percent, two decimals; 0 without input.
    cache_efficiency: f64,
    level: u64,
    title: &'static str,
    xp: u64,
    xp_to_next_level: u64,
    achievements_unlocked: u32,
}

impl From<Overview> for OverviewBody {
    fn from(overview: Overview) -> Self {
        let Overview { totals, streak, level, .. } = overview;
        Self {
            total_tokens: totals.tokens,
            total_input_tokens: totals.input,
            total_output_tokens: totals.output,
            total_cache_read_tokens: totals.cache_read,
            total_cache_write_tokens: totals.cache_write,
            total_reasoning_tokens: totals.reasoning,
            total_cost: totals.cost.into(),
            unpriced_tokens: totals.unpriced_tokens,
            current_streak: streak.current,
            longest_streak: streak.longest,
            streak_at_risk: overview.streak_at_risk,
            monthly_tokens: overview.monthly_tokens,
            monthly_badge: overview.badge().map(MonthlyBadge::name),
            unique_days: overview.active_days,
            unique_models: overview.models,
            unique_sources: overview.sources,
            cache_efficiency: overview.cache_efficiency.map_or(0.0, two_decimals),
            level: level.level,
            title: level.title(),
            xp: level.xp,
            xp_to_next_level: level.to_next(),
            achievements_unlocked: overview.achievements,
        }
    }
}

/// A range of days, and the range of the same length before it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trends)]
pub(crate) struct TrendsBody {
    /// Every day, the oldest first, days without usage included.
    daily_data: Vec<DayBody>,
    period_start: Day,
    period_end: Day,
    /// The usage of the range before.
    previous: PreviousBody,
    /// The change against that range.
    change: ChangeBody,
    /// Tokens by weekday, from Monday.
    #[schema(value_type = Vec<i64>, min_items = 7, max_items = 7)]
    by_weekday: [i64; 7],
    /// Tokens by local hour.
    #[schema(value_type = Vec<i64>, min_items = 24, max_items = 24)]
    by_hour: [i64; 24],
}

/// One day of a trend.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrendDay)]
struct DayBody {
    date: Day,
    tokens: i64,
    cost: Dollars,
    input_tokens: i64,
    output_tokens: i64,
    cache_read_tokens: i64,
    cache_write_tokens: i64,
    reasoning_tokens: i64,
}

/// The usage of the range before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrendPrevious)]
struct PreviousBody {
    tokens: i64,
    cost: Dollars,
}

/// Changes as fractions: 0.5 is an increase by half; null without usage before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrendChange)]
struct ChangeBody {
    tokens: Option<f64>,
    cost: Option<f64>,
}

impl From<Trends> for TrendsBody {
    fn from(trends: Trends) -> Self {
        Self {
            period_start: trends.start.into(),
            period_end: trends.end.into(),
            previous: PreviousBody { tokens: trends.previous.tokens, cost: trends.previous.cost.into() },
            change: ChangeBody { tokens: trends.token_change(), cost: trends.cost_change() },
            by_weekday: trends.by_weekday,
            by_hour: trends.by_hour,
            daily_data: trends.days.into_iter().map(DayBody::from).collect(),
        }
    }
}

impl From<DayUsage> for DayBody {
    fn from(DayUsage { date, sums }: DayUsage) -> Self {
        Self {
            date: date.into(),
            tokens: sums.tokens,
            cost: sums.cost.into(),
            input_tokens: sums.input,
            output_tokens: sums.output,
            cache_read_tokens: sums.cache_read,
            cache_write_tokens: sums.cache_write,
            reasoning_tokens: sums.reasoning,
        }
    }
}

/// Usage by tool, by cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tools)]
pub(crate) struct ToolsBody {
    /// The first 500.
    #[schema(max_items = 500)]
    tools: Vec<ToolBody>,
    /// The total number.
    total_tools: u32,
}

/// The usage of a tool.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tool)]
struct ToolBody {
    source: String,
    tokens: i64,
    cost: Dollars,
    /// The share of tokens in percent, two decimals.
    percentage: f64,
    days_active: u32,
    first_used: Day,
    last_used: Day,
}

impl From<TopList<ToolUsage>> for ToolsBody {
    fn from(tools: TopList<ToolUsage>) -> Self {
        let body = |tool: ToolUsage| ToolBody {
            source: tool.source.to_string(),
            tokens: tool.tokens,
            cost: tool.cost.into(),
            percentage: share_percent(tool.tokens, tools.tokens),
            days_active: tool.days_active,
            first_used: tool.first_used.into(),
            last_used: tool.last_used.into(),
        };
        Self { total_tools: tools.total, tools: tools.items.into_iter().map(body).collect() }
    }
}

/// Usage by model, by cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Models)]
pub(crate) struct ModelsBody {
    /// The first 500.
    #[schema(max_items = 500)]
    models: Vec<ModelBody>,
    /// The total number.
    total_models: u32,
}

/// The usage of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Model)]
struct ModelBody {
    model: String,
    tokens: i64,
    cost: Dollars,
    /// `priced`, `estimated`, `partial` or `unpriced`.
    #[schema(pattern = "^(priced|estimated|partial|unpriced)$")]
    cost_status: &'static str,
    /// The share of tokens in percent, two decimals.
    percentage: f64,
    days_active: u32,
    first_used: Day,
    last_used: Day,
}

impl From<TopList<ModelUsage>> for ModelsBody {
    fn from(models: TopList<ModelUsage>) -> Self {
        let body = |model: ModelUsage| ModelBody {
            model: model.model.to_string(),
            tokens: model.tokens,
            cost: model.cost.into(),
            cost_status: model.cost_status.name(),
            percentage: share_percent(model.tokens, models.tokens),
            days_active: model.days_active,
            first_used: model.first_used.into(),
            last_used: model.last_used.into(),
        };
        Self { total_models: models.total, models: models.items.into_iter().map(body).collect() }
    }
}

/// Usage by machine, the last synced first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Machines)]
pub(crate) struct MachinesBody {
    /// The first 500.
    #[schema(max_items = 500)]
    machines: Vec<MachineBody>,
    /// The total number.
    total_machines: u32,
}

/// The usage of a machine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Machine)]
struct MachineBody {
    machine_id: String,
    tokens: i64,
    cost: Dollars,
    last_synced_at: Instant,
}

impl From<TopList<MachineUsage>> for MachinesBody {
    fn from(machines: TopList<MachineUsage>) -> Self {
        let body = |usage: MachineUsage| MachineBody {
            machine_id: usage.machine.to_string(),
            tokens: usage.tokens,
            cost: usage.cost.into(),
            last_synced_at: usage.last_synced_at.into(),
        };
        Self { total_machines: machines.total, machines: machines.items.into_iter().map(body).collect() }
    }
}

/// Usage by project, by cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsedProjects)]
pub(crate) struct ProjectsBody {
    /// The first 500.
    #[schema(max_items = 500)]
    projects: Vec<ProjectBody>,
    /// The total number.
    total_projects: u32,
}

/// The usage of a project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsedProject)]
struct ProjectBody {
    /// The name or the hash that the client sent.
    project: String,
    tokens: i64,
    cost: Dollars,
    /// The share of all tokens of the period in percent, two decimals. Usage without a project is part of these tokens.
    percentage: f64,
    days_active: u32,
    first_used: Day,
    last_used: Day,
}

impl From<TopList<ProjectUsage>> for ProjectsBody {
    fn from(projects: TopList<ProjectUsage>) -> Self {
        let body = |usage: ProjectUsage| ProjectBody {
            project: usage.project.to_string(),
            tokens: usage.tokens,
            cost: usage.cost.into(),
            percentage: share_percent(usage.tokens, projects.tokens),
            days_active: usage.days_active,
            first_used: usage.first_used.into(),
            last_used: usage.last_used.into(),
        };
        Self { total_projects: projects.total, projects: projects.items.into_iter().map(body).collect() }
    }
}

/// A trend of one day, for the API's document.
pub(crate) fn trends_example() -> Value {
    json!({
        "daily_data": [{
            "date": "2026-11-22", "tokens": 112_250, "cost": 0.3508, "input_tokens": 3_000, "output_tokens": 6_000,
            "cache_read_tokens": 90_000, "cache_write_tokens": 12_000, "reasoning_tokens": 1_250,
        }],
        "period_start": "2026-11-22", "period_end": "2026-11-22",
        "previous": {"tokens": 56_125, "cost": 0.0}, "change": {"tokens": 1.0, "cost": null},
        "by_weekday": [0, 0, 0, 0, 0, 0, 112_250],
        "by_hour": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 112_250, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    })
}
