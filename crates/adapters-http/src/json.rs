//! Values as JSON writes them: exact money as a number, instants and dates as text.

use domain::money::Usd;
use domain::progression::EventXp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use time::{Date, OffsetDateTime};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::instants;

/// US dollars as a JSON number with exact decimals, rounded half-even to six places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dollars(pub Usd);

/// XP as a JSON number with up to two exact decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Xp(pub EventXp);

/// An instant as RFC 3339 in UTC with `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(pub OffsetDateTime);

/// A date as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Date);

/// `number` rounded to two decimals, half away from zero: how the API shows percentages and averages.
pub(crate) fn two_decimals(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl From<Usd> for Dollars {
    fn from(amount: Usd) -> Self {
        Self(amount)
    }
}

impl From<OffsetDateTime> for Instant {
    fn from(instant: OffsetDateTime) -> Self {
        Self(instant)
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(date)
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Most days of a long answer are empty.
        if self.0 == Usd::ZERO {
            return serializer.serialize_u8(0);
        }
        // Through raw JSON, because a binary float would change the digits.
        RawValue::from_string(self.0.rounded()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl Serialize for Xp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hundredths = self.0.0;
        let text = format!("{}.{:02}", hundredths / 100, (hundredths % 100).abs());
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&instants::format(self.0))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(instants::date_text(self.0).as_str())
    }
}

macro_rules! schema {
    ($name:ident, $kind:expr, $format:expr, $description:literal) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object = ObjectBuilder::new().schema_type($kind).format($format).description(Some($description));
                object.build().into()
            }
        }

        impl ToSchema for $name {}
    };
}

schema!(Dollars, Type::Number, None, "US dollars, rounded half-even to six places");
schema!(Xp, Type::Number, None, "XP, with up to two decimals");
schema!(Instant, Type::String, Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)), "An instant, RFC 3339 in UTC");
schema!(Day, Type::String, Some(SchemaFormat::KnownFormat(KnownFormat::Date)), "A date in the time zone of the user");

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn dollars_keep_every_digit() {
        let text = |atto| serde_json::to_string(&Dollars(Usd::from_atto(atto))).expect("JSON");
        assert_eq!(text(350_800_000_000_000_000), "0.3508");
        assert_eq!(text(123_456_789_012_345_678_901_234_567), "123456789.012346");
        assert_eq!(text(0), "0");
    }

    #[test]
    fn xp_is_written_with_needed_decimals() {
        for (hundredths, written) in
            [(0, "0"), (2_500, "25"), (625, "6.25"), (250, "2.5"), (3_125, "31.25"), (10_001, "100.01"), (5, "0.05")]
        {
            assert_eq!(serde_json::to_string(&Xp(EventXp(hundredths))).expect("JSON"), written);
        }
    }

    #[test]
    fn instant_and_date_are_json_strings() {
        let both = (Instant(datetime!(2026-11-22 12:34:56.789 UTC)), Day(date!(2026 - 11 - 22)));
        assert_eq!(serde_json::to_string(&both).expect("JSON"), r#"["2026-11-22T12:34:56.789Z","2026-11-22"]"#);
    }
}
