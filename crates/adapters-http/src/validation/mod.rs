//! Validation: every problem of a request at once, each with its place, a sentence and a stable type.

pub mod checks;
pub mod fields;
pub mod formats;
pub mod kinds;
mod scalar;

use std::borrow::Cow;

use domain::text::TextProblem;
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use crate::{body, query};
pub use fields::{Fields, FromFields};
pub(crate) use formats::formats;
pub use formats::{Format, Int, LARGEST, Line, Paragraphs, Text, TypedPassword};
pub use kinds::{Clearable, Flag, List, Nested, Nullable, Objects, Optional, Or, OrDefault};
pub use scalar::Scalar;

/// One step of the path to a value: a field's name or an index in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PathStep {
    /// A field.
    Name(Cow<'static, str>),
    /// A place in a list, from 0.
    Index(usize),
}

impl From<&'static str> for PathStep {
    fn from(name: &'static str) -> Self {
        Self::Name(Cow::Borrowed(name))
    }
}

impl From<String> for PathStep {
    fn from(name: String) -> Self {
        Self::Name(Cow::Owned(name))
    }
}

impl From<usize> for PathStep {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The rule that a value breaks; clients rely on its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A required field is not there.
    Missing,
    /// Not a string.
    StringType,
    /// Not an integer.
    IntType,
    /// A string that does not spell an integer.
    IntParsing,
    /// A string with too few characters.
    StringTooShort,
    /// A string with too many characters.
    StringTooLong,
    /// A string with characters that are not allowed.
    StringPatternMismatch,
    /// A list with too few items.
    TooShort,
    /// A list with too many items.
    TooLong,
    /// A number below the smallest.
    GreaterThanEqual,
    /// A number above the largest.
    LessThanEqual,
    /// Not an instant or a date.
    DatetimeParsing,
    /// Not JSON at all.
    JsonInvalid,
    /// Any other rule.
    ValueError,
    /// Not one of the allowed words.
    Enum,
}

impl Rule {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::StringType => "string_type",
            Self::IntType => "int_type",
            Self::IntParsing => "int_parsing",
            Self::StringTooShort => "string_too_short",
            Self::StringTooLong => "string_too_long",
            Self::StringPatternMismatch => "string_pattern_mismatch",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::GreaterThanEqual => "greater_than_equal",
            Self::LessThanEqual => "less_than_equal",
            Self::DatetimeParsing => "datetime_parsing",
            Self::JsonInvalid => "json_invalid",
            Self::ValueError => "value_error",
            Self::Enum => "enum",
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a value is refused, without its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rule it breaks.
    pub rule: Rule,
    /// The rule as a sentence.
    pub msg: Cow<'static, str>,
}

impl Fault {
    /// The value breaks `rule`, with the message `msg`.
    pub fn new(rule: Rule, msg: impl Into<Cow<'static, str>>) -> Self {
        Self { rule, msg: msg.into() }
    }

    /// A required value is not there.
    pub fn missing() -> Self {
        Self::new(Rule::Missing, "Field required")
    }
}

impl From<TextProblem> for Fault {
    /// The message for each problem that the domain finds in a text.
    fn from(problem: TextProblem) -> Self {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        match problem {
            TextProblem::TooShort(least) => {
                let msg = format!("String should have at least {least} character{}", plural(least));
                Self::new(Rule::StringTooShort, msg)
            }
            TextProblem::TooLong(most) => {
                let msg = format!("String should have at most {most} character{}", plural(most));
                Self::new(Rule::StringTooLong, msg)
            }
            TextProblem::Pattern(pattern) => {
                Self::new(Rule::StringPatternMismatch, format!("String should match pattern '{pattern}'"))
            }
            TextProblem::Value(why) => Self::new(Rule::ValueError, format!("Value {why}")),
        }
    }
}

/// One refused value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it is: `["body", "messages", 0, "inputTokens"]`.
    pub loc: Vec<PathStep>,
    /// The rule it breaks, as a sentence.
    pub msg: Cow<'static, str>,
    /// The rule's stable name.
    #[serde(rename = "type")]
    pub rule: Rule,
}

/// The problems of one request, the first [`MOST`](Self::MOST) of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The most problems that are listed.
    pub const MOST: usize = 100;

    /// The one problem that the body is not JSON, for the reason in `why`.
    pub fn broken_json(why: impl std::fmt::Display) -> Self {
        let mut problems = Self::default();
        problems.add([PathStep::from("body")], Fault::new(Rule::JsonInvalid, format!("JSON decode error: {why}")));
        problems
    }

    /// Adds a problem, up to the limit.
    pub fn add(&mut self, loc: impl IntoIterator<Item = PathStep>, fault: Fault) {
        if self.0.len() < Self::MOST {
            self.0.push(Problem { loc: loc.into_iter().collect(), msg: fault.msg, rule: fault.rule });
        }
    }

    /// Adds the problems of a part of the request, up to the limit.
    pub fn append(&mut self, others: Self) {
        self.0.extend(others.0.into_iter().take(Self::MOST - self.0.len()));
    }

    /// Whether there is no problem.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `value`, if there is no problem.
    pub fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or_default()
    }
}
