//! The formats of single values: how a request states a value, and how the API's document describes it.
//!
//! A type of the domain that a request can state is its own format. Types such as [`Text`] are formats of plain values.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use domain::achievements::{Category, Rarity};
use domain::administration::{AdminActionKind, AuditReason};
use domain::dashboard::TrendDays;
use domain::days::{Period, Zone};
use domain::display;
use domain::identity::{AccessToken, Email, Password};
use domain::leaderboard::{BoardKind, HistoryDays, SeasonMonth, SortBy};
use domain::notifications::NotificationKind;
use domain::projects::{Description, Title};
use domain::text::TextProblem;
use domain::usage::{MAX_COUNT, MachineId, ModelName, ProjectName, Provider, Source};
use domain::users::{Region, Username, WebUrl};
use time::{Date, OffsetDateTime};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use uuid::Uuid;

use super::checks::{self, Checked};
use super::{Fault, Rule, Scalar};

/// How a request states a single value.
pub trait Format {
    /// What the value becomes.
    type Value;

    /// Reads the value, or returns the rule that it breaks.
    fn read(value: Scalar<'_>) -> Checked<Self::Value>;

    /// The type, the bounds and the pattern of the value.
    fn schema() -> ObjectBuilder;

    /// The schema of an item of a list: a reference where the document has the schema under a name.
    fn item() -> RefOr<Schema> {
        Self::schema().into()
    }
}

/// A text of `SHORTEST` to `LONGEST` characters without NUL.
#[derive(Debug)]
pub struct Text<const SHORTEST: usize, const LONGEST: usize>;

/// A [`Text`] of one line that is safe to show to others.
#[derive(Debug)]
pub struct Line<const SHORTEST: usize, const LONGEST: usize>;

/// A [`Text`] that is safe to show to others and can have line breaks.
#[derive(Debug)]
pub struct Paragraphs<const SHORTEST: usize, const LONGEST: usize>;

/// An integer from `LEAST` to `MOST`. A query string spells it.
#[derive(Debug)]
pub struct Int<T, const LEAST: i64, const MOST: i64>(PhantomData<T>);

/// The largest integer of a request: every JSON reader keeps it exactly.
pub const LARGEST: i64 = MAX_COUNT.cast_signed();

/// A password for sign-in: any text, since accounts can have passwords that today's rules refuse.
#[derive(Debug)]
pub struct TypedPassword;

/// An enumeration of the domain, whose values have names.
pub trait Named: Format<Value = Self> + Sized {
    /// The name of the value.
    fn name(self) -> &'static str;
}

/// A type for integers, with the format that the document names for it.
pub trait Integer: TryFrom<i64> {
    /// `int32` or `int64`.
    const FORMAT: KnownFormat;
}

/// The control and format characters that [`display`] refuses, up to U+FFFF, as a part of a character class.
macro_rules! refused {
    () => {
        r"\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    };
}

const LINE: &str = concat!(r"^[^\x00-\x1f", refused!(), "]*$");
const NAME: &str = concat!(r"^[\s\S]*[^\s\x00-\x1f", refused!(), r"][\s\S]*$");
const PARAGRAPHS: &str = concat!(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f", refused!(), "]*$");
const WEB_URL: &str = concat!(r"^https?://[^\s\x00-\x1f", refused!(), r"/?#:][^\s\x00-\x1f", refused!(), "]*$");
const EMAIL: &str = r"^(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$";
const MONTH: &str = "^[0-9]{4}-(0[1-9]|1[0-2])$";
const NOT_BLANK: &str = r"^[\s\S]*\S[\s\S]*$";

fn string(shortest: usize, longest: usize) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::String).max_length(Some(longest));
    if shortest > 0 { object.min_length(Some(shortest)) } else { object }
}

fn formatted(of: Type, format: KnownFormat) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(of).format(Some(SchemaFormat::KnownFormat(format)))
}

