//! Benchmarks: the figures of all accounts, and the percentile of one figure among them.

use time::OffsetDateTime;

use crate::days::Period;

/// The fewest accounts for percentiles. Among fewer, a percentile says little, and too much about single accounts.
pub const MIN_PERCENTILE_ACCOUNTS: u32 = 20;

/// The highest percentile, with the two decimals that the API shows: rounding cannot reach 100, which would place an account
/// ahead of itself.
const HIGHEST_PERCENTILE: f64 = 99.99;

/// The parts that the sorted figures are divided into.
const PARTS: u64 = 100;

/// The figures that accounts are compared by. They are whole numbers, so that comparisons are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Tokens of the period.
    Tokens,
    /// The cost of the period's priced tokens, in 1e-18 USD.
    Cost,
    /// The current streak, in days.
    Streak,
    /// Different tools of the period.
    Tools,
    /// Cache efficiency of the period, in millionths of a percent; only of accounts with input.
    CacheEfficiency,
}

impl Measure {
    pub const ALL: [Self; 5] = [Self::Tokens, Self::Cost, Self::Streak, Self::Tools, Self::CacheEfficiency];
}

/// The figures of all accounts in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// The period, in each account's local days.
    pub period: Period,
    /// Accounts with usage in the period.
    pub people: u32,
    /// The distribution of each measure; a measure without any figure is absent.
    pub spreads: Vec<(Measure, Spread)>,
    /// When the period's first benchmark was computed.
    pub created_at: OffsetDateTime,
    /// When this benchmark was computed.
    pub computed_at: OffsetDateTime,
}

/// The distribution of a figure over accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// The accounts that have the figure.
    pub people: u32,
    /// The sum of the figures.
    pub total: i128,
    /// The sum of the two middle figures, or twice the middle one.
    pub doubled_median: i128,
    /// Some of the figures, ascending.
    pub cuts: Vec<Cut>,
}

/// An existing figure and the number of accounts below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub value: i128,
    /// Accounts with less.
    pub below: u32,
    /// Accounts with less or as much.
    pub upto: u32,
}

impl Benchmark {
    /// The distribution of `measure`; `None` if no account has the figure.
    pub fn spread(&self, measure: Measure) -> Option<&Spread> {
        self.spreads.iter().find(|(other, _)| *other == measure).map(|(_, spread)| spread)
    }

    /// Whether there are enough accounts for percentiles.
    pub fn is_large_enough(&self) -> bool {
        self.people >= MIN_PERCENTILE_ACCOUNTS
    }
}

impl Spread {
    /// The distribution of `values`, one for each account. Cuts are the first figure, the last, and the figure at each hundredth
    /// of the sorted accounts: of up to 101 accounts every figure is a cut.
    pub fn of(values: &[i128]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut cuts: Vec<Cut> = Vec::new();
        let last = sorted.len().saturating_sub(1) as u64;
        for part in 0..=PARTS {
            let place = usize::try_from(part * last / PARTS).unwrap_or(usize::MAX);
            let Some(&value) = sorted.get(place) else { break };
            if cuts.last().is_none_or(|cut| cut.value < value) {
                let below = count(sorted.partition_point(|other| *other < value));
                let upto = count(sorted.partition_point(|other| *other <= value));
                cuts.push(Cut { value, below, upto });
            }
        }
        let middle = |place: usize| sorted.get(place).copied().unwrap_or(0);
        Self {
            people: count(sorted.len()),
            total: sorted.iter().sum(),
            doubled_median: middle(sorted.len().saturating_sub(1) / 2) + middle(sorted.len() / 2),
            cuts,
        }
    }

    /// The percentile rank of `value` among n accounts: 100 * (below + equal / 2) / n. `below` accounts have less; `equal` have
    /// as much, the owner of `value` included. So the only leader is at 100 * (n - 1/2) / n, and so is a figure that has
    /// outgrown all others since the benchmark. At most 99.99.
    ///
    /// `None` for fewer than [`MIN_PERCENTILE_ACCOUNTS`] accounts. Exact where `value` is a cut; otherwise interpolated between the two
    /// neighbouring cuts, off by less than one.
    pub fn percentile(&self, value: i128) -> Option<f64> {
        (self.people >= MIN_PERCENTILE_ACCOUNTS)
            .then(|| (50.0 * self.halves(value) / f64::from(self.people)).min(HIGHEST_PERCENTILE))
    }

