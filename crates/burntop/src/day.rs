//! Days as people type them.

use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::failure::{Failure, FailureKind};
use crate::figures::Today;

/// The local date in `text`: `2026-11-30`, `today` or `yesterday`; `None` for anything else.
pub(crate) fn parse_day(text: &str, today: Date) -> Option<Date> {
    match text {
        "today" => Some(today),
        "yesterday" => today.previous_day(),
        _ => Date::parse(text, format_description!("[year]-[month]-[day]")).ok(),
    }
}

/// Whether `text` has the form of a date: years, months and days in digits.
pub(crate) fn looks_like_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

/// The instant at which the local day in `text` begins; `7d` are the last seven days including today.
pub(crate) fn parse_since(text: &str, today: &Today) -> Result<OffsetDateTime, Failure> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok()).filter(|days| *days > 0);
    let ago = days.and_then(|days| today.date.checked_sub(Duration::days(i64::from(days) - 1)));
    ago.or_else(|| parse_day(text, today.date)).map(|date| today.start_of(date)).ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            format!("`{text}` is not a day. Write YYYY-MM-DD, today, yesterday, or 7d for seven days."),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::days::Zone;
    use time::macros::{date, datetime};

    #[test]
    fn date_is_recognised_by_form() {
        for (text, is_date) in [
            ("2026-11-30", true),
            ("2026-13-45", true),
            ("2026-1-5", true),
            ("2026-11-", false),
            ("2026-11-30-1", false),
            ("5d0c0000-0000-4000-8000-00000000beef", false),
            ("20261130", false),
            ("today", false),
        ] {
            assert_eq!(looks_like_date(text), is_date, "{text}");
        }
    }

    #[test]
    fn since_is_start_of_local_day() {
        let zone = Zone::parse("Europe/Berlin").expect("a zone");
        let today = Today { date: date!(2026 - 11 - 30), now: datetime!(2026-11-30 12:00 UTC), zone };
        for (text, expected) in [
            ("2026-11-01", Some(datetime!(2026-10-31 23:00 UTC))),
            ("today", Some(datetime!(2026-11-29 23:00 UTC))),
            ("yesterday", Some(datetime!(2026-11-28 23:00 UTC))),
            ("1d", Some(datetime!(2026-11-29 23:00 UTC))),
            ("7d", Some(datetime!(2026-11-23 23:00 UTC))),
            ("0d", None),
            ("2026-13-01", None),
            ("last week", None),
        ] {
            assert_eq!(parse_since(text, &today).ok(), expected, "{text}");
        }
    }
}
