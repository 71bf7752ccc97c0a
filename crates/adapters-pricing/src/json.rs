//! Parses the table: an object of entries, each an object. Numbers stay text, so that no digit is lost.

use std::collections::BTreeMap;
use std::fmt;

use domain::pricing::off_peak::{TableOffPeak, TableWindow};
use domain::pricing::ports::SourceError;
use domain::pricing::table::{PriceFields, TableEntry, TableRange, is_price_field};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The entries of the table in `body`. Values that are not objects are skipped; a table without any object is an error.
pub(crate) fn entries(body: &[u8]) -> Result<Vec<TableEntry>, SourceError> {
    let nonsense = |reason: String| SourceError::Nonsense(reason);
    let table: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|error| nonsense(format!("no JSON object: {error}")))?;
    let entry = |(model, raw): (String, &RawValue)| {
        let Fields(entry) = serde_json::from_str(raw.get()).ok()?;
        Some(TableEntry { model, ..entry })
    };
    let entries: Vec<TableEntry> = table.into_iter().filter_map(entry).collect();
    if entries.is_empty() {
        return Err(nonsense("it has no entries".to_owned()));
    }
    Ok(entries)
}

/// The used fields of one entry.
struct Fields(TableEntry);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of the price table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut entry = TableEntry::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "litellm_provider" => entry.provider = string(map.next_value()?),
                "mode" => entry.mode = string(map.next_value()?),
                "tiered_pricing" => entry.ranges = ranges(map.next_value()?),
                "off_peak_pricing" => entry.off_peak = off_peak(map.next_value()?),
                field if is_price_field(field) => {
                    let raw: &RawValue = map.next_value()?;
                    if raw.get() != "null" {
                        entry.prices.push((name, number(raw)));
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Fields(entry))
    }
}

/// An object with unparsed values.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The ranges in a list of objects; empty for any other value.
fn ranges(raw: &RawValue) -> Vec<TableRange> {
    let ranges: Vec<Object<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
    let start = |range: &Object<'_>| {
        let bounds: Vec<&RawValue> = serde_json::from_str(range.get("range")?.get()).ok()?;
        number(bounds.first()?)
    };
    ranges.iter().map(|range| TableRange { start: start(range), prices: price_fields(range) }).collect()
}

/// The off-peak prices in an object; `None` for any other value.
fn off_peak(raw: &RawValue) -> Option<TableOffPeak> {
    let object: Object<'_> = serde_json::from_str(raw.get()).ok()?;
    let windows = object.get("windows").map_or("[]", |windows| windows.get());
    let windows: Vec<Object<'_>> = serde_json::from_str(windows).unwrap_or_default();
    let window = |window: &Object<'_>| TableWindow {
        hours: strings(window.get("hours_utc").copied()),
        weekdays: window.get("weekdays").filter(|days| days.get() != "null").map(|days| {
            let days: Vec<&RawValue> = serde_json::from_str(days.get()).unwrap_or_default();
            days.into_iter().filter_map(number).collect()
        }),
    };
    Some(TableOffPeak {
        hours: strings(object.get("hours_utc").copied()),
        windows: windows.iter().map(window).collect(),
        weekday_zone: object.get("weekday_timezone").and_then(|zone| string(zone)),
        prices: price_fields(&object),
    })
}

/// The prices among the fields of `object`.
fn price_fields(object: &Object<'_>) -> PriceFields {
    let stated = object.iter().filter(|(name, raw)| is_price_field(name) && raw.get() != "null");
    stated.map(|(name, raw)| (name.clone(), number(raw))).collect()
}

/// The texts in `raw`: a single text, or a list, whose other values are skipped.
fn strings(raw: Option<&RawValue>) -> Vec<String> {
    let Some(raw) = raw else { return Vec::new() };
    let list: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw]);
    list.into_iter().filter_map(string).collect()
}

/// The text in `raw`, if it is one.
fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// A number as written, with or without quotes; `None` for any other value.
fn number(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) { Some(text.to_owned()) } else { string(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<TableEntry>, SourceError> {
        entries(body.as_bytes())
    }

    #[test]
    fn entry_keeps_all_digits_of_prices_and_no_other_fields() {
        let body = r#"{
            "spec": "not an entry",
            "GPT-9": {
                "litellm_provider": "openai", "mode": "ch\u0061t", "max_tokens": 1e999, "nested": {"mode": "x"},
                "input_cost_per_token": 0.12345678901234567890e-05, "output_cost_per_token": "1.5e-05",
                "cache_read_input_token_cost": null, "output_cost_per_reasoning_token": [1],
                "input_cost_per_token_above_200k_tokens": -1, "input_cost_per_token_flex": 7
            },
            "bare": {"mode": 7}
        }"#;
        let field = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let gpt = TableEntry {
            model: "GPT-9".to_owned(),
            provider: Some("openai".to_owned()),
            mode: Some("chat".to_owned()),
            prices: vec![
                field("input_cost_per_token", Some("0.12345678901234567890e-05")),
                field("output_cost_per_token", Some("1.5e-05")),
                field("output_cost_per_reasoning_token", None),
                field("input_cost_per_token_above_200k_tokens", Some("-1")),
            ],
            ..TableEntry::default()
        };
        assert_eq!(read(body), Ok(vec![gpt, TableEntry { model: "bare".to_owned(), ..TableEntry::default() }]));
    }

    #[test]
    fn entry_ranges_and_off_peak_hours_are_read_unchanged() {
        let body = r#"{"x": {
            "tiered_pricing": [
                {"range": [0, 3.2e4], "input_cost_per_token": 1.80e-06, "output_cost_per_token": null, "other": {}},
                {"input_cost_per_token": "1"}
            ],
            "off_peak_pricing": {
                "input_cost_per_token": 1.5e-07, "hours_utc": "01:00-02:00", "weekday_timezone": "Asia/Shanghai",
                "windows": [{"hours_utc": ["00:00-01:00", 7], "weekdays": [1, "tue", true]}, {"hours_utc": "x", "weekdays": null}]
            }
        }, "y": {"tiered_pricing": null, "off_peak_pricing": [1]}}"#;
        let input = |value: &str| vec![("input_cost_per_token".to_owned(), Some(value.to_owned()))];
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let x = TableEntry {
            model: "x".to_owned(),
            ranges: vec![
                TableRange { start: Some("0".to_owned()), prices: input("1.80e-06") },
                TableRange { start: None, prices: input("1") },
            ],
            off_peak: Some(TableOffPeak {
                hours: texts(&["01:00-02:00"]),
                windows: vec![
                    TableWindow { hours: texts(&["00:00-01:00"]), weekdays: Some(texts(&["1", "tue"])) },
                    TableWindow { hours: texts(&["x"]), weekdays: None },
                ],
                weekday_zone: Some("Asia/Shanghai".to_owned()),
                prices: input("1.5e-07"),
            }),
            ..TableEntry::default()
        };
        assert_eq!(read(body), Ok(vec![x, TableEntry { model: "y".to_owned(), ..TableEntry::default() }]));
    }

    #[test]
    fn body_that_is_no_table_is_nonsense() {
        let deep = "[".repeat(10_000);
        for body in ["", "<html>", "[]", "7", "{}", r#"{"error": "rate limited"}"#, r#"{"x": {"mode": NaN}}"#, &deep] {
            assert!(matches!(read(body), Err(SourceError::Nonsense(_))), "{body:.20}");
        }
        assert!(entries(b"{\"\xff\": {}}").is_err());
    }
}