    /// Twice the accounts with less than `value`, plus once those with as much.
    fn halves(&self, value: i128) -> f64 {
        let next = self.cuts.partition_point(|cut| cut.value < value);
        let before = next.checked_sub(1).and_then(|before| self.cuts.get(before));
        match (before, self.cuts.get(next)) {
            (_, Some(cut)) if cut.value == value => f64::from(cut.below) + f64::from(cut.upto),
            (Some(before), Some(after)) => {
                let between = f64::from(after.below.saturating_sub(before.upto));
                2.0 * (f64::from(before.upto) + between * part(value - before.value, after.value - before.value))
            }
            // The owner is one of the accounts and not below itself.
            (Some(_), None) => 2.0 * f64::from(self.people) - 1.0,
            (None, _) => 0.0,
        }
    }

    /// The accounts with less than `value`, and those with less or as much. Exact where `value` is a cut. Otherwise both are
    /// those up to the preceding cut, so no account with more is counted.
    pub fn up_to(&self, value: i128) -> (u32, u32) {
        let next = self.cuts.partition_point(|cut| cut.value < value);
        match self.cuts.get(next) {
            Some(cut) if cut.value == value => (cut.below, cut.upto),
            _ => {
                let before = next.checked_sub(1).and_then(|before| self.cuts.get(before));
                before.map_or((0, 0), |cut| (cut.upto, cut.upto))
            }
        }
    }

    /// The average as a fraction; 0 without accounts.
    pub fn mean(&self) -> f64 {
        if self.people == 0 { 0.0 } else { part(self.total, self.people.into()) }
    }

    /// The average, rounded half up; 0 without accounts.
    pub fn average(&self) -> i128 {
        if self.people == 0 { 0 } else { halved(self.total * 2, i128::from(self.people)) }
    }

    /// The median, rounded half up.
    pub fn median(&self) -> i128 {
        halved(self.doubled_median, 1)
    }

    /// Whether `value` exceeds the average, computed without rounding.
    pub fn is_above_average(&self, value: i128) -> bool {
        value.saturating_mul(self.people.into()) > self.total
    }
}

/// Half of `doubled` / `by`, rounded half up.
fn halved(doubled: i128, by: i128) -> i128 {
    (doubled + by).div_euclid(2 * by)
}

