//! Selects messages of an account by tool and local days.

use time::{Date, Duration, OffsetDateTime};

use super::message::UsageMessage;
use super::names::Source;
use crate::days::Zone;

/// The largest difference between the local date and the date in UTC: an offset is less than a day.
const MAX_UTC_OFFSET: Duration = Duration::DAY;

/// A part of an account's messages; `None` excludes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageSelection {
    pub source: Option<Source>,
    /// The first local day.
    pub from: Option<Date>,
    /// The last local day.
    pub to: Option<Date>,
}

/// A range that contains the selected messages in every zone, and some others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantRange {
    pub source: Option<Source>,
    /// From this instant on.
    pub since: Option<OffsetDateTime>,
    /// Before this instant.
    pub until: Option<OffsetDateTime>,
}

impl UsageSelection {
    /// Whether no day is excluded.
    pub fn has_all_days(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether `message`, whose owner lives in `zone`, is selected.
    pub fn has(&self, message: &UsageMessage, zone: &Zone) -> bool {
        let day = zone.date(message.at);
        self.source.as_ref().is_none_or(|source| *source == message.source)
            && self.from.is_none_or(|from| from <= day)
            && self.to.is_none_or(|to| day <= to)
    }

    /// The range to search.
    pub fn reach(&self) -> InstantRange {
        let midnight = |date: Date| date.midnight().assume_utc();
        InstantRange {
            source: self.source.clone(),
            since: self.from.and_then(|from| midnight(from).checked_sub(MAX_UTC_OFFSET)),
            until: self.to.and_then(|to| midnight(to).checked_add(Duration::DAY + MAX_UTC_OFFSET)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::testing::message;
    use time::macros::{date, datetime};

    fn at(at: OffsetDateTime) -> UsageMessage {
        UsageMessage { at, ..message("m", 1) }
    }

    #[test]
    fn selection_days_are_local_and_inclusive() {
        let day = |from, to| UsageSelection { from, to, ..UsageSelection::default() };
        let (first, second) = (Some(date!(2026 - 11 - 22)), Some(date!(2026 - 11 - 23)));
        for (zone, instant, selection, meant) in [
            ("UTC", datetime!(2026-11-22 23:30 UTC), day(first, first), true),
            ("Europe/Berlin", datetime!(2026-11-22 23:30 UTC), day(first, first), false),
            ("Europe/Berlin", datetime!(2026-11-22 23:30 UTC), day(second, second), true),
            ("Europe/Berlin", datetime!(2026-11-21 23:00 UTC), day(first, second), true),
            ("Europe/Berlin", datetime!(2026-11-21 22:59:59 UTC), day(first, second), false),
            ("Pacific/Kiritimati", datetime!(2026-11-21 10:00 UTC), day(first, None), true),
            ("Pacific/Kiritimati", datetime!(2026-11-21 09:59 UTC), day(first, None), false),
            ("Pacific/Pago_Pago", datetime!(2026-11-23 10:59 UTC), day(None, first), true),
            ("Pacific/Pago_Pago", datetime!(2026-11-23 11:00 UTC), day(None, first), false),
            // This clock was put back from 00:01 to 23:01: the date was the later one for a minute, twice.
            ("America/St_Johns", datetime!(2009-11-01 02:30 UTC), day(Some(date!(2009 - 11 - 01)), None), true),
            ("America/St_Johns", datetime!(2009-11-01 02:31 UTC), day(Some(date!(2009 - 11 - 01)), None), false),
            ("America/St_Johns", datetime!(2009-11-01 03:30 UTC), day(Some(date!(2009 - 11 - 01)), None), true),
        ] {
            let zone = Zone::parse(zone).expect("a zone");
            assert_eq!(selection.has(&at(instant), &zone), meant, "{zone} {instant}");
            let reach = selection.reach();
            let found = reach.since.is_none_or(|since| since <= instant) && reach.until.is_none_or(|end| instant < end);
            assert!(found || !meant, "{zone} {instant} is looked at");
        }
    }

    #[test]
    fn selection_default_is_everything() {
        let (zone, message) = (Zone::utc(), at(datetime!(2026-11-22 12:00 UTC)));
        assert!(UsageSelection::default().has(&message, &zone));
        assert_eq!(UsageSelection::default().reach(), InstantRange { source: None, since: None, until: None });
        for (source, meant) in [("claude-code", true), ("codex", false)] {
            let selection = UsageSelection { source: Source::parse(source), ..UsageSelection::default() };
            assert_eq!(selection.has(&message, &zone), meant, "{source}");
        }
        let ends = UsageSelection { from: Some(Date::MIN), to: Some(Date::MAX), source: None };
        assert!(ends.has(&message, &zone));
        assert_eq!(ends.reach(), InstantRange { source: None, since: None, until: None }, "there is nothing beyond");
    }
}
