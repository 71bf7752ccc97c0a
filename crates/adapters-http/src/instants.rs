//! Instants and dates as text: RFC 3339 as clients write it, and the one way we write it.

use time::{Date, Duration, Month, OffsetDateTime, Time};

/// Reads an RFC 3339 instant as UTC, cut to microseconds. Tolerated besides: a space for the `T`, no seconds' fraction
/// limit, and no offset, which means UTC. `None` for anything else.
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    let bytes = text.as_bytes();
    let (date, time) = (bytes.get(..10)?, bytes.get(10..19)?);
    if date[4] != b'-'
        || date[7] != b'-'
        || !matches!(time[0], b'T' | b't' | b' ')
        || time[3] != b':'
        || time[6] != b':'
    {
        return None;
    }
    let (micros, rest) = fraction(&bytes[19..])?;
    let offset = offset_minutes(rest)?;
    let (hour, minute, second) = (two(&time[1..])?, two(&time[4..])?, two(&time[7..])?);
    // A leap second is counted as the last moment before it, as POSIX clocks do.
    let (second, micros) = if second == 60 { (59, 999_999) } else { (second, micros) };
    let clock = Time::from_hms_micro(hour, minute, second, micros).ok()?;
    let local = OffsetDateTime::new_utc(calendar_date(date)?, clock);
    if offset == 0 { Some(local) } else { local.checked_sub(Duration::minutes(offset)) }
}

/// Reads `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    (bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-').then(|| calendar_date(bytes))?
}

/// Writes an instant as RFC 3339 in UTC with `Z` and as many decimals of a second as it has, at most six.
pub fn format(instant: OffsetDateTime) -> String {
    let utc = instant.to_utc();
    let seconds = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    );
    match utc.microsecond() {
        0 => format!("{seconds}Z"),
        micros if micros % 1000 == 0 => format!("{seconds}.{:03}Z", micros / 1000),
        micros => format!("{seconds}.{micros:06}Z"),
    }
}

/// Writes a date as `YYYY-MM-DD`.
pub fn format_date(date: Date) -> String {
    date_text(date).as_str().to_owned()
}

/// A date as `YYYY-MM-DD`, without an allocation: long answers have hundreds.
pub(crate) fn date_text(date: Date) -> DateText {
    let year = date.year().unsigned_abs();
    let digit = |number: u32| b'0' + u8::try_from(number % 10).unwrap_or_default();
    let (month, day) = (u32::from(u8::from(date.month())), u32::from(date.day()));
    let [y1, y2, y3, y4] = [year / 1_000, year / 100, year / 10, year].map(digit);
    let [m1, m2, d1, d2] = [month / 10, month, day / 10, day].map(digit);
    DateText([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

/// The text of a date of the years 0 to 9999.
pub(crate) struct DateText([u8; 10]);

impl DateText {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The microseconds of an optional `.digits`, and what follows it.
fn fraction(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.', digits)) = bytes.split_first() else { return Some((0, bytes)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let kept = digits[..length].iter().take(6).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let missing = 6_usize.saturating_sub(length);
    (length > 0).then(|| (kept * 10_u32.pow(u32::try_from(missing).unwrap_or(0)), &digits[length..]))
}

/// How many minutes a clock with this offset (`Z`, `+02:00`, `-0330`, or none) is ahead of UTC.
fn offset_minutes(bytes: &[u8]) -> Option<i64> {
    let (sign, digits) = match bytes {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [_, _, b':', _, _] => (two(digits)?, two(&digits[3..])?),
        [_, _, _, _] => (two(digits)?, two(&digits[2..])?),
        [_, _] => (two(digits)?, 0),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 60 + i64::from(minutes)))
}

/// The date in `YYYY?MM?DD`.
fn calendar_date(bytes: &[u8]) -> Option<Date> {
    let year = i32::from(two(bytes)?) * 100 + i32::from(two(&bytes[2..])?);
    Date::from_calendar_date(year, Month::try_from(two(&bytes[5..])?).ok()?, two(&bytes[8..])?).ok()
}

/// The number in the first two digits.
fn two(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn instant_with_any_offset_is_cut_to_microseconds() {
        for (text, instant) in [
            ("2026-11-22T12:34:56.789Z", datetime!(2026-11-22 12:34:56.789 UTC)),
            ("2026-11-22t12:34:56z", datetime!(2026-11-22 12:34:56 UTC)),
            ("2026-11-22T12:34:56", datetime!(2026-11-22 12:34:56 UTC)),
            ("2026-11-22 12:34:56", datetime!(2026-11-22 12:34:56 UTC)),
            ("2026-11-22T12:34:56.123456999Z", datetime!(2026-11-22 12:34:56.123456 UTC)),
            ("2026-11-22T00:34:56+05:45", datetime!(2026-11-21 18:49:56 UTC)),
            ("2026-11-22T12:34:56.5-0330", datetime!(2026-11-22 16:04:56.5 UTC)),
            ("2026-11-22T12:34:56+01", datetime!(2026-11-22 11:34:56 UTC)),
            ("2016-12-31T23:59:60Z", datetime!(2016-12-31 23:59:59.999999 UTC)),
            ("2024-02-29T00:00:00Z", datetime!(2024-02-29 00:00:00 UTC)),
        ] {
            assert_eq!(parse(text), Some(instant), "{text}");
        }
    }

    #[test]
    fn instant_malformed_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-11-22",
            "2026-11-22T",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T12:60:00Z",
            "2026-11-22T12:00:61Z",
            "2026-11-22T12:00:00.Z",
            "2026-11-22T12:00:00+24:00",
            "2026-11-22T12:00:00+1:00",
            "2026-11-22T12:00:00Zz",
            "2026-11-22T12:00:00 Z",
            "1763814896",
            "2026-11-22T12:00:0é",
            "+2026-1-22T12:00:00",
            "9999-12-31T23:59:59-23:59",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn instant_is_written_in_utc_with_needed_decimals() {
        for (instant, text) in [
            (datetime!(2026-11-22 12:34:56 UTC), "2026-11-22T12:34:56Z"),
            (datetime!(2026-11-22 12:34:56.789 UTC), "2026-11-22T12:34:56.789Z"),
            (datetime!(2026-11-22 12:34:56.000789 +1), "2026-11-22T11:34:56.000789Z"),
        ] {
            assert_eq!(format(instant), text);
            assert_eq!(parse(text), Some(instant));
        }
    }

    #[test]
    fn date_is_written_as_iso_8601() {
        assert_eq!(parse_date("2026-11-02"), Some(date!(2026 - 11 - 02)));
        for (date, text) in [
            (date!(2026 - 11 - 02), "2026-11-02"),
            (date!(1999 - 12 - 31), "1999-12-31"),
            (date!(0000 - 01 - 01), "0000-01-01"),
            (date!(0987 - 06 - 05), "0987-06-05"),
            (date!(9999 - 10 - 20), "9999-10-20"),
        ] {
            assert_eq!(format_date(date), text);
        }
        for text in ["2026-11-2", "2026-02-30", "20261102", "2026-11-022", "2026/11/02"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
