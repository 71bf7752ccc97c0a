//! The checks of single values. Each takes a [`Scalar`] and returns what it means, or the rule it breaks.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use domain::text::TextProblem;
use domain::usage::MAX_COUNT;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Fault, Rule, Scalar};
use crate::instants;

/// What a check returns.
pub type Checked<T> = Result<T, Fault>;

/// A string of `length` characters without NUL.
pub fn string(value: Scalar<'_>, length: RangeInclusive<usize>) -> Checked<Cow<'_, str>> {
    let text = match value {
        Scalar::Text(text) => text,
        Scalar::Word(word) => Cow::Borrowed(word),
        _ => return Err(Fault::new(Rule::StringType, "Input should be a valid string")),
    };
    if text.len() < *length.start() || text.len() > *length.end() || *length.start() > 1 {
        measured(&text, &length)?;
    }
    if text.contains('\0') {
        return Err(Fault::new(Rule::ValueError, "A string must not contain NUL characters"));
    }
    Ok(text)
}

fn measured(text: &str, length: &RangeInclusive<usize>) -> Checked<()> {
    let characters = text.chars().count();
    if characters < *length.start() {
        return Err(TextProblem::TooShort(*length.start()).into());
    }
    if characters > *length.end() {
        return Err(TextProblem::TooLong(*length.end()).into());
    }
    Ok(())
}

/// One of `all`, by its name.
pub fn named<T: Copy>(value: Scalar<'_>, all: &[T], name: fn(T) -> &'static str) -> Checked<T> {
    let text = string(value, 0..=usize::MAX)?;
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|one| format!("'{}'", name(*one))).collect();
        Fault::new(Rule::Enum, format!("Input should be {}", names.join(" or ")))
    })
}

/// An integer of `range`. A query string spells it.
#[expect(clippy::needless_pass_by_value, reason = "every check takes its value")]
pub fn integer(value: Scalar<'_>, range: RangeInclusive<i64>) -> Checked<i64> {
    let number = match &value {
        Scalar::Word(word) => spelled(word)?,
        Scalar::Text(_) => return Err(not_an_integer()),
        number => whole(number)?,
    };
    within(number, i128::from(*range.start()), i128::from(*range.end()))?;
    i64::try_from(number).map_err(|_| not_an_integer())
}

/// A count of tokens, 0 to 2^53 - 1: an integer, a float without a fraction, or a string that spells one.
pub fn count(value: &Scalar<'_>) -> Checked<u64> {
    let number = match value {
        Scalar::Unsigned(number) if *number <= MAX_COUNT => return Ok(*number),
        Scalar::Text(text) => spelled(text)?,
        number => whole(number)?,
    };
    within(number, 0, i128::from(MAX_COUNT))?;
    u64::try_from(number).map_err(|_| not_an_integer())
}

/// A number from 0.
pub fn amount(value: &Scalar<'_>) -> Checked<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "an amount that a client reports for information")]
        Scalar::Unsigned(number) => Ok(*number as f64),
        Scalar::Float(number) if *number >= 0.0 => Ok(*number),
        Scalar::Float(_) | Scalar::Signed(_) => Err(at_least(0)),
        _ => Err(Fault::new(Rule::ValueError, "Input should be a valid number")),
    }
}

/// `true` or `false`; in a query string also `1` and `0`.
#[expect(clippy::needless_pass_by_value, reason = "every check takes its value")]
pub fn boolean(value: Scalar<'_>) -> Checked<bool> {
    match value {
        Scalar::Bool(truth) => Ok(truth),
        Scalar::Word("true" | "1") => Ok(true),
        Scalar::Word("false" | "0") => Ok(false),
        _ => Err(Fault::new(Rule::ValueError, "Input should be a valid boolean")),
    }
}

/// An RFC 3339 instant.
pub fn instant(value: Scalar<'_>) -> Checked<OffsetDateTime> {
    let text = string(value, 0..=usize::MAX)?;
    instants::parse(&text)
        .ok_or_else(|| Fault::new(Rule::DatetimeParsing, "Input should be a valid datetime (RFC 3339)"))
}

/// A date, `YYYY-MM-DD`.
pub fn date(value: Scalar<'_>) -> Checked<Date> {
    let text = string(value, 0..=usize::MAX)?;
    instants::parse_date(&text)
        .ok_or_else(|| Fault::new(Rule::DatetimeParsing, "Input should be a valid date (YYYY-MM-DD)"))
}

/// A UUID.
pub fn uuid(value: Scalar<'_>) -> Checked<Uuid> {
    let text = string(value, 0..=usize::MAX)?;
    Uuid::try_parse(&text).map_err(|_| Fault::new(Rule::ValueError, "Input should be a valid UUID"))
}

