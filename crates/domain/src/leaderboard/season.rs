//! Seasons: calendar months that have ended in every zone.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime, UtcOffset};

use crate::ids::UserId;
use crate::money::Usd;
use crate::users::{Username, WebUrl};

/// The accounts that a season keeps.
pub const TOP: u32 = 100;

/// How long a month lasts in the westernmost zone, UTC-12, after its end in UTC.
const WESTERNMOST: Duration = Duration::hours(12);

/// A calendar month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeasonMonth(Date);

impl SeasonMonth {
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

    pub const fn first(self) -> Date {
        self.0
    }

    pub fn last(self) -> Date {
        let length = self.0.month().length(self.0.year());
        self.0.replace_day(length).unwrap_or(self.0)
    }

    fn next(self) -> Self {
        Self(self.last().next_day().unwrap_or(self.0))
    }

    fn previous(self) -> Self {
        Self::of(self.0.previous_day().unwrap_or(self.0))
    }

    /// The last month that has ended in every zone at `now`: from the 1st, 12:00 UTC, the month before.
    pub fn last_over(now: OffsetDateTime) -> Self {
        Self::of((now - WESTERNMOST).date()).previous()
    }

    /// The first season of an instance with its first usage on the day `used` and its first account created at `made`: the month
    /// of the later one. Imported usage reaches further back, but a month frozen from it would lack later imports for good.
    pub fn first_season(used: Date, made: OffsetDateTime) -> Self {
        Self::of(used.max(made.to_offset(UtcOffset::UTC).date()))
    }

    /// The months from `first` to `last` except `frozen`, oldest first.
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

/// A frozen month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    pub month: SeasonMonth,
    pub frozen_at: OffsetDateTime,
    /// The ranked accounts, those beyond the first [`TOP`] included.
    pub people: u32,
}

/// One of the first accounts of a season.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonEntry {
    pub user: UserId,
    /// The current username.
    pub username: Username,
    /// The display name.
    pub name: Option<String>,
    pub image: Option<WebUrl>,
    /// The rank, from 1; equal tokens share it.
    pub rank: u32,
    /// Tokens of the month.
    pub tokens: i64,
    /// Their cost.
    pub cost: Usd,
}

/// A season with its first accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonBoard {
    pub season: Season,
    /// Those of the first [`TOP`] that are still shown, the best first.
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
    fn season_ends_with_westernmost_zone() {
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
    fn season_first_is_month_of_first_account_or_later_first_usage() {
        for (used, made, first) in [
            (date!(2020 - 04 - 28), datetime!(2026-11-22 12:00 UTC), "2026-11"),
            (date!(2026 - 11 - 30), datetime!(2026-11-30 23:59:59 UTC), "2026-11"),
            (date!(2026 - 11 - 30), datetime!(2026-12-01 00:30 +1), "2026-11"),
            // West of Greenwich it is still October, before the first account.
            (date!(2026 - 10 - 31), datetime!(2026-11-01 00:00 UTC), "2026-11"),
            (date!(2027 - 01 - 05), datetime!(2026-11-22 12:00 UTC), "2027-01"),
        ] {
            assert_eq!(SeasonMonth::first_season(used, made), month(first), "{used} {made}");
        }
    }

    #[test]
    fn season_missed_months_are_found_from_first() {
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
    fn season_month_reads_and_writes_two_digits() {
        assert_eq!((month("2026-02").first(), month("2026-02").last()), (date!(2026 - 02 - 01), date!(2026 - 02 - 28)));
        assert_eq!(month("2024-02").last(), date!(2024 - 02 - 29));
        assert_eq!(month("2026-02").to_string(), "2026-02");
        for wrong in ["", "2026", "2026-2", "2026-13", "2026-00", "26-02", "2026-02-01", "+026-02", "abcd-ef"] {
            assert_eq!(SeasonMonth::parse(wrong), None, "{wrong}");
        }
    }
}
