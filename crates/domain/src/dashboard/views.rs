//! The shapes of what is shown.

use time::{Date, OffsetDateTime};

use crate::money::Usd;
use crate::progression::{Level, MonthlyBadge};
use crate::streaks::Streak;
use crate::usage::{CostStatus, MachineId, ModelName, Source, Sums};

/// How many days a trend covers: 1 to 365.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendDays(u16);

impl TrendDays {
    /// The most days.
    pub const MOST: u16 = 365;

    /// Takes 1 to [`MOST`](Self::MOST) days.
    pub const fn new(days: u16) -> Option<Self> {
        if matches!(days, 1..=Self::MOST) { Some(Self(days)) } else { None }
    }

    /// The number of days.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The lifetime totals.
    pub totals: Sums,
    /// The streaks as of now.
    pub streak: Streak,
    /// Whether the streak is lost unless something happens before midnight.
    pub streak_at_risk: bool,
    /// Tokens of the last 30 local days.
    pub monthly_tokens: i64,
    /// How many days are active.
    pub active_days: u32,
    /// How many different models were used.
    pub models: u32,
    /// How many different tools were used.
    pub sources: u32,
    /// Cache efficiency in percent; `None` without input.
    pub cache_efficiency: Option<f64>,
    /// XP and level.
    pub level: Level,
    /// How many achievements are unlocked.
    pub achievements: u32,
}

impl Overview {
    /// The badge of the last 30 local days.
    pub fn badge(&self) -> Option<MonthlyBadge> {
        MonthlyBadge::of(self.monthly_tokens)
    }
}

/// One day of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUsage {
    /// The local date.
    pub date: Date,
    /// What it came to.
    pub sums: Sums,
}

/// A number of days and how they compare with as many days before.
#[derive(Debug, Clone, PartialEq)]
pub struct Trends {
    /// The first day.
    pub start: Date,
    /// The last day.
    pub end: Date,
    /// Every day, oldest first, empty ones included.
    pub days: Vec<DayUsage>,
    /// What as many days before came to.
    pub previous: Sums,
    /// Tokens by weekday, from Monday.
    pub by_weekday: [i64; 7],
    /// Tokens by local hour.
    pub by_hour: [i64; 24],
}

impl Trends {
    /// What the days came to.
    pub fn current(&self) -> Sums {
        let mut sums = Sums::default();
        self.days.iter().for_each(|day| sums += day.sums);
        sums
    }

    /// The change of tokens as a fraction of the days before (0.5 = half as much again); `None` when those were empty.
    pub fn token_change(&self) -> Option<f64> {
        change(i128::from(self.current().tokens), i128::from(self.previous.tokens))
    }

    /// The change of cost as a fraction of the days before; `None` when those cost nothing.
    pub fn cost_change(&self) -> Option<f64> {
        change(self.current().cost.atto(), self.previous.cost.atto())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a fraction for people, not money")]
fn change(now: i128, before: i128) -> Option<f64> {
    (before > 0).then(|| (now - before) as f64 / before as f64)
}

/// What share of `whole` `part` is, in percent with two decimals; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a percentage for people, not money")]
pub fn share_percent(part: i64, whole: i64) -> f64 {
    if whole > 0 { (part as f64 * 10_000.0 / whole as f64).round() / 100.0 } else { 0.0 }
}

/// The most rows that a list by name has.
pub const MOST_LISTED: u32 = 500;

/// The first [`MOST_LISTED`] rows of a list by name, and what all of its rows come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopList<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows there are.
    pub total: u32,
    /// The tokens of all of them.
    pub tokens: i64,
}

impl<T> Default for TopList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0, tokens: 0 }
    }
}

/// What one tool was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUsage {
    /// The tool.
    pub source: Source,
    /// All tokens.
    pub tokens: i64,
    /// Their cost.
    pub cost: Usd,
    /// On how many days.
    pub days_active: u32,
    /// The first of them.
    pub first_used: Date,
    /// The last of them.
    pub last_used: Date,
}

/// What one model was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUsage {
    /// The model.
    pub model: ModelName,
    /// All tokens.
    pub tokens: i64,
    /// Their cost.
    pub cost: Usd,
    /// How well the cost is known.
    pub cost_status: CostStatus,
    /// On how many days.
    pub days_active: u32,
    /// The first of them.
    pub first_used: Date,
    /// The last of them.
    pub last_used: Date,
}

/// What one machine was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineUsage {
    /// The machine.
    pub machine: MachineId,
    /// All tokens.
    pub tokens: i64,
    /// Their cost.
    pub cost: Usd,
    /// When it last synced.
    pub last_synced_at: OffsetDateTime,
}

/// What the whole instance comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlatformTotals {
    /// All tokens of all people.
    pub tokens: i128,
    /// How many people have an account.
    pub users: u64,
    /// How many different tools were used.
    pub tools: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_two_decimals() {
        for (part, whole, share) in [(0, 0, 0.0), (1, 3, 33.33), (2, 3, 66.67), (5, 5, 100.0)] {
            assert!((share_percent(part, whole) - share).abs() < 1e-9, "{part} of {whole}");
        }
    }

    #[test]
    fn a_change_is_a_fraction_of_what_was_before() {
        assert_eq!(change(3, 2), Some(0.5));
        assert_eq!(change(0, 2), Some(-1.0));
        assert_eq!(change(3, 0), None);
    }

    #[test]
    fn trends_cover_a_day_to_a_year() {
        assert!(TrendDays::new(0).is_none() && TrendDays::new(366).is_none());
        assert_eq!(TrendDays::new(365).map(TrendDays::get), Some(365));
    }
}
