//! The particulars of activities and notifications, as JSON.

use domain::data::{Data, Datum};
use serde_json::{Map, Number, Value};

/// `data` as the text of a JSON object.
pub(crate) fn json(data: &Data) -> String {
    let object: Map<String, Value> = data.iter().map(|(name, datum)| ((*name).to_owned(), value(datum))).collect();
    Value::Object(object).to_string()
}

fn value(datum: &Datum) -> Value {
    match datum {
        Datum::Nothing => Value::Null,
        Datum::Text(text) => Value::String(text.clone()),
        Datum::Integer(number) => Value::from(*number),
        Datum::Decimal(number) => number.parse::<Number>().map_or(Value::Null, Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_a_json_object() {
        let data = vec![
            ("name", Datum::from("a \"b\"")),
            ("level", 7_u64.into()),
            ("tier", Option::<u32>::None.into()),
            ("cost", Datum::Decimal("12.5".into())),
        ];
        assert_eq!(json(&data), r#"{"cost":12.5,"level":7,"name":"a \"b\"","tier":null}"#);
    }
}
