//! Compares an account's figures with the benchmark.

use std::collections::BTreeSet;

use time::Date;

use super::benchmark::{Benchmark, Measure, Spread};
use crate::days::LocalTime;
use crate::money::Usd;
use crate::streaks::Streak;
use crate::usage::cache_efficiency;
use crate::users::User;

/// The stored usage of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnFigures {
    /// Tokens of the period.
    pub tokens: i64,
    /// Uncached input tokens of the period.
    pub input: i64,
    /// Tokens read from a cache in the period.
    pub cache_read: i64,
    /// Tokens of the period that have no price.
    pub unpriced_tokens: i64,
    /// The cost of the other tokens.
    pub cost: Usd,
    /// Active days of the period.
    pub days: u32,
    /// Different tools of the period.
    pub tools: u32,
    /// Tokens of the last 7 local days, today included.
    pub week: i64,
    /// Tokens of the 7 days before.
    pub week_before: i64,
    /// All active days ever.
    pub active_days: BTreeSet<Date>,
}

/// An account's current figures and the benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub user: User,
    /// The account's local time.
    pub now: LocalTime,
    pub own: OwnFigures,
    pub benchmark: Benchmark,
}

impl Comparison {
    pub fn streak(&self) -> Streak {
        Streak::of(&self.own.active_days, self.now.date)
    }

    /// Cache efficiency in percent; `None` without input.
    pub fn cache_efficiency(&self) -> Option<f64> {
        cache_efficiency(self.own.input.unsigned_abs(), self.own.cache_read.unsigned_abs())
    }

    /// The account's figure; `None` if it has none.
    pub fn value(&self, measure: Measure) -> Option<i128> {
        let OwnFigures { input, cache_read, .. } = self.own;
        let (input, cache_read) = (i128::from(input), i128::from(cache_read));
        match measure {
            Measure::Tokens => Some(self.own.tokens.into()),
            Measure::Cost => Some(self.own.cost.atto()),
            Measure::Streak => Some(self.streak().current.into()),
            Measure::Tools => Some(self.own.tools.into()),
            // The same whole number as in the benchmark.
            Measure::CacheEfficiency => {
                (input + cache_read > 0).then(|| cache_read * 100_000_000 / (input + cache_read))
            }
        }
    }

    /// The percentile of the account's figure, 0 to 100; `None` without a figure, or with too few accounts.
    pub fn percentile(&self, measure: Measure) -> Option<f64> {
        if !self.benchmark.is_large_enough() {
            return None;
        }
        self.benchmark.spread(measure)?.percentile(self.value(measure)?)
    }

    /// The average in the unit of `measure`; `None` if no account has the figure.
    pub fn average(&self, measure: Measure) -> Option<i128> {
        self.benchmark.spread(measure).map(Spread::average)
    }

    /// Whether the account's figure exceeds the average; `None` if either is missing.
    pub fn is_above_average(&self, measure: Measure) -> Option<bool> {
        let spread = self.benchmark.spread(measure)?;
        self.value(measure).map(|value| spread.is_above_average(value))
    }
}

#[cfg(test)]
pub(super) mod testing {
    use time::macros::date;

    use super::*;
    use crate::days::Period;
    use crate::ids::UserId;
    use crate::usage::testing::NOW;
    use crate::users::{Profile, Username};

    /// Noon of the day of the tests.
    pub(in crate::insights) const NOON: LocalTime = LocalTime { date: date!(2026 - 11 - 22), hour: 12, minute: 0 };

    /// An account without usage and an empty benchmark.
    pub(in crate::insights) fn comparison() -> Comparison {
        let benchmark =
            Benchmark { period: Period::All, people: 0, spreads: vec![], created_at: NOW, computed_at: NOW };
        let user = User {
            id: UserId(uuid::Uuid::from_u128(1)),
            username: Username::trusted("ada"),
            email: None,
            email_verified: false,
            profile: Profile::default(),
            is_public: true,
            is_admin: false,
            zone: None,
            created_at: NOW,
            updated_at: NOW,
        };
        Comparison { user, now: NOON, own: OwnFigures::default(), benchmark }
    }

    /// A benchmark of `people` accounts: the first has 0, the next 1 `step`, then 2, and so on.
    pub(in crate::insights) fn beside(own: OwnFigures, people: u32, steps: [i128; 5]) -> Comparison {
        let mut comparison = comparison();
        comparison.own = own;
        comparison.benchmark.people = people;
        let spread = |step| Spread::of(&(0..people).map(|n| i128::from(n) * step).collect::<Vec<_>>());
        comparison.benchmark.spreads =
            Measure::ALL.into_iter().zip(steps).map(|(measure, step)| (measure, spread(step))).collect();
        comparison
    }

    /// `count` active days up to `last`.
    pub(in crate::insights) fn days_until(last: Date, count: u16) -> BTreeSet<Date> {
        crate::days::days_between(crate::days::window_start(last, count), last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{NOON, beside, comparison, days_until};
    use super::*;

    #[test]
    fn comparison_with_empty_benchmark_has_no_percentile() {
        let alone = comparison();
        for measure in Measure::ALL {
            assert_eq!((alone.percentile(measure), alone.average(measure)), (None, None));
            assert_eq!(alone.is_above_average(measure), None);
        }
    }

    #[test]
    fn comparison_uses_units_of_benchmark() {
        let own = OwnFigures {
            tokens: 50,
            input: 1,
            cache_read: 3,
            cost: Usd::from_atto(7),
            tools: 2,
            active_days: days_until(NOON.date, 5),
            ..OwnFigures::default()
        };
        let comparison = beside(own, 100, [1, 1, 1, 1, 1_000_000]);
        let values = Measure::ALL.map(|measure| comparison.value(measure));
        assert_eq!(values, [Some(50), Some(7), Some(5), Some(2), Some(75_000_000)]);
        let percentiles = Measure::ALL.map(|measure| comparison.percentile(measure));
        assert_eq!(percentiles, [Some(50.5), Some(7.5), Some(5.5), Some(2.5), Some(75.5)]);
        assert_eq!(comparison.average(Measure::Tokens), Some(50));
        let above = Measure::ALL.map(|measure| comparison.is_above_average(measure));
        assert_eq!(above, [Some(true), Some(false), Some(false), Some(false), Some(true)]);
    }

    #[test]
    fn comparison_without_input_has_no_efficiency() {
        let comparison = beside(OwnFigures { tokens: 9, ..OwnFigures::default() }, 100, [1; 5]);
        assert_eq!(comparison.cache_efficiency(), None);
        assert_eq!(comparison.percentile(Measure::CacheEfficiency), None);
        assert_eq!(comparison.is_above_average(Measure::CacheEfficiency), None);
    }

    #[test]
    fn comparison_small_community_has_averages_and_no_percentiles() {
        let comparison = beside(OwnFigures { tokens: 9, ..OwnFigures::default() }, 19, [2; 5]);
        assert_eq!(comparison.percentile(Measure::Tokens), None);
        assert_eq!(comparison.average(Measure::Tokens), Some(18));
    }
}
