//! Weekly hours in UTC, for off-peak prices.

use std::fmt;

use time::{OffsetDateTime, UtcOffset};

/// Minutes of a day.
const MINUTES_PER_DAY: u16 = 24 * 60;

/// Hours of the days of a week, Monday first, in UTC. Equal hours are equal values, in whatever form they were stated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct WeeklyHours {
    /// For each day, ascending and disjoint: the first minute, and the end, which is excluded.
    days: [Vec<(u16, u16)>; 7],
}

impl WeeklyHours {
    /// Reads the format of [`Display`](fmt::Display): `12345/00:00-01:00,10:00-24:00 67/00:00-24:00`. `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut hours = Self::default();
        for word in text.split_ascii_whitespace() {
            let (days, spans) = word.split_once('/')?;
            for day in days.chars() {
                let day = usize::try_from(day.to_digit(10)?).ok()?.checked_sub(1)?;
                for span in spans.split(',') {
                    let (from, until) = span.split_once('-')?;
                    hours.add(day, minute(from)?, minute(until)?)?;
                }
            }
        }
        (!hours.is_empty()).then_some(hours)
    }

    /// Adds the minutes from `from` up to, excluding, `until` on `day`, counted from Monday; `None` if there is no such time.
    pub(super) fn add(&mut self, day: usize, from: u16, until: u16) -> Option<()> {
        let spans = self.days.get_mut(day)?;
        if from >= until || until > MINUTES_PER_DAY {
            return None;
        }
        spans.push((from, until));
        spans.sort_unstable();
        let mut joined: Vec<(u16, u16)> = Vec::with_capacity(spans.len());
        for (from, until) in spans.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => joined.push((from, until)),
            }
        }
        *spans = joined;
        Some(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }

    pub fn include(&self, at: OffsetDateTime) -> bool {
        let at = at.to_offset(UtcOffset::UTC);
        let minute = u16::from(at.hour()) * 60 + u16::from(at.minute());
        let day = self.days.get(usize::from(at.weekday().number_days_from_monday()));
        day.into_iter().flatten().any(|(from, until)| (*from..*until).contains(&minute))
    }
}

/// The minute of a day written `10:30`; `24:00` is its end.
pub(super) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number =
        |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?;
    let (hour, minute): (u16, u16) = (number(hour)?, number(minute)?);
    (minute < 60 && hour * 60 + minute <= MINUTES_PER_DAY).then_some(hour * 60 + minute)
}

impl fmt::Display for WeeklyHours {
    /// Groups days with the same hours, in the order of the first of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        for (day, spans) in self.days.iter().enumerate() {
            if spans.is_empty() || self.days[..day].contains(spans) {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                f.write_str(" ")?;
            }
            for (number, _) in (1..).zip(&self.days).filter(|(_, other)| *other == spans) {
                write!(f, "{number}")?;
            }
            for (place, (from, until)) in spans.iter().enumerate() {
                let sign = if place == 0 { '/' } else { ',' };
                write!(f, "{sign}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const DEEPSEEK: &str = "12345/00:00-01:00,04:00-06:00,10:00-24:00 67/00:00-24:00";

    #[test]
    fn hours_include_by_day_and_minute_in_utc() {
        let hours = WeeklyHours::parse(DEEPSEEK).expect("hours");
        let table = [
            (datetime!(2026-11-23 0:00 UTC), true),
            (datetime!(2026-11-23 0:59:59 UTC), true),
            (datetime!(2026-11-23 1:00 UTC), false),
            (datetime!(2026-11-23 3:59 UTC), false),
            (datetime!(2026-11-23 4:00 UTC), true),
            (datetime!(2026-11-23 6:00 UTC), false),
            (datetime!(2026-11-23 23:59:59 UTC), true),
            (datetime!(2026-11-27 8:00 UTC), false),
            (datetime!(2026-11-28 8:00 UTC), true),
            (datetime!(2026-11-29 8:00 UTC), true),
            (datetime!(2026-11-30 8:00 UTC), false),
            (datetime!(2026-11-30 8:30 +9), true),
            (datetime!(2026-11-30 10:30 +9), false),
        ];
        for (at, is_included) in table {
            assert_eq!(hours.include(at), is_included, "{at}");
        }
    }

    #[test]
    fn hours_are_written_in_one_form() {
        let table = [
            (DEEPSEEK, DEEPSEEK),
            (
                "7/00:00-24:00 1/10:00-24:00 1/00:00-01:00,00:30-02:00,02:00-03:00",
                "1/00:00-03:00,10:00-24:00 7/00:00-24:00",
            ),
            ("31/04:00-05:00", "13/04:00-05:00"),
        ];
        for (text, written) in table {
            assert_eq!(WeeklyHours::parse(text).map(|hours| hours.to_string()).as_deref(), Some(written));
        }
    }

    #[test]
    fn hours_malformed_are_refused() {
        let no_hours = [
            "",
            "1",
            "1/",
            "1/00:00",
            "8/00:00-01:00",
            "0/00:00-01:00",
            "x/00:00-01:00",
            "1/01:00-01:00",
            "1/02:00-01:00",
            "1/00:00-24:01",
            "1/00:60-02:00",
            "1/0:00-02:00",
            "1/+1:00-02:00",
            "/00:00-01:00",
        ];
        for text in no_hours {
            assert_eq!(WeeklyHours::parse(text), None, "{text}");
        }
    }

    pub(in super::super) fn hours() -> impl Strategy<Value = WeeklyHours> {
        prop::collection::vec((0..7_usize, 0..MINUTES_PER_DAY, 1..=MINUTES_PER_DAY), 1..8).prop_filter_map(
            "no time",
            |spans| {
                let mut hours = WeeklyHours::default();
                for (day, one, other) in spans {
                    let _ = hours.add(day, one.min(other), one.max(other));
                }
                (!hours.is_empty()).then_some(hours)
            },
        )
    }

    proptest! {
        #[test]
        fn hours_round_trip(hours in hours()) {
            prop_assert_eq!(WeeklyHours::parse(&hours.to_string()), Some(hours));
        }
    }
}
