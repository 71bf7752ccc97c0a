//! The particulars of activities, notifications and jobs, as JSON.

use domain::data::Datum;
use serde_json::{Map, Value};

/// `data` as the text of a JSON object.
pub(crate) fn json(data: &[(impl AsRef<str>, Datum)]) -> String {
    let object: Map<String, Value> =
        data.iter().map(|(name, datum)| (name.as_ref().to_owned(), value(datum))).collect();
    Value::Object(object).to_string()
}

/// What is in `json`, as it was stored; nothing, if it is no object. Values that no [`Datum`] is are left out.
pub(crate) fn facts(json: &str) -> Vec<(String, Datum)> {
    let object: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
    object.into_iter().filter_map(|(name, value)| Some((name, datum(value)?))).collect()
}

fn datum(value: Value) -> Option<Datum> {
    match value {
        Value::Null => Some(Datum::Nothing),
        Value::String(text) => Some(Datum::Text(text)),
        Value::Number(number) => number.as_i64().map(Datum::Integer),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn value(datum: &Datum) -> Value {
    match datum {
        Datum::Nothing => Value::Null,
        Datum::Text(text) => Value::String(text.clone()),
        Datum::Integer(number) => Value::from(*number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_a_json_object() {
        let data =
            vec![("name", Datum::from("a \"b\"")), ("level", 7_u64.into()), ("tier", Option::<u32>::None.into())];
        assert_eq!(json(&data), r#"{"level":7,"name":"a \"b\"","tier":null}"#);
    }

    #[test]
    fn facts_come_back_as_they_were_written() {
        let data = vec![("tier", Datum::Nothing), ("name", "a\"b".into()), ("level", 7_u64.into())];
        let mut read = facts(&json(&data));
        read.sort_by(|(one, _), (other, _)| one.cmp(other));
        let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["level", "name", "tier"]);
        assert_eq!(read[1].1, Datum::from("a\"b"));
        assert!(facts("[1]").is_empty() && facts("{\"a\": [1], \"b\": 1.5}").is_empty());
    }
}
