//! ISO weeks: Monday to Sunday, named by year and number.

use std::fmt;

use time::{Date, Duration, Weekday};

use crate::days::LocalTime;

/// The local hour of a Monday from which the week before is summed up.
const SUMMED_UP_AT: u8 = 9;

/// An ISO week of some local calendar. Shown as `2026-W47`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    monday: Date,
}

impl Week {
    /// The week that `date` is in.
    pub fn of(date: Date) -> Self {
        let back = Duration::days(date.weekday().number_days_from_monday().into());
        Self { monday: date.checked_sub(back).unwrap_or(Date::MIN) }
    }

    /// The week before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { monday: self.monday.checked_sub(Duration::WEEK).unwrap_or(Date::MIN) }
    }

    /// Its first day.
    pub fn monday(self) -> Date {
        self.monday
    }

    /// Its last day.
    pub fn sunday(self) -> Date {
        self.monday.checked_add(Duration::days(6)).unwrap_or(Date::MAX)
    }

    /// The last week that is to be summed up where it is `now`: the one that was over at the latest Monday, 09:00. So a summary
    /// that was missed is made up for until the next is due.
    pub fn to_sum_up(now: LocalTime) -> Self {
        let over = Self::of(now.date).previous();
        let early = now.date.weekday() == Weekday::Monday && now.hour < SUMMED_UP_AT;
        if early { over.previous() } else { over }
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, week, _) = self.monday.to_iso_week_date();
        write!(f, "{year:04}-W{week:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_week_runs_from_monday_to_sunday_and_has_the_number_of_its_thursday() {
        for (date, monday, name) in [
            (date!(2026 - 11 - 22), date!(2026 - 11 - 16), "2026-W47"),
            (date!(2026 - 11 - 23), date!(2026 - 11 - 23), "2026-W48"),
            (date!(2027 - 01 - 01), date!(2026 - 12 - 28), "2026-W53"),
            (date!(2027 - 01 - 04), date!(2027 - 01 - 04), "2027-W01"),
            (date!(2024 - 12 - 30), date!(2024 - 12 - 30), "2025-W01"),
        ] {
            let week = Week::of(date);
            assert_eq!((week.monday(), week.to_string().as_str()), (monday, name), "{date}");
            assert_eq!((week.sunday() - monday).whole_days(), 6);
            assert_eq!(week.previous().sunday().next_day(), Some(monday));
        }
    }

    #[test]
    fn the_week_that_is_over_is_summed_up_from_monday_nine_on_until_the_next_is() {
        for (date, hour, name) in [
            (date!(2026 - 11 - 23), 8, "2026-W46"),
            (date!(2026 - 11 - 23), 9, "2026-W47"),
            (date!(2026 - 11 - 24), 0, "2026-W47"),
            (date!(2026 - 11 - 29), 23, "2026-W47"),
            (date!(2026 - 11 - 30), 8, "2026-W47"),
            (date!(2026 - 11 - 30), 9, "2026-W48"),
        ] {
            assert_eq!(Week::to_sum_up(LocalTime { date, hour, minute: 59 }).to_string(), name, "{date} {hour}");
        }
    }
}
