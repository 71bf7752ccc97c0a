//! The checks of single values. Each takes a [`Scalar`] and returns what it means, or the rule it breaks.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use domain::days::Zone;
use domain::display;
use domain::text::TextProblem;
use domain::usage::MAX_COUNT;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Fault, Rule, Scalar};
use crate::instants;

/// What a check returns.
pub type Checked<T> = Result<T, Fault>;

/// The largest integer any field takes: what every JSON reader keeps exactly.
const LARGEST: i64 = MAX_COUNT.cast_signed();

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

/// A string of `length` characters, kept.
pub fn text(length: RangeInclusive<usize>) -> impl Fn(Scalar<'_>) -> Checked<String> {
    move |value| string(value, length.clone()).map(Cow::into_owned)
}

/// A string of `length` characters that can be shown to others as a name, kept.
pub fn name(length: RangeInclusive<usize>) -> impl Fn(Scalar<'_>) -> Checked<String> {
    move |value| {
        let text = string(value, length.clone())?;
        Ok(display::name(&text, *length.start(), *length.end())?.to_owned())
    }
}

/// A string of `length` characters that can be shown to others and may have several lines, kept.
pub fn paragraphs(length: RangeInclusive<usize>) -> impl Fn(Scalar<'_>) -> Checked<String> {
    move |value| {
        let text = string(value, length.clone())?;
        Ok(display::paragraphs(&text, *length.start(), *length.end())?.to_owned())
    }
}

/// A string of `length` characters of which `fits` approves; `pattern` tells people what fits.
pub fn pattern(
    length: RangeInclusive<usize>,
    pattern: &'static str,
    fits: fn(&str) -> bool,
) -> impl Fn(Scalar<'_>) -> Checked<String> {
    move |value| {
        let text = string(value, length.clone())?;
        if fits(&text) {
            return Ok(text.into_owned());
        }
        Err(TextProblem::Pattern(pattern).into())
    }
}

/// A string of `length` characters that `read` understands; `msg` says what it should be.
pub fn parsed<T>(
    length: RangeInclusive<usize>,
    msg: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> impl Fn(Scalar<'_>) -> Checked<T> {
    move |value| read(&string(value, length.clone())?).ok_or_else(|| Fault::new(Rule::ValueError, msg))
}

/// One of a few `words`, each with its meaning.
pub fn one_of<T: Clone + 'static>(words: &'static [(&'static str, T)]) -> impl Fn(Scalar<'_>) -> Checked<T> {
    move |value| {
        let text = string(value, 0..=usize::MAX)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| meaning.clone());
        found.ok_or_else(|| not_among(words.iter().map(|(word, _)| *word)))
    }
}

/// One of `all`, by its name.
pub fn named<T: Copy>(all: &'static [T], name: fn(T) -> &'static str) -> impl Fn(Scalar<'_>) -> Checked<T> {
    move |value| {
        let text = string(value, 0..=usize::MAX)?;
        let found = all.iter().copied().find(|one| name(*one) == text);
        found.ok_or_else(|| not_among(all.iter().map(|one| name(*one))))
    }
}

fn not_among(words: impl Iterator<Item = &'static str>) -> Fault {
    let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    Fault::new(Rule::Enum, format!("Input should be {}", words.join(" or ")))
}

/// A string that is a value of the domain.
pub fn value<T>(parse: fn(&str) -> Result<T, TextProblem>) -> impl Fn(Scalar<'_>) -> Checked<T> {
    move |value| Ok(parse(&string(value, 0..=usize::MAX)?)?)
}

/// An IANA time zone.
pub fn zone(value: Scalar<'_>) -> Checked<Zone> {
    parsed(0..=200, "Input should be an IANA time zone, such as Europe/Berlin", Zone::parse)(value)
}

/// An integer of `range`; in a query string, one that is spelled so.
pub fn integer(range: RangeInclusive<i64>) -> impl Fn(Scalar<'_>) -> Checked<i64> {
    move |value| {
        let number = match value {
            Scalar::Word(word) => spelled(word)?,
            Scalar::Text(_) => return Err(not_an_integer()),
            number => whole(&number)?,
        };
        within(number, i128::from(*range.start()), i128::from((*range.end()).min(LARGEST)))?;
        i64::try_from(number).map_err(|_| not_an_integer())
    }
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

fn not_an_integer() -> Fault {
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
    fn counts_are_integers_however_they_are_written() {
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
    fn what_is_no_count_breaks_the_rule_it_breaks() {
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
    fn strings_are_measured_in_characters() {
        assert_eq!(text(1..=3)(text_of("üüü")), Ok("üüü".to_owned()));
        assert_eq!(rule(text(1..=3)(text_of("üüüü"))), Some("string_too_long"));
        assert_eq!(rule(text(2..=3)(text_of("ü"))), Some("string_too_short"));
        assert_eq!(rule(text(1..=3)(text_of(""))), Some("string_too_short"));
        assert_eq!(rule(text(1..=3)(text_of("a\0"))), Some("value_error"));
        assert_eq!(rule(text(0..=3)(Scalar::Null)), Some("string_type"));
        assert_eq!(
            rule(pattern(0..=3, "^a*$", |text| text.bytes().all(|b| b == b'a'))(text_of("ab"))),
            Some("string_pattern_mismatch")
        );
    }

    #[test]
    fn words_of_a_query_may_spell_numbers_and_strings_of_a_body_may_not() {
        assert_eq!(integer(1..=365)(Scalar::Word("30")), Ok(30));
        assert_eq!(rule(integer(1..=365)(Scalar::Word("thirty"))), Some("int_parsing"));
        assert_eq!(rule(integer(1..=365)(Scalar::Word("0"))), Some("greater_than_equal"));
        assert_eq!(rule(integer(1..=365)(text_of("30"))), Some("int_type"));
        assert_eq!(rule(integer(0..=i64::MAX)(Scalar::Unsigned(1 << 53))), Some("less_than_equal"));
        assert_eq!(boolean(Scalar::Word("1")), Ok(true));
        assert_eq!(rule(boolean(Scalar::Null)), Some("value_error"));
    }

    #[test]
    fn words_of_a_choice_are_listed_when_none_fits() {
        let period = one_of(&[("all", 1), ("week", 2)]);
        assert_eq!(period(Scalar::Word("week")), Ok(2));
        assert_eq!(period(Scalar::Word("year")), Err(Fault::new(Rule::Enum, "Input should be 'all' or 'week'")));
    }
}
