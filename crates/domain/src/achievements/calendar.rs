//! Metrics of active days: weekends, whole weeks and months, and comebacks.

use std::collections::BTreeSet;

use time::{Date, Weekday};

use super::metrics::{Metric, Metrics};
use crate::streaks::longest_run;

/// The days without usage after which a return is a comeback.
const AWAY: u64 = 7;

/// Sets the metrics that follow from the local dates with usage: active days, longest streak, weekends, weeks, months and
/// comebacks.
pub fn fill(metrics: &mut Metrics, active: &BTreeSet<Date>) {
    let calendar = Calendar::of(active);
    for (metric, value) in [
        (Metric::ActiveDays, active.len() as u64),
        (Metric::LongestStreak, u64::from(longest_run(active))),
        (Metric::WeekendDays, calendar.weekend_days),
        (Metric::FullWeekends, calendar.full_weekends),
        (Metric::PerfectWeeks, calendar.perfect_weeks),
        (Metric::PerfectMonths, calendar.perfect_months),
        (Metric::MonthsActive, calendar.months_active),
        (Metric::LongestComeback, calendar.longest_comeback),
        (Metric::Comebacks, calendar.comebacks),
    ] {
        metrics.set(metric, value);
    }
}

#[derive(Debug, Default)]
struct Calendar {
    weekend_days: u64,
    full_weekends: u64,
    perfect_weeks: u64,
    perfect_months: u64,
    months_active: u64,
    longest_comeback: u64,
    comebacks: u64,
}

impl Calendar {
    /// One pass in ascending order. A week or month is perfect if the run of active days up to its last day is at least as long
    /// as it.
    fn of(active: &BTreeSet<Date>) -> Self {
        let mut calendar = Self::default();
        let mut run = 0_u64;
        let mut before: Option<Date> = None;
        for &day in active {
            let away = before.map_or(0, |before| days_between(before, day));
            run = if away == 0 { run + 1 } else { 1 };
            let weekday = day.weekday();
            let weekend = matches!(weekday, Weekday::Saturday | Weekday::Sunday);
            calendar.weekend_days += u64::from(weekend);
            calendar.full_weekends += u64::from(weekday == Weekday::Sunday && run >= 2);
            calendar.perfect_weeks += u64::from(weekday == Weekday::Sunday && run >= 7);
            calendar.perfect_months += u64::from(ends_month(day) && run >= u64::from(day.day()));
            calendar.months_active += u64::from(before.is_none_or(|before| month(before) != month(day)));
            calendar.longest_comeback = calendar.longest_comeback.max(away);
            calendar.comebacks += u64::from(away >= AWAY);
            before = Some(day);
        }
        calendar
    }
}

/// The days strictly between two dates; `from` is before `to`.
fn days_between(from: Date, to: Date) -> u64 {
    u64::from(from.to_julian_day().abs_diff(to.to_julian_day())).saturating_sub(1)
}

fn month(day: Date) -> (i32, u8) {
    (day.year(), u8::from(day.month()))
}

