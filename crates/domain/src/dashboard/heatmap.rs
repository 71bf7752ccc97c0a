//! The heatmap of a year: each day with its level of activity.

use time::{Date, Month};

use super::views::DayUsage;
use crate::days::days_between;
use crate::money::Usd;

/// The heatmap of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heatmap {
    pub year: i32,
    /// Every day of the year, oldest first.
    pub days: Vec<HeatDay>,
}

/// A day of a heatmap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatDay {
    /// The local date.
    pub date: Date,
    pub tokens: i64,
    pub cost: Usd,
    /// 0 without usage, otherwise the quartile among the year's active days, 1 to 4.
    pub level: u8,
}

impl Heatmap {
    /// The heatmap of `year` with the days `active`, oldest first.
    pub fn of(year: i32, active: &[DayUsage]) -> Self {
        let mut sorted: Vec<i64> = active.iter().map(|day| day.sums.tokens).collect();
        sorted.sort_unstable();
        let (first, last) = year_bounds(year);
        let mut active = active.iter().peekable();
        let day = |date| match active.next_if(|day| day.date == date) {
            Some(day) => {
                let tokens = day.sums.tokens;
                HeatDay { date, tokens, cost: day.sums.cost, level: quartile(&sorted, tokens) }
            }
            None => HeatDay { date, tokens: 0, cost: Usd::ZERO, level: 0 },
        };
        Self { year, days: days_between(first, last).map(day).collect() }
    }
}

/// The first and the last day of `year`.
pub(super) fn year_bounds(year: i32) -> (Date, Date) {
    let day = |month, day| Date::from_calendar_date(year, month, day).unwrap_or(Date::MIN);
    (day(Month::January, 1), day(Month::December, 31))
}

/// The quartile of `value` in `sorted`, 1 to 4, by the share of smaller values: equal days have equal levels.
fn quartile(sorted: &[i64], value: i64) -> u8 {
    let smaller = sorted.partition_point(|other| *other < value);
    match 4 * smaller / sorted.len().max(1) {
        0 => 1,
        1 => 2,
        2 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Sums;
    use time::macros::date;

    #[test]
    fn heatmap_levels_are_quartiles_of_active_days() {
        for (active, levels) in [
            (&[][..], &[][..]),
            (&[5], &[1]),
            (&[1, 9], &[1, 3]),
            (&[7, 7, 7, 7], &[1, 1, 1, 1]),
            (&[40, 10, 30, 20], &[4, 1, 3, 2]),
            (&[1, 1, 1, 100], &[1, 1, 1, 4]),
            (&[1, 2, 3, 4, 5, 6, 7, 8], &[1, 1, 2, 2, 3, 3, 4, 4]),
        ] {
            let mut sorted = active.to_vec();
            sorted.sort_unstable();
            let found: Vec<u8> = active.iter().map(|tokens| quartile(&sorted, *tokens)).collect();
            assert_eq!(found, levels, "{active:?}");
        }
    }

    #[test]
    fn heatmap_has_every_day_and_level_0_without_usage() {
        let day = |date, tokens| DayUsage { date, sums: Sums { tokens, ..Sums::default() } };
        let heatmap = Heatmap::of(2024, &[day(date!(2024 - 02 - 29), 3), day(date!(2024 - 12 - 31), 8)]);
        let warm: Vec<_> = heatmap.days.iter().filter(|day| day.level > 0).map(|day| (day.date, day.tokens)).collect();
        assert_eq!(warm, [(date!(2024 - 02 - 29), 3), (date!(2024 - 12 - 31), 8)]);
        assert_eq!((heatmap.days.len(), heatmap.days[0].date), (366, date!(2024 - 01 - 01)));
        assert_eq!(Heatmap::of(2026, &[]).days.len(), 365);
    }
}
