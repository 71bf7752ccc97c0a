//! The data of an activity, a notification, a job or an audit record: values by name.

use crate::money::Usd;

/// A value of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Nothing,
    Text(String),
    Integer(i64),
    /// A JSON number, rounded half-even to six decimals. A whole amount is read as an [`Integer`](Self::Integer).
    Money(Usd),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<Usd> for Value {
    fn from(amount: Usd) -> Self {
        Self::Money(amount)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// A payload to be written.
pub type Payload = Vec<(&'static str, Value)>;

/// A payload that was read.
pub type ParsedPayload = Vec<(String, Value)>;

/// The text with this name, if it is one.
pub fn text<'a>(facts: &'a [(String, Value)], name: &str) -> Option<&'a str> {
    facts.iter().find_map(|(known, value)| match value {
        Value::Text(text) if known == name => Some(text.as_str()),
        _ => None,
    })
}

/// The number with this name, if it is one.
pub fn number(facts: &[(String, Value)], name: &str) -> Option<i64> {
    facts.iter().find_map(|(known, value)| match value {
        Value::Integer(number) if known == name => Some(*number),
        _ => None,
    })
}

/// The amount with this name. Older releases stored it as a text.
pub fn money(facts: &[(String, Value)], name: &str) -> Option<Usd> {
    let (_, value) = facts.iter().find(|(known, _)| known == name)?;
    match value {
        Value::Money(amount) => Some(*amount),
        Value::Integer(whole) => Usd::parse(&whole.to_string()),
        Value::Text(text) => Usd::parse(text),
        Value::Nothing => None,
    }
}

/// A stored payload: the text of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredData(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_value_is_found_by_name_and_type() {
        let facts =
            [("a".to_owned(), Value::from("x")), ("b".to_owned(), 7_u64.into()), ("c".to_owned(), Value::Nothing)];
        assert_eq!(["a", "b", "c", "d"].map(|name| text(&facts, name)), [Some("x"), None, None, None]);
        assert_eq!(["a", "b", "c", "d"].map(|name| number(&facts, name)), [None, Some(7), None, None]);
    }

    #[test]
    fn payload_money_is_found_in_every_stored_form() {
        let amount = Usd::from_atto(3_014_900_000_000_000_000);
        for (value, found) in [
            (Value::from(amount), Some(amount)),
            ("3.0149".into(), Some(amount)),
            (12_u64.into(), Some(Usd::from_atto(12_000_000_000_000_000_000))),
            ("x".into(), None),
            (Value::Nothing, None),
        ] {
            let facts = [("cost".to_owned(), value)];
            assert_eq!((money(&facts, "cost"), money(&facts, "price")), (found, None), "{facts:?}");
        }
    }
}
