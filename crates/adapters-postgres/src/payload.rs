//! The data of activities, notifications and jobs, as JSON.

use std::collections::BTreeMap;

use domain::money::Usd;
use domain::payload::Value;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

/// `data` as the text of a JSON object. Numbers are written digit by digit: an amount is never a binary fraction.
pub(crate) fn json(data: &[(impl AsRef<str>, Value)]) -> String {
    let object: BTreeMap<&str, String> = data.iter().map(|(name, value)| (name.as_ref(), write(value))).collect();
    let entries: Vec<String> =
        object.iter().map(|(name, value)| format!("{}:{value}", JsonValue::from(*name))).collect();
    format!("{{{}}}", entries.join(","))
}

/// The data in `json`: empty if it is not an object, without values that are no [`Value`].
pub(crate) fn parse_data(json: &str) -> Vec<(String, Value)> {
    let object: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap_or_default();
    object.into_iter().filter_map(|(name, value)| Some((name, read(value.get())?))).collect()
}

fn read(json: &str) -> Option<Value> {
    match serde_json::from_str(json).ok()? {
        JsonValue::Null => Some(Value::Nothing),
        JsonValue::String(text) => Some(Value::Text(text)),
        JsonValue::Number(number) => number.as_i64().map(Value::Integer).or_else(|| Usd::parse(json).map(Value::Money)),
        JsonValue::Bool(_) | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

fn write(value: &Value) -> String {
    match value {
        Value::Nothing => JsonValue::Null.to_string(),
        Value::Text(text) => JsonValue::from(text.as_str()).to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Money(amount) => amount.rounded(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_is_a_json_object() {
        let data =
            vec![("name", Value::from("a \"b\"")), ("level", 7_u64.into()), ("tier", Option::<u32>::None.into())];
        assert_eq!(json(&data), r#"{"level":7,"name":"a \"b\"","tier":null}"#);
    }

    #[test]
    fn payload_reads_back_as_written() {
        let data = vec![("tier", Value::Nothing), ("name", "a\"b".into()), ("level", 7_u64.into())];
        let mut read = parse_data(&json(&data));
        read.sort_by(|(one, _), (other, _)| one.cmp(other));
        let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["level", "name", "tier"]);
        assert_eq!(read[1].1, Value::from("a\"b"));
        assert!(parse_data("[1]").is_empty() && parse_data("{\"a\": [1], \"b\": true, \"c\": 1e300}").is_empty());
    }

    #[test]
    fn payload_money_keeps_every_digit() {
        let amount = |text| Usd::parse(text).expect("an amount");
        for (kept, written, read) in [
            ("3.0149", "3.0149", Value::Money(amount("3.0149"))),
            ("12", "12", Value::Integer(12)),
            ("0.0000015", "0.000002", Value::Money(amount("0.000002"))),
            // A binary fraction has no such number.
            ("9007199254740993.000001", "9007199254740993.000001", Value::Money(amount("9007199254740993.000001"))),
        ] {
            let text = json(&[("cost", amount(kept).into())]);
            assert_eq!(text, format!("{{\"cost\":{written}}}"));
            assert_eq!(parse_data(&text), [("cost".to_owned(), read)]);
        }
        assert_eq!(parse_data(r#"{"cost": "3.0149"}"#), [("cost".to_owned(), "3.0149".into())], "as it once was");
    }
}
