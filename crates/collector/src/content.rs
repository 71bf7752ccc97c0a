//! Values as tools write them: counts as numbers or strings, times in any unit, absent and null alike.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset, macros::format_description};

/// A token count: a number, a number in a string, or null for 0. A negative one is an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl<'de> Visitor<'de> for CountVisitor {
            type Value = Count;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a count")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Count, E> {
                Ok(Count(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Count, E> {
                u64::try_from(value).map(Count).map_err(|_| E::custom("negative count"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Count, E> {
                whole(value).map(Count).ok_or_else(|| E::custom("not a count"))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Count, E> {
                let value = value.trim();
                if value.is_empty() {
                    return Ok(Count(0));
                }
                let count = value.parse().ok().or_else(|| value.parse().ok().and_then(whole));
                count.map(Count).ok_or_else(|| E::custom("not a count"))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Count, E> {
                Ok(Count(0))
            }

            fn visit_none<E: de::Error>(self) -> Result<Count, E> {
                Ok(Count(0))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Count, D::Error> {
                deserializer.deserialize_any(self)
            }
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

/// An instant: RFC 3339 with any fraction, or the time since 1970 in seconds, milli-, micro- or nanoseconds, told apart by magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(crate) OffsetDateTime);

impl Timestamp {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
            return Some(Self(time.to_offset(UtcOffset::UTC)));
        }
        if let Ok(number) = text.parse() {
            return Self::from_integer(number);
        }
        // SQLite's CURRENT_TIMESTAMP, in UTC.
        let sqlite =
            format_description!("[year]-[month]-[day][first [ ][T]][hour]:[minute]:[second][optional [.[subsecond]]]");
        PrimitiveDateTime::parse(text, &sqlite).ok().map(|time| Self(time.assume_utc()))
    }

    pub(crate) fn from_integer(number: i64) -> Option<Self> {
        let unit: i128 = match number.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(number) * unit).ok().map(Self)
    }

    /// A number with a fraction, which tools write in seconds or milliseconds. Microseconds are kept.
    #[expect(clippy::cast_possible_truncation, reason = "the magnitude is checked before")]
    pub(crate) fn from_float(number: f64) -> Option<Self> {
        if !number.is_finite() || number.abs() >= 1e14 {
            return None;
        }
        let micros = if number.abs() < 1e11 { number * 1e6 } else { number * 1e3 };
        OffsetDateTime::from_unix_timestamp_nanos(micros.round() as i128 * 1_000).ok().map(Self)
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any representable date fit")]
    pub(crate) fn milliseconds(self) -> i64 {
        (self.0.unix_timestamp_nanos() / 1_000_000) as i64
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        time::serde::rfc3339::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampVisitor;
        impl Visitor<'_> for TimestampVisitor {
            type Value = Timestamp;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a time")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Timestamp, E> {
                Timestamp::parse(value).ok_or_else(|| E::custom("not a time"))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Timestamp, E> {
                Timestamp::from_integer(value).ok_or_else(|| E::custom("time out of range"))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Timestamp, E> {
                i64::try_from(value)
                    .ok()
                    .and_then(Timestamp::from_integer)
                    .ok_or_else(|| E::custom("time out of range"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Timestamp, E> {
                Timestamp::from_float(value).ok_or_else(|| E::custom("time out of range"))
            }
        }
        deserializer.deserialize_any(TimestampVisitor)
    }
}

/// A value of minor importance: one of another form counts as absent, so it does not cost the response.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Value<T> {
        Expected(T),
        Other(IgnoredAny),
    }
    Ok(match Value::deserialize(deserializer)? {
        Value::Expected(value) => Some(value),
        Value::Other(_) => None,
    })
}

/// USD in 10^-9 USD, if it is a cost at all: tools write 0 for subscriptions.
pub(crate) fn nano_usd(usd: Option<f64>) -> Option<u64> {
    usd.map(|usd| usd * 1e9).and_then(|nanos| whole(nanos.round())).filter(|nanos| *nanos > 0)
}

/// A model's name in lower case; `unknown` without one.
pub(crate) fn model_name(recorded: Option<&str>) -> String {
    recorded.map(str::trim).filter(|name| !name.is_empty()).map_or_else(|| "unknown".to_owned(), str::to_lowercase)
}

/// A number without a fraction that a double holds exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before")]
pub(crate) fn whole(value: f64) -> Option<u64> {
    (value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&value)).then_some(value as u64)
}

/// Why a line was not understood, without its content.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => format!("unexpected value at column {}", error.column()),
        _ => format!("not valid JSON at column {}", error.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_accepts_what_tools_write() {
        for (json, expected) in [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("7.0", Some(7)),
            ("null", Some(0)),
            ("\"\"", Some(0)),
            ("-1", None),
            ("7.5", None),
            ("[]", None),
        ] {
            assert_eq!(serde_json::from_str::<Count>(json).ok().map(|count| count.0), expected, "{json}");
        }
    }

    #[test]
    fn instant_accepts_every_notation() {
        let expected = serde_json::from_str::<Timestamp>("\"2026-11-20T08:00:05Z\"").unwrap();
        for json in [
            "\"2026-11-20T08:00:05.000Z\"",
            "\"2026-11-20T08:00:05.000000000Z\"",
            "\"2026-11-20T09:00:05+01:00\"",
            "\"2026-11-20 08:00:05\"",
            "\"2026-11-20T08:00:05\"",
            "\"2026-11-20 08:00:05.000\"",
            "1795161605",
            "1795161605.0",
            "1795161605000",
            "1795161605000.0",
            "1795161605000000",
            "1795161605000000000",
            "\"1795161605000\"",
        ] {
            assert_eq!(serde_json::from_str::<Timestamp>(json).ok(), Some(expected), "{json}");
        }
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }

    #[test]
    fn cost_zero_is_no_cost() {
        assert_eq!(nano_usd(Some(0.0123)), Some(12_300_000));
        assert_eq!(nano_usd(Some(0.0)), None);
        assert_eq!(nano_usd(Some(-1.0)), None);
        assert_eq!(nano_usd(Some(f64::NAN)), None);
    }

    #[test]
    fn json_problem_has_no_content() {
        let error = serde_json::from_str::<Count>("\"my secret prompt\"").unwrap_err();
        assert!(!json_problem(&error).contains("secret"));
    }
}
