//! Days: local dates in time zones. Only this module applies rules of zones (I14).

mod period;

use std::fmt;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use time::{Date, Month, OffsetDateTime};

pub use period::{Period, Window, window_start};

/// An IANA time zone by its name in the zone database (`Europe/Berlin`).
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A wall clock time in some zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    pub date: Date,
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::get("UTC").unwrap_or(TimeZone::UTC))
    }

    /// The zone `name`, in any case; `None` if the zone database does not have it.
    pub fn parse(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        zone.iana_name().is_some().then_some(Self(zone))
    }

    /// The name in the zone database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The wall clock time in this zone at `instant`.
    pub fn local(&self, instant: OffsetDateTime) -> LocalTime {
        let timestamp = jiff::Timestamp::from_nanosecond(instant.unix_timestamp_nanos()).unwrap_or_default();
        let local = self.0.to_datetime(timestamp);
        LocalTime { date: date(local.date()), hour: local.hour().unsigned_abs(), minute: local.minute().unsigned_abs() }
    }

    /// The instant at which a wall clock in this zone shows `hour` o'clock on `date`. The first one if it shows it twice; if
    /// clocks are set forward over it, later by the same amount.
    pub fn instant(&self, date: Date, hour: u8) -> OffsetDateTime {
        let (month, day) = (u8::from(date.month()).cast_signed(), date.day().cast_signed());
        let year = i16::try_from(date.year()).unwrap_or(i16::MAX);
        let timestamp = jiff::civil::DateTime::new(year, month, day, hour.cast_signed(), 0, 0, 0)
            .and_then(|local| self.0.to_timestamp(local))
            .unwrap_or(jiff::Timestamp::MAX);
        OffsetDateTime::from_unix_timestamp(timestamp.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    pub fn date(&self, instant: OffsetDateTime) -> Date {
        self.local(instant).date
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The dates from `first` to `last`, both included.
pub fn days_between(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.next_day()).take_while(move |date| *date <= last)
}

fn date(date: jiff::civil::Date) -> Date {
    Month::try_from(date.month().unsigned_abs())
        .and_then(|month| Date::from_calendar_date(i32::from(date.year()), month, date.day().unsigned_abs()))
        .unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect("a known zone")
    }

    #[test]
    fn zone_same_instant_has_local_date() {
        let instant = datetime!(2026-11-22 23:30 UTC);
        for (name, expected, hour, minute) in [
            ("UTC", date!(2026 - 11 - 22), 23, 30),
            ("Europe/Berlin", date!(2026 - 11 - 23), 0, 30),
            ("America/Los_Angeles", date!(2026 - 11 - 22), 15, 30),
            ("Asia/Kathmandu", date!(2026 - 11 - 23), 5, 15),
            ("Pacific/Kiritimati", date!(2026 - 11 - 23), 13, 30),
        ] {
            assert_eq!(zone(name).local(instant), LocalTime { date: expected, hour, minute }, "{name}");
        }
    }

    #[test]
    fn zone_daylight_saving_moves_clock_not_instant() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(berlin.local(datetime!(2026-03-29 00:59 UTC)).hour, 1);
        assert_eq!(berlin.local(datetime!(2026-03-29 01:00 UTC)).hour, 3);
        assert_eq!(berlin.local(datetime!(2026-10-25 00:30 UTC)).hour, 2);
        assert_eq!(berlin.local(datetime!(2026-10-25 01:30 UTC)).hour, 2);
    }

    #[test]
    fn zone_instant_of_wall_clock_hour() {
        for (name, date, hour, instant) in [
            ("UTC", date!(2026 - 11 - 23), 9, datetime!(2026-11-23 9:00 UTC)),
            ("Europe/Berlin", date!(2026 - 11 - 23), 9, datetime!(2026-11-23 8:00 UTC)),
            ("Asia/Kathmandu", date!(2026 - 11 - 23), 0, datetime!(2026-11-22 18:15 UTC)),
            ("Pacific/Kiritimati", date!(2026 - 11 - 23), 9, datetime!(2026-11-22 19:00 UTC)),
            // An hour that does not exist, and one that occurs twice.
            ("Europe/Berlin", date!(2026 - 03 - 29), 2, datetime!(2026-03-29 1:00 UTC)),
            ("Europe/Berlin", date!(2026 - 10 - 25), 2, datetime!(2026-10-25 0:00 UTC)),
        ] {
            assert_eq!(zone(name).instant(date, hour), instant, "{name} {date} {hour}");
        }
    }

    #[test]
    fn zone_name_is_found_in_any_case_and_kept_as_in_database() {
        assert_eq!(zone("europe/berlin").name(), "Europe/Berlin");
        assert_eq!(Zone::utc().name(), "UTC");
        let shown = (zone("asia/kathmandu").to_string(), format!("{:?}", Zone::utc()));
        assert_eq!(shown, ("Asia/Kathmandu".to_owned(), "Zone(UTC)".to_owned()));
        for unknown in ["", "Mars/Olympus", "Europe/Berlin\0", "+02:00", "../etc/passwd", "Etc/Unknown"] {
            assert!(Zone::parse(unknown).is_none(), "{unknown:?}");
        }
    }
}
