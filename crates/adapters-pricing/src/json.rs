//! Reading the table: an object of entries, each an object. Numbers stay text, so that none of their digits is lost.

use std::collections::BTreeMap;
use std::fmt;

use domain::pricing::ports::SourceError;
use domain::pricing::table::{TableEntry, is_price_field};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The entries of the table in `body`. What is not an object among them is left out, as long as there is any that is.
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

/// What is of use in one entry.
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

/// The text that `raw` is, if it is one.
fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// A number as it is written, with or without quotes; `None` is neither.
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
    fn an_entry_keeps_its_prices_to_the_last_digit_and_nothing_else() {
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
        };
        assert_eq!(read(body), Ok(vec![gpt, TableEntry { model: "bare".to_owned(), ..TableEntry::default() }]));
    }

    #[test]
    fn what_is_no_table_is_said_to_be_none() {
        let deep = "[".repeat(10_000);
        for body in ["", "<html>", "[]", "7", "{}", r#"{"error": "rate limited"}"#, r#"{"x": {"mode": NaN}}"#, &deep] {
            assert!(matches!(read(body), Err(SourceError::Nonsense(_))), "{body:.20}");
        }
        assert!(entries(b"{\"\xff\": {}}").is_err());
    }
}