fn ends_month(day: Date) -> bool {
    day.day() == day.month().length(day.year())
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::days;

    /// Weekend days, full weekends, perfect weeks, perfect months, months active, longest comeback, comebacks.
    fn calendar(active: &BTreeSet<Date>) -> [u64; 7] {
        let mut metrics = Metrics::default();
        fill(&mut metrics, active);
        assert_eq!(metrics.get(Metric::ActiveDays), active.len() as u64);
        [
            Metric::WeekendDays,
            Metric::FullWeekends,
            Metric::PerfectWeeks,
            Metric::PerfectMonths,
            Metric::MonthsActive,
            Metric::LongestComeback,
            Metric::Comebacks,
        ]
        .map(|metric| metrics.get(metric))
    }

    fn span(first: Date, last: Date) -> BTreeSet<Date> {
        days::days_between(first, last).collect()
    }

    #[test]
    fn calendar_without_days_is_zero() {
        assert_eq!(calendar(&BTreeSet::new()), [0; 7]);
    }

    #[test]
    fn calendar_counts_whole_weekends_weeks_and_months() {
        for (story, active, expected) in [
            ("a Monday", span(date!(2026 - 11 - 23), date!(2026 - 11 - 23)), [0, 0, 0, 0, 1, 0, 0]),
            ("a Saturday", span(date!(2026 - 11 - 21), date!(2026 - 11 - 21)), [1, 0, 0, 0, 1, 0, 0]),
            ("a weekend", span(date!(2026 - 11 - 21), date!(2026 - 11 - 22)), [2, 1, 0, 0, 1, 0, 0]),
            ("Sunday and Monday", span(date!(2026 - 11 - 22), date!(2026 - 11 - 23)), [1, 0, 0, 0, 1, 0, 0]),
            ("a week from Monday", span(date!(2026 - 11 - 16), date!(2026 - 11 - 22)), [2, 1, 1, 0, 1, 0, 0]),
            ("seven days from Tuesday", span(date!(2026 - 11 - 17), date!(2026 - 11 - 23)), [2, 1, 0, 0, 1, 0, 0]),
            ("thirteen days, one week", span(date!(2026 - 11 - 17), date!(2026 - 11 - 29)), [4, 2, 1, 0, 1, 0, 0]),
            ("the week across new year", span(date!(2025 - 12 - 29), date!(2026 - 01 - 04)), [2, 1, 1, 0, 2, 0, 0]),
            ("a weekend across new year", span(date!(2022 - 12 - 31), date!(2023 - 01 - 01)), [2, 1, 0, 0, 2, 0, 0]),
            ("a November", span(date!(2026 - 11 - 01), date!(2026 - 11 - 30)), [9, 4, 4, 1, 1, 0, 0]),
            ("30 days across November", span(date!(2026 - 11 - 02), date!(2026 - 12 - 01)), [8, 4, 4, 0, 2, 0, 0]),
            ("a February", span(date!(2026 - 02 - 01), date!(2026 - 02 - 28)), [8, 3, 3, 1, 1, 0, 0]),
            ("28 days of a leap February", span(date!(2024 - 02 - 01), date!(2024 - 02 - 28)), [8, 4, 3, 0, 1, 0, 0]),
            ("a leap February", span(date!(2024 - 02 - 01), date!(2024 - 02 - 29)), [8, 4, 3, 1, 1, 0, 0]),
            ("a year's end", span(date!(2025 - 12 - 01), date!(2026 - 01 - 31)), [17, 8, 8, 2, 2, 0, 0]),
            ("a year", span(date!(2026 - 01 - 01), date!(2026 - 12 - 31)), [104, 52, 51, 12, 12, 0, 0]),
        ] {
            assert_eq!(calendar(&active), expected, "{story}");
        }
    }

    #[test]
    fn calendar_missing_day_breaks_only_its_periods() {
        for (missing, expected) in [
            (date!(2026 - 11 - 01), [8, 4, 4, 0, 1, 0, 0]),
            (date!(2026 - 11 - 02), [9, 4, 3, 0, 1, 1, 0]),
            (date!(2026 - 11 - 11), [9, 4, 3, 0, 1, 1, 0]),
            (date!(2026 - 11 - 21), [8, 3, 3, 0, 1, 1, 0]),
            (date!(2026 - 11 - 22), [8, 3, 3, 0, 1, 1, 0]),
            (date!(2026 - 11 - 30), [9, 4, 4, 0, 1, 0, 0]),
        ] {
            let mut november = span(date!(2026 - 11 - 01), date!(2026 - 11 - 30));
            november.remove(&missing);
            assert_eq!(calendar(&november), expected, "{missing}");
        }
    }

    #[test]
    fn calendar_same_month_of_another_year_is_distinct() {
        assert_eq!(calendar(&[date!(2025 - 11 - 24), date!(2026 - 11 - 24)].into())[4], 2);
    }

    #[test]
    fn calendar_return_after_seven_days_is_comeback() {
        for (story, active, longest, comebacks) in [
            ("one day", &[date!(2026 - 11 - 02)][..], 0, 0),
            ("the next day", &[date!(2026 - 11 - 02), date!(2026 - 11 - 03)], 0, 0),
            ("a day off", &[date!(2026 - 11 - 02), date!(2026 - 11 - 04)], 1, 0),
            ("six days off", &[date!(2026 - 11 - 02), date!(2026 - 11 - 09)], 6, 0),
            ("seven days off", &[date!(2026 - 11 - 02), date!(2026 - 11 - 10)], 7, 1),
            ("across new year", &[date!(2025 - 12 - 27), date!(2026 - 01 - 05)], 8, 1),
            ("a leap year away", &[date!(2023 - 12 - 31), date!(2025 - 01 - 01)], 366, 1),
            ("twice", &[date!(2026 - 01 - 01), date!(2026 - 02 - 01), date!(2026 - 02 - 09)], 30, 2),
            ("the gap filled late", &[date!(2026 - 01 - 01), date!(2026 - 01 - 05), date!(2026 - 01 - 10)], 4, 0),
        ] {
            let [.., away, returns] = calendar(&active.iter().copied().collect());
            assert_eq!((away, returns), (longest, comebacks), "{story}");
        }
    }

    #[test]
    fn calendar_fill_sets_streak_and_days() {
        let mut metrics = Metrics::default().with(Metric::LongestStreak, 9).with(Metric::Tokens, 5);
        fill(&mut metrics, &[date!(2026 - 11 - 02), date!(2026 - 11 - 03), date!(2026 - 11 - 05)].into());
        assert_eq!([Metric::ActiveDays, Metric::LongestStreak, Metric::Tokens].map(|m| metrics.get(m)), [3, 2, 5]);
    }

    #[test]
    fn calendar_first_and_last_representable_days_are_ordinary() {
        assert_eq!(calendar(&[Date::MIN, Date::MAX].into())[6], 1);
    }
}
