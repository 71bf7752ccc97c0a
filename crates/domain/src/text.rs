//! Checks of entered texts, and the format of values in sentences.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextProblem {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more characters than this.
    TooLong(usize),
    /// It does not match this pattern.
    Pattern(&'static str),
    /// It cannot be used, for this reason.
    Value(&'static str),
}

/// Checks that `text` has `shortest` to `longest` characters and no NUL.
pub fn bounded(text: &str, shortest: usize, longest: usize) -> Result<&str, TextProblem> {
    let length = text.chars().count();
    if length < shortest {
        Err(TextProblem::TooShort(shortest))
    } else if length > longest {
        Err(TextProblem::TooLong(longest))
    } else if text.contains('\0') {
        Err(TextProblem::Value("must not contain NUL characters"))
    } else {
        Ok(text)
    }
}

/// `number` with separated thousands: `1,234,567`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `at` in the format of RFC 3339, in UTC.
pub fn rfc3339(at: OffsetDateTime) -> String {
    at.to_utc().format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// `number` of `what`, such as `1 token` or `1,200 tokens`.
pub fn plural(number: u64, what: &str) -> String {
    let shown = grouped(i64::try_from(number).unwrap_or(i64::MAX));
    format!("{shown} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_in_utc() {
        let at = time::macros::datetime!(2026-11-23 1:30 +2);
        assert_eq!(rfc3339(at), "2026-11-22T23:30:00Z");
    }

    #[test]
    fn bounded_counts_characters() {
        assert_eq!(bounded("äöü", 3, 3), Ok("äöü"));
        assert_eq!(bounded("äö", 3, 3), Err(TextProblem::TooShort(3)));
        assert_eq!(bounded("äöüß", 3, 3), Err(TextProblem::TooLong(3)));
        assert!(matches!(bounded("a\0b", 1, 3), Err(TextProblem::Value(_))));
    }

    #[test]
    fn grouped_separates_thousands() {
        for (number, shown) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (100_000, "100,000")]
        {
            assert_eq!(grouped(number), shown);
        }
        assert_eq!(
            [plural(1, "token"), plural(0, "token"), plural(1_200, "token")],
            ["1 token", "0 tokens", "1,200 tokens"]
        );
    }
}
