//! Comparisons as JSON.

use domain::insights::{Comparison, Insight, Measure, Recommendation, Spread};
use domain::money::Usd;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::{Dollars, Instant, two_decimals};

/// A user compared with the community.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Insights)]
pub(super) struct InsightsBody {
    /// The id of the user.
    id: Uuid,
    username: String,
    #[schema(pattern = "^(all|month|week)$")]
    period: &'static str,
    /// When the first benchmark of the period was computed.
    created_at: Instant,
    /// When the shown benchmark was computed.
    updated_at: Instant,
    user_total_tokens: i64,
    user_total_cost: Dollars,
    user_current_streak: u32,
    user_unique_tools: u32,
    /// In percent; null without input.
    user_cache_efficiency: Option<f64>,
    /// Active days of the period.
    user_unique_days: u32,
    community_avg_tokens: i64,
    community_median_tokens: i64,
    community_avg_cost: Dollars,
    community_avg_streak: f64,
    community_avg_unique_tools: f64,
    /// In percent, over accounts with input; null without any.
    community_avg_cache_efficiency: Option<f64>,
    /// The number of accounts with usage in the period.
    community_total_users: u32,
    /// From 0 to 100; null with fewer than 20 accounts.
    tokens_percentile: Option<f64>,
    /// From 0 to 100; null with fewer than 20 accounts.
    cost_percentile: Option<f64>,
    /// From 0 to 100; null with fewer than 20 accounts.
    streak_percentile: Option<f64>,
    /// From 0 to 100; null with fewer than 20 accounts.
    tools_percentile: Option<f64>,
    /// From 0 to 100; null with fewer than 20 accounts with input, and without input.
    cache_efficiency_percentile: Option<f64>,
    is_above_average_tokens: bool,
    is_above_average_streak: bool,
    /// Null without input.
    is_above_average_cache_efficiency: Option<bool>,
    /// Insights, the most interesting first, up to six.
    insights: Vec<InsightBody>,
    /// Recommendations, the most urgent first, up to three.
    recommendations: Vec<RecommendationBody>,
}

/// An insight.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Insight)]
struct InsightBody {
    #[serde(rename = "type")]
    #[schema(pattern = "^(community|tokens|streak|tools|cache_efficiency|trend|unpriced)$")]
    topic: &'static str,
    title: String,
    message: String,
    #[schema(pattern = "^(positive|neutral|negative)$")]
    sentiment: &'static str,
}

/// A recommendation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendation)]
struct RecommendationBody {
    title: String,
    message: String,
    action: String,
}

impl From<Comparison> for InsightsBody {
    fn from(comparison: Comparison) -> Self {
        let benchmark = &comparison.benchmark;
        let spread = |measure| benchmark.spread(measure).cloned().unwrap_or_default();
        let tokens = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
        let percentile = |measure| comparison.percentile(measure).map(two_decimals);
        let is_above = |measure| comparison.is_above_average(measure);
        Self {
            id: comparison.user.id.0,
            username: comparison.user.username.to_string(),
            period: benchmark.period.name(),
            created_at: benchmark.created_at.into(),
            updated_at: benchmark.computed_at.into(),
            user_total_tokens: comparison.own.tokens,
            user_total_cost: comparison.own.cost.into(),
            user_current_streak: comparison.streak().current,
            user_unique_tools: comparison.own.tools,
            user_cache_efficiency: comparison.cache_efficiency().map(two_decimals),
            user_unique_days: comparison.own.days,
            community_avg_tokens: tokens(spread(Measure::Tokens).average()),
            community_median_tokens: tokens(spread(Measure::Tokens).median()),
            community_avg_cost: Usd::from_atto(spread(Measure::Cost).average()).into(),
            community_avg_streak: two_decimals(spread(Measure::Streak).mean()),
            community_avg_unique_tools: two_decimals(spread(Measure::Tools).mean()),
            // From millionths.
            community_avg_cache_efficiency: benchmark
                .spread(Measure::CacheEfficiency)
                .map(Spread::mean)
                .map(|millionths| two_decimals(millionths / 1e6)),
            community_total_users: benchmark.people,
            tokens_percentile: percentile(Measure::Tokens),
            cost_percentile: percentile(Measure::Cost),
            streak_percentile: percentile(Measure::Streak),
            tools_percentile: percentile(Measure::Tools),
            cache_efficiency_percentile: percentile(Measure::CacheEfficiency),
            is_above_average_tokens: is_above(Measure::Tokens) == Some(true),
            is_above_average_streak: is_above(Measure::Streak) == Some(true),
            is_above_average_cache_efficiency: is_above(Measure::CacheEfficiency),
            insights: comparison.insights().into_iter().map(InsightBody::from).collect(),
            recommendations: comparison.recommendations().into_iter().map(RecommendationBody::from).collect(),
        }
    }
}

impl From<Insight> for InsightBody {
    fn from(insight: Insight) -> Self {
        Self {
            topic: insight.topic.name(),
            title: insight.title,
            message: insight.message,
            sentiment: insight.sentiment.name(),
        }
    }
}

impl From<Recommendation> for RecommendationBody {
    fn from(Recommendation { title, message, action }: Recommendation) -> Self {
        Self { title, message, action }
    }
}

/// A comparison for the API's document.
pub(super) fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "period": "all",
        "created_at": "2026-11-01T10:05:00Z", "updated_at": "2026-11-22T12:05:00Z",
        "user_total_tokens": 112_250, "user_total_cost": 0.3508, "user_current_streak": 3, "user_unique_tools": 1,
        "user_cache_efficiency": 75.0, "user_unique_days": 9,
        "community_avg_tokens": 80_000, "community_median_tokens": 51_000, "community_avg_cost": 0.25,
        "community_avg_streak": 1.75, "community_avg_unique_tools": 1.4, "community_avg_cache_efficiency": 61.2,
        "community_total_users": 240, "tokens_percentile": 81.25, "cost_percentile": 70.0, "streak_percentile": 88.5,
        "tools_percentile": 41.0, "cache_efficiency_percentile": 66.67, "is_above_average_tokens": true,
        "is_above_average_streak": true, "is_above_average_cache_efficiency": true,
        "insights": [{"type": "tokens", "title": "1.4 times the average",
                      "message": "You used 112,250 tokens so far; the average is 80,000, and half of the people used no more \
                                  than 51,000.",
                      "sentiment": "positive"}],
        "recommendations": [{"title": "Keep your streak", "message": "Your streak of 3 days goes on with one message today.",
                             "action": "Use a tool before midnight and sync."}],
    })
}