#[expect(clippy::cast_precision_loss, reason = "a fraction for people, not money")]
fn part(of: i128, whole: i128) -> f64 {
    of as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, counted one by one.
    fn naive(values: &[i128], value: i128) -> f64 {
        let below = values.iter().filter(|other| **other < value).count();
        let equal = values.iter().filter(|other| **other == value).count();
        // The owner is one of the accounts, so at most all others are below.
        let halves = u32::try_from((2 * below + equal).min(2 * values.len() - 1)).expect("few");
        50.0 * f64::from(halves) / f64::from(u32::try_from(values.len()).expect("few"))
    }

    fn percentile(values: &[i128], value: i128) -> f64 {
        Spread::of(values).percentile(value).expect("enough people")
    }

    #[test]
    fn percentile_counts_accounts_below_and_half_of_equal() {
        let hundred: Vec<i128> = (1..=100).collect();
        let ties: Vec<i128> = [vec![1; 10], vec![2; 20], vec![3; 10]].concat();
        for (values, value, expected) in [
            (&hundred, 1, 0.5),
            (&hundred, 50, 49.5),
            (&hundred, 100, 99.5),
            (&hundred, 0, 0.0),
            (&hundred, 101, 99.5),
            (&ties, 1, 12.5),
            (&ties, 2, 50.0),
            (&ties, 3, 87.5),
        ] {
            assert!((percentile(values, value) - expected).abs() < 1e-9, "{value}: {}", percentile(values, value));
        }
    }

    #[test]
    fn percentile_of_leader_stays_below_100() {
        for people in [20, 100, 5_000, 100_000] {
            let spread = Spread::of(&(0..people).collect::<Vec<i128>>());
            for value in [people - 1, people, i128::MAX] {
                let found = spread.percentile(value).expect("enough people");
                let shown = (found * 100.0).round() / 100.0;
                assert!(shown > 97.0 && shown < 100.0, "{value} of {people}: {found}");
            }
        }
    }

    #[test]
    fn up_to_between_cuts_counts_no_account_too_many() {
        let spread = Spread::of(&[1, 2, 2, 5]);
        for (value, less, upto) in [(0, 0, 0), (1, 0, 1), (2, 1, 3), (3, 3, 3), (5, 3, 4), (6, 4, 4)] {
            assert_eq!(spread.up_to(value), (less, upto), "{value}");
        }
        assert_eq!(Spread::default().up_to(1), (0, 0));
        // Of a thousand accounts, nine in ten are no cut.
        let many = Spread::of(&(0..1_000).collect::<Vec<_>>());
        let (less, upto) = many.up_to(995);
        assert!(less == upto && (985..=995).contains(&less), "{less}");
        assert_eq!(many.up_to(999), (999, 1_000));
    }

    #[test]
    fn percentile_of_few_accounts_is_none() {
        let people = |count: i128| Spread::of(&(0..count).collect::<Vec<_>>());
        assert_eq!(people(19).percentile(5), None);
        assert_eq!(Spread::default().percentile(5), None);
        assert!(people(20).percentile(5).is_some());
        let benchmark = |people| Benchmark {
            period: Period::All,
            people,
            spreads: vec![],
            created_at: crate::usage::testing::NOW,
            computed_at: crate::usage::testing::NOW,
        };
        assert!(!benchmark(19).is_large_enough() && benchmark(20).is_large_enough());
    }

    #[test]
    fn average_and_median_are_whole_and_zero_without_accounts() {
        for (values, average, median) in [
            (vec![], 0, 0),
            (vec![7], 7, 7),
            (vec![1, 2], 2, 2),
            (vec![9, 1, 2], 4, 2),
            (vec![1, 3, 4, 100], 27, 4),
            (vec![0, 0, 0, 1], 0, 0),
        ] {
            let spread = Spread::of(&values);
            assert_eq!((spread.average(), spread.median()), (average, median), "{values:?}");
            assert!((spread.mean() - f64::from(i32::try_from(average).expect("few"))).abs() <= 0.5, "{values:?}");
        }
    }

    #[test]
    fn above_average_is_judged_without_rounding() {
        let spread = Spread::of(&[1, 2]);
        assert!(!spread.is_above_average(1) && spread.is_above_average(2));
        assert!(!Spread::of(&[5, 5]).is_above_average(5));
        assert!(!Spread::default().is_above_average(0));
    }

    proptest! {
        #[test]
        fn percentile_agrees_with_counting(
            values in prop::collection::vec(prop_oneof![0..30_i128, 0..1_000_000_i128], 20..400),
            others in prop::collection::vec(-5..1_000_005_i128, 1..40),
        ) {
            let spread = Spread::of(&values);
            prop_assert!(spread.cuts.len() <= 101);
            let exact = values.len() <= 101;
            let mut queried: Vec<i128> = values.iter().chain(&others).copied().collect();
            queried.sort_unstable();
            let mut before = 0.0;
            for value in queried {
                let found = spread.percentile(value).expect("enough people");
                prop_assert!((0.0..=HIGHEST_PERCENTILE).contains(&found), "{value}: {found}");
                prop_assert!(found >= before, "{value}: {found} after {before}");
                before = found;
                let right = naive(&values, value);
                let tolerance = if exact && values.contains(&value) { 1e-9 } else { 1.0 };
                prop_assert!((found - right).abs() <= tolerance, "{value}: {found} is not {right}");
            }
        }

        #[test]
        fn percentile_of_every_figure_lies_within_range(values in prop::collection::vec(0..500_i128, 20..300)) {
            let spread = Spread::of(&values);
            for value in &values {
                let found = spread.percentile(*value).expect("enough people");
                prop_assert!(found > 0.0 && found < 100.0, "{value}: {found}");
            }
        }
    }
}