/// Each format: its type parameters, what a value becomes, how it is read, and its schema.
macro_rules! formats {
    ($([$($parameters:tt)*] $format:ty: $value:ty, $read:expr, $schema:expr;)+) => {$(
        impl<$($parameters)*> $crate::validation::Format for $format {
            type Value = $value;

            fn read(value: $crate::validation::Scalar<'_>) -> $crate::validation::checks::Checked<$value> {
                let read: fn($crate::validation::Scalar<'_>) -> $crate::validation::checks::Checked<$value> = $read;
                read(value)
            }

            fn schema() -> ::utoipa::openapi::schema::ObjectBuilder {
                $schema
            }
        }
    )+};
}
pub(crate) use formats;

formats! {
    [const SHORTEST: usize, const LONGEST: usize] Text<SHORTEST, LONGEST>: String,
        |value| checks::string(value, SHORTEST..=LONGEST).map(Into::into),
        string(SHORTEST, LONGEST);
    [const SHORTEST: usize, const LONGEST: usize] Line<SHORTEST, LONGEST>: String,
        |value| Ok(display::name(&checks::string(value, SHORTEST..=LONGEST)?, SHORTEST, LONGEST)?.to_owned()),
        string(SHORTEST, LONGEST).pattern(Some(LINE));
    [const SHORTEST: usize, const LONGEST: usize] Paragraphs<SHORTEST, LONGEST>: String,
        |value| Ok(display::paragraphs(&checks::string(value, SHORTEST..=LONGEST)?, SHORTEST, LONGEST)?.to_owned()),
        string(SHORTEST, LONGEST).pattern(Some(PARAGRAPHS));
    [] TypedPassword: Password, |value| Text::<1, 1024>::read(value).map(Password::typed), Text::<1, 1024>::schema();
    [T: Integer, const LEAST: i64, const MOST: i64] Int<T, LEAST, MOST>: T,
        |value| T::try_from(checks::integer(value, LEAST..=MOST)?).map_err(|_| checks::not_an_integer()),
        formatted(Type::Integer, T::FORMAT).minimum(Some(LEAST)).maximum(Some(MOST));
    [] TrendDays: Self,
        |value| Self::new(Int::<u16, 1, MOST_TREND_DAYS>::read(value)?).ok_or_else(checks::not_an_integer),
        Int::<u16, 1, MOST_TREND_DAYS>::schema();
    [] HistoryDays: Self,
        |value| Self::new(Int::<u16, 1, MOST_HISTORY_DAYS>::read(value)?).ok_or_else(checks::not_an_integer),
        Int::<u16, 1, MOST_HISTORY_DAYS>::schema();
    [] bool: Self, checks::boolean, ObjectBuilder::new().schema_type(Type::Boolean);
    [] Uuid: Self, checks::uuid, formatted(Type::String, KnownFormat::Uuid);
    [] OffsetDateTime: Self, checks::instant, formatted(Type::String, KnownFormat::DateTime);
    [] Date: Self, checks::date, formatted(Type::String, KnownFormat::Date);
    [] Zone: Self,
        |value| parsed(value, 0..=200, Self::parse, "Input should be an IANA time zone, such as Europe/Berlin"),
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("iana-time-zone".to_owned())));
    [] SeasonMonth: Self,
        |value| Self::parse(&checks::string(value, 0..=usize::MAX)?).ok_or_else(|| TextProblem::Pattern(MONTH).into()),
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(MONTH));
}

const MOST_TREND_DAYS: i64 = TrendDays::MOST as i64;
const MOST_HISTORY_DAYS: i64 = HistoryDays::MOST as i64;

/// Texts that the domain's `parse` judges, with their schema.
macro_rules! texts {
    ($($text:ty: $schema:expr;)+) => {
        formats! {$(
            [] $text: Self, |value| Ok(Self::parse(&checks::string(value, 0..=usize::MAX)?)?), $schema;
        )+}
    };
}

texts! {
    Username: string(Self::SHORTEST, Self::LONGEST).pattern(Some(Self::PATTERN));
    Email: string(Self::SHORTEST, Self::LONGEST).pattern(Some(EMAIL));
    Password: string(Self::SHORTEST, Self::LONGEST);
    AccessToken: string(1, Self::LONGEST).pattern(Some(Self::PATTERN));
    WebUrl: string(0, Self::LONGEST).pattern(Some(WEB_URL));
    AuditReason: string(1, Self::LONGEST).pattern(Some(NOT_BLANK));
    Title: Line::<1, { Self::LONGEST }>::schema();
    Description: Paragraphs::<0, { Self::LONGEST }>::schema();
}

/// Names of 1 to `LONGEST` characters, with the message for those that the domain's `parse` refuses, and their schema.
macro_rules! names {
    ($($name:ty: $message:literal, $schema:expr;)+) => {
        formats! {$(
            [] $name: Self, |value| parsed(value, 1..=Self::LONGEST, Self::parse, $message), $schema;
        )+}
    };
}

names! {
    Source: "Input should be the name of a tool", string(1, Self::LONGEST).pattern(Some(NAME));
    ModelName: "Input should be the name of a model", string(1, Self::LONGEST).pattern(Some(NAME));
    Provider: "Input should be the name of a provider", string(1, Self::LONGEST).pattern(Some(NAME));
    MachineId: "Input should be the name of a machine", string(1, Self::LONGEST).pattern(Some(NAME));
    ProjectName: "Input should be the name of a project", string(1, Self::LONGEST);
}

/// A text of `length` characters, as `parse` reads it.
fn parsed<T>(
    value: Scalar<'_>,
    length: RangeInclusive<usize>,
    parse: fn(&str) -> Option<T>,
    message: &'static str,
) -> Checked<T> {
    parse(&checks::string(value, length)?).ok_or_else(|| Fault::new(Rule::ValueError, message))
}

macro_rules! enumerations {
    ($($enumeration:ty),+) => {
        formats! {$(
            [] $enumeration: Self, |value| checks::named(value, &Self::ALL, Self::name), one_of(&Self::ALL.map(Self::name));
        )+}

        $(impl Named for $enumeration {
            fn name(self) -> &'static str {
                self.name()
            }
        })+
    };
}

enumerations![AdminActionKind, BoardKind, Category, NotificationKind, Period, Rarity, Region, SortBy];

fn one_of(names: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^({})$", names.join("|"))))
}

macro_rules! integers {
    ($($type:ty: $format:ident),+) => {$(
        impl Integer for $type {
            const FORMAT: KnownFormat = KnownFormat::$format;
        }
    )+};
}

integers![u8: Int32, u16: Int32, u32: Int32, i32: Int32, u64: Int64, i64: Int64];
