//! Seasons: calendar months that are over everywhere.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime, UtcOffset};

use crate::ids::UserId;
use crate::money::Usd;
use crate::users::{Username, WebUrl};

/// How many people a season keeps.
pub const TOP: u32 = 100;

/// How long a month goes on somewhere after it ended in UTC: the westernmost zone is UTC-12.
const WESTERNMOST: Duration = Duration::hours(12);

/// A calendar month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeasonMonth(Date);

impl SeasonMonth {
    /// The month that `day` is in.
    pub fn of(day: Date) -> Self {
        Self(day.replace_day(1).unwrap_or(day))
    }

    /// Reads `2026-10`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return None;
        }
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year.parse().ok()?, month, 1).ok().map(Self)
    }

    /// The first day.
    pub const fn first(self) -> Date {
        self.0
    }

    /// The last day.
    pub fn last(self) -> Date {
        let length = self.0.month().length(self.0.year());
        self.0.replace_day(length).unwrap_or(self.0)
    }

    /// The month after it.
    fn next(self) -> Self {
        Self(self.last().next_day().unwrap_or(self.0))
    }

    /// The month before it.
    fn previous(self) -> Self {
        Self::of(self.0.previous_day().unwrap_or(self.0))
    }

    /// The last month that is over in every zone at `now`: from the 1st, 12:00 UTC, it is the one before.
    pub fn last_over(now: OffsetDateTime) -> Self {
        Self::of((now - WESTERNMOST).date()).previous()
    }

    /// The first season of an instance that was first used on the day `used`, and whose first account was made at `made`: none
    /// from before that. What people bring along reaches further back, but a month that is frozen from the history of who
    /// came first would lack for good whoever comes next.
    pub fn first_season(used: Date, made: OffsetDateTime) -> Self {
        Self::of(used.max(made.to_offset(UtcOffset::UTC).date()))
    }

    /// The months from `first` to `last`, but those in `frozen`, oldest first.
    pub fn missing(first: Self, last: Self, frozen: &[Self]) -> Vec<Self> {
        let months = std::iter::successors(Some(first), |month| Some(month.next()));
        months.take_while(|month| *month <= last).filter(|month| !frozen.contains(month)).collect()
    }
}

impl fmt::Display for SeasonMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), u8::from(self.0.month()))
    }
}

/// A month that was frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    /// Which.
    pub month: SeasonMonth,
    /// When it was frozen.
    pub frozen_at: OffsetDateTime,
    /// How many people were ranked then, those beyond the first [`TOP`] included.
    pub people: u32,
}

/// One of the first of a season.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonEntry {
    /// Who.
    pub user: UserId,
    /// Their username, as of now.
    pub username: Username,
    /// What they are called.
    pub name: Option<String>,
    /// Their picture.
    pub image: Option<WebUrl>,
    /// The rank, from 1; equal tokens share it.
    pub rank: u32,
    /// Tokens of the month.
    pub tokens: i64,
    /// What they cost.
    pub cost: Usd,
}

/// A season with its first people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonBoard {
    /// Which.
    pub season: Season,
    /// The first [`TOP`] of it who are still shown, the best first.
    pub entries: Vec<SeasonEntry>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn month(text: &str) -> SeasonMonth {
        SeasonMonth::parse(text).expect("a month")
    }

    #[test]
    fn a_month_is_over_when_it_is_over_in_the_westernmost_zone() {
        for (now, last) in [
            (datetime!(2026-11-01 11:59:59 UTC), "2026-09"),
            (datetime!(2026-11-01 12:00 UTC), "2026-10"),
            (datetime!(2026-11-30 23:59 UTC), "2026-10"),
            (datetime!(2027-01-01 12:00 UTC), "2026-12"),
        ] {
            assert_eq!(SeasonMonth::last_over(now), month(last), "{now}");
        }
    }

    #[test]
    fn seasons_begin_with_the_month_of_the_first_account_or_of_the_first_usage_if_that_is_later() {
        for (used, made, first) in [
            (date!(2020 - 04 - 28), datetime!(2026-11-22 12:00 UTC), "2026-11"),
            (date!(2026 - 11 - 30), datetime!(2026-11-30 23:59:59 UTC), "2026-11"),
            (date!(2026 - 11 - 30), datetime!(2026-12-01 00:30 +1), "2026-11"),
            // West of Greenwich it is still October, in which nobody was here.
            (date!(2026 - 10 - 31), datetime!(2026-11-01 00:00 UTC), "2026-11"),
            (date!(2027 - 01 - 05), datetime!(2026-11-22 12:00 UTC), "2027-01"),
        ] {
            assert_eq!(SeasonMonth::first_season(used, made), month(first), "{used} {made}");
        }
    }

    #[test]
    fn missed_months_are_found_from_the_first() {
        let missing = |first, last, frozen: &[&str]| {
            let frozen: Vec<_> = frozen.iter().map(|text| month(text)).collect();
            let missing = SeasonMonth::missing(month(first), month(last), &frozen);
            missing.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let november = "2025-11";
        assert_eq!(missing(november, "2026-02", &[]), ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(missing(november, "2026-02", &["2025-12", "2026-02"]), ["2025-11", "2026-01"]);
        assert!(missing(november, "2025-10", &[]).is_empty(), "the month is still under way");
    }

    #[test]
    fn months_are_written_with_two_digits_and_read_so() {
        assert_eq!((month("2026-02").first(), month("2026-02").last()), (date!(2026 - 02 - 01), date!(2026 - 02 - 28)));
        assert_eq!(month("2024-02").last(), date!(2024 - 02 - 29));
        assert_eq!(month("2026-02").to_string(), "2026-02");
        for wrong in ["", "2026", "2026-2", "2026-13", "2026-00", "26-02", "2026-02-01", "+026-02", "abcd-ef"] {
            assert_eq!(SeasonMonth::parse(wrong), None, "{wrong}");
        }
    }
}