/// The integer a number is. Floats beyond 128 bits saturate, which is beyond every limit too.
fn whole(value: &Scalar<'_>) -> Checked<i128> {
    match value {
        Scalar::Unsigned(number) => Ok(i128::from(*number)),
        Scalar::Signed(number) => Ok(i128::from(*number)),
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and the fraction is zero")]
        Scalar::Float(number) if number.fract() == 0.0 => Ok(*number as i128),
        _ => Err(not_an_integer()),
    }
}

/// The integer a string spells: digits with an optional sign, spaces around and zeros after the point.
fn spelled(text: &str) -> Checked<i128> {
    let wrong =
        || Fault::new(Rule::IntParsing, "Input should be a valid integer, unable to parse string as an integer");
    let trimmed = text.trim_ascii();
    let number = match trimmed.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return Err(wrong()),
        None => trimmed,
    };
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let most = if number.starts_with('-') { i128::MIN } else { i128::MAX };
    Ok(number.parse().unwrap_or(most))
}

fn within(number: i128, least: i128, most: i128) -> Checked<()> {
    match number {
        number if number < least => Err(at_least(least)),
        number if number > most => {
            Err(Fault::new(Rule::LessThanEqual, format!("Input should be less than or equal to {most}")))
        }
        _ => Ok(()),
    }
}

fn at_least(least: impl Display) -> Fault {
    Fault::new(Rule::GreaterThanEqual, format!("Input should be greater than or equal to {least}"))
}

pub(super) fn not_an_integer() -> Fault {
    Fault::new(Rule::IntType, "Input should be a valid integer")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule<T>(checked: Checked<T>) -> Option<&'static str> {
        checked.err().map(|fault| fault.rule.as_str())
    }

    fn text_of(text: &str) -> Scalar<'_> {
        Scalar::Text(text.into())
    }

    #[test]
    fn count_accepts_an_integer_in_any_notation() {
        for (value, number) in [
            (Scalar::Unsigned(MAX_COUNT), MAX_COUNT),
            (Scalar::Float(3.0), 3),
            (Scalar::Float(-0.0), 0),
            (text_of("1000"), 1000),
            (text_of(" +12.00 "), 12),
            (text_of("-0"), 0),
        ] {
            assert_eq!(count(&value), Ok(number), "{value:?}");
        }
    }

    #[test]
    fn count_wrong_value_names_the_broken_rule() {
        for (value, broken) in [
            (Scalar::Null, "int_type"),
            (Scalar::Bool(true), "int_type"),
            (Scalar::List, "int_type"),
            (Scalar::Float(1.5), "int_type"),
            (Scalar::Signed(-1), "greater_than_equal"),
            (Scalar::Float(-1e300), "greater_than_equal"),
            (Scalar::Unsigned(MAX_COUNT + 1), "less_than_equal"),
            (Scalar::Float(1e300), "less_than_equal"),
            (text_of("99999999999999999999999999999999999999999999"), "less_than_equal"),
            (text_of("-99999999999999999999999999999999999999999999"), "greater_than_equal"),
            (text_of(""), "int_parsing"),
            (text_of("1e3"), "int_parsing"),
            (text_of("1.5"), "int_parsing"),
            (text_of("+"), "int_parsing"),
            (text_of("++1"), "int_parsing"),
            (text_of("12\0"), "int_parsing"),
        ] {
            assert_eq!(rule(count(&value)), Some(broken), "{value:?}");
        }
    }

    #[test]
    fn string_length_is_measured_in_characters() {
        for (text, length, broken) in [
            ("üüü", 1..=3, None),
            ("üüüü", 1..=3, Some("string_too_long")),
            ("ü", 2..=3, Some("string_too_short")),
            ("", 1..=3, Some("string_too_short")),
            ("a\0", 1..=3, Some("value_error")),
        ] {
            assert_eq!(rule(string(text_of(text), length)), broken, "{text:?}");
        }
        assert_eq!(rule(string(Scalar::Null, 0..=3)), Some("string_type"));
    }

    #[test]
    fn number_as_text_is_accepted_in_queries_only() {
        for (value, outcome) in [
            (Scalar::Word("30"), Ok(30)),
            (Scalar::Word("thirty"), Err("int_parsing")),
            (Scalar::Word("0"), Err("greater_than_equal")),
            (text_of("30"), Err("int_type")),
            (Scalar::Unsigned(366), Err("less_than_equal")),
        ] {
            assert_eq!(integer(value.clone(), 1..=365).map_err(|fault| fault.rule.as_str()), outcome, "{value:?}");
        }
        assert_eq!(boolean(Scalar::Word("1")), Ok(true));
        assert_eq!(rule(boolean(Scalar::Null)), Some("value_error"));
    }

    #[test]
    fn enum_unknown_name_lists_the_known_ones() {
        let named = |word| named(Scalar::Word(word), &["all", "week"], |name| name);
        assert_eq!(named("week"), Ok("week"));
        assert_eq!(named("year"), Err(Fault::new(Rule::Enum, "Input should be 'all' or 'week'")));
    }
}
