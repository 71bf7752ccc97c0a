//! The results of dashboards.

use time::{Date, OffsetDateTime};

use crate::money::Usd;
use crate::progression::{Level, MonthlyBadge};
use crate::streaks::Streak;
use crate::usage::{CostStatus, MachineId, ModelName, ProjectName, Source, Sums};

/// The length of a trend: 1 to 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendDays(u16);

impl TrendDays {
    /// The most days.
    pub const MOST: u16 = 365;

    /// Takes 1 to [`MOST`](Self::MOST) days.
    pub const fn new(days: u16) -> Option<Self> {
        if matches!(days, 1..=Self::MOST) { Some(Self(days)) } else { None }
    }

    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The figures of an account at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Lifetime totals.
    pub totals: Sums,
    /// The current streaks.
    pub streak: Streak,
    /// Whether the streak ends at midnight unless a message arrives.
    pub streak_at_risk: bool,
    /// Tokens of the last 30 local days.
    pub monthly_tokens: i64,
    pub active_days: u32,
    /// Different models.
    pub models: u32,
    /// Different tools.
    pub sources: u32,
    /// Cache efficiency in percent; `None` without input.
    pub cache_efficiency: Option<f64>,
    pub level: Level,
    /// Unlocked achievements.
    pub achievements: u32,
}

impl Overview {
    /// The badge of the last 30 local days.
    pub fn badge(&self) -> Option<MonthlyBadge> {
        MonthlyBadge::of(self.monthly_tokens)
    }
}

/// The usage of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUsage {
    /// The local date.
    pub date: Date,
    pub sums: Sums,
}

/// Some days, compared with as many days before.
#[derive(Debug, Clone, PartialEq)]
pub struct Trends {
    pub start: Date,
    pub end: Date,
    /// Every day, oldest first, empty ones included.
    pub days: Vec<DayUsage>,
    /// The sums of as many days before.
    pub previous: Sums,
    /// Tokens by weekday, from Monday.
    pub by_weekday: [i64; 7],
    /// Tokens by local hour.
    pub by_hour: [i64; 24],
}

impl Trends {
    /// The sums of the days.
    pub fn current(&self) -> Sums {
        let mut sums = Sums::default();
        self.days.iter().for_each(|day| sums += day.sums);
        sums
    }

    /// The change of tokens as a fraction of the days before (0.5 is half as much again); `None` if those were empty.
    pub fn token_change(&self) -> Option<f64> {
        change(i128::from(self.current().tokens), i128::from(self.previous.tokens))
    }

    /// The change of cost as a fraction of the days before; `None` if those cost nothing.
    pub fn cost_change(&self) -> Option<f64> {
        change(self.current().cost.atto(), self.previous.cost.atto())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a fraction for people, not money")]
fn change(now: i128, before: i128) -> Option<f64> {
    (before > 0).then(|| (now - before) as f64 / before as f64)
}

/// The share of `part` in `whole` in percent, with two decimals; 0 if `whole` is 0.
#[expect(clippy::cast_precision_loss, reason = "a percentage for people, not money")]
pub fn share_percent(part: i64, whole: i64) -> f64 {
    if whole > 0 { (part as f64 * 10_000.0 / whole as f64).round() / 100.0 } else { 0.0 }
}

/// The most rows of a list by name.
pub const MOST_LISTED: u32 = 500;

/// The first [`MOST_LISTED`] rows of a list by name, and what they are a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopList<T> {
    pub items: Vec<T>,
    /// The number of all rows.
    pub total: u32,
    /// The tokens that shares refer to: those of all rows or, of projects, which not all usage has, those of the whole period.
    pub tokens: i64,
}

impl<T> Default for TopList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0, tokens: 0 }
    }
}

/// The usage of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUsage {
    pub source: Source,
    /// All tokens.
    pub tokens: i64,
    pub cost: Usd,
    /// Days with usage.
    pub days_active: u32,
    /// The first day.
    pub first_used: Date,
    /// The last day.
    pub last_used: Date,
}

/// The usage of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUsage {
    pub model: ModelName,
    /// All tokens.
    pub tokens: i64,
    pub cost: Usd,
    /// How well the cost is known.
    pub cost_status: CostStatus,
    /// Days with usage.
    pub days_active: u32,
    /// The first day.
    pub first_used: Date,
    /// The last day.
    pub last_used: Date,
}

/// The usage of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineUsage {
    pub machine: MachineId,
    /// All tokens.
    pub tokens: i64,
    pub cost: Usd,
    pub last_synced_at: OffsetDateTime,
}

/// The usage of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectUsage {
    pub project: ProjectName,
    /// All tokens.
    pub tokens: i64,
    pub cost: Usd,
    /// Days with usage.
    pub days_active: u32,
    /// The first day.
    pub first_used: Date,
    /// The last day.
    pub last_used: Date,
}

/// The totals of the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlatformTotals {
    /// All tokens of all accounts.
    pub tokens: i128,
    /// Accounts.
    pub users: u64,
    /// Different tools.
    pub tools: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_percent_has_two_decimals() {
        for (part, whole, share) in [(0, 0, 0.0), (1, 3, 33.33), (2, 3, 66.67), (5, 5, 100.0)] {
            assert!((share_percent(part, whole) - share).abs() < 1e-9, "{part} of {whole}");
        }
    }

    #[test]
    fn change_is_fraction_of_days_before() {
        assert_eq!(change(3, 2), Some(0.5));
        assert_eq!(change(0, 2), Some(-1.0));
        assert_eq!(change(3, 0), None);
    }

    #[test]
    fn trend_days_are_one_to_365() {
        assert!(TrendDays::new(0).is_none() && TrendDays::new(366).is_none());
        assert_eq!(TrendDays::new(365).map(TrendDays::get), Some(365));
    }
}
