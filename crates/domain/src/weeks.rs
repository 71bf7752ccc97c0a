//! ISO weeks: Monday to Sunday, named by year and number.

use std::fmt;

use time::{Date, Duration, OffsetDateTime, Weekday};

use crate::days::{LocalTime, Zone};

/// The local hour of Monday from which the previous week is summarised.
const SUMMARY_HOUR: u8 = 9;

/// The last local day for the summary, in case the worker was down on Monday.
const CATCH_UP_UNTIL: Weekday = Weekday::Wednesday;

/// An ISO week of a local calendar. Displayed as `2026-W47`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    monday: Date,
}

impl Week {
    pub fn of(date: Date) -> Self {
        let back = Duration::days(date.weekday().number_days_from_monday().into());
        Self { monday: date.checked_sub(back).unwrap_or(Date::MIN) }
    }

    #[must_use]
    pub fn previous(self) -> Self {
        Self { monday: self.monday.checked_sub(Duration::WEEK).unwrap_or(Date::MIN) }
    }

    pub fn monday(self) -> Date {
        self.monday
    }

    pub fn sunday(self) -> Date {
        self.monday.checked_add(Duration::days(6)).unwrap_or(Date::MAX)
    }

    /// The week to be summarised at the local time `now`: the previous one from Monday 09:00 until Wednesday, and none on other
    /// days. A missed summary is caught up, while usage that arrives days later triggers none.
    pub fn to_sum_up(now: LocalTime) -> Option<Self> {
        let day = now.date.weekday();
        let early = day == Weekday::Monday && now.hour < SUMMARY_HOUR;
        let late = day.number_from_monday() > CATCH_UP_UNTIL.number_from_monday();
        (!early && !late).then(|| Self::of(now.date).previous())
    }

    /// When the week is summarised in `zone`: the following Monday, 09:00.
    pub fn summed_up_from(self, zone: &Zone) -> OffsetDateTime {
        let monday = self.sunday().next_day().unwrap_or(Date::MAX);
        zone.instant(monday, SUMMARY_HOUR)
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
    use time::macros::{date, datetime};

    #[test]
    fn week_runs_from_monday_and_has_number_of_its_thursday() {
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
    fn week_to_sum_up_is_due_from_monday_nine_until_wednesday() {
        for (date, hour, name) in [
            (date!(2026 - 11 - 22), 23, None),
            (date!(2026 - 11 - 23), 8, None),
            (date!(2026 - 11 - 23), 9, Some("2026-W47")),
            (date!(2026 - 11 - 24), 0, Some("2026-W47")),
            (date!(2026 - 11 - 25), 23, Some("2026-W47")),
            (date!(2026 - 11 - 26), 0, None),
            (date!(2026 - 11 - 29), 23, None),
            (date!(2026 - 11 - 30), 8, None),
            (date!(2026 - 11 - 30), 9, Some("2026-W48")),
        ] {
            let week = Week::to_sum_up(LocalTime { date, hour, minute: 59 });
            assert_eq!(week.map(|week| week.to_string()).as_deref(), name, "{date} {hour}");
        }
    }

    #[test]
    fn week_is_due_at_local_monday_nine() {
        let week = Week::of(date!(2026 - 11 - 18));
        let berlin = Zone::parse("Europe/Berlin").expect("a zone");
        assert_eq!(week.summed_up_from(&Zone::utc()), datetime!(2026-11-23 9:00 UTC));
        assert_eq!(week.summed_up_from(&berlin), datetime!(2026-11-23 8:00 UTC));
    }
}
