//! Small facts that go with an activity or a notification, for programs to read.

/// A value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// There is none.
    Nothing,
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Datum {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Datum {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl<T: Into<Datum>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// Facts by name, to be written.
pub type Data = Vec<(&'static str, Datum)>;

/// Facts by name, as they were read.
pub type Facts = Vec<(String, Datum)>;

/// The text called `name` in `facts`, if it is there and a text.
pub fn text<'a>(facts: &'a [(String, Datum)], name: &str) -> Option<&'a str> {
    facts.iter().find_map(|(known, datum)| match datum {
        Datum::Text(text) if known == name => Some(text.as_str()),
        _ => None,
    })
}

/// The number called `name` in `facts`, if it is there and a number.
pub fn number(facts: &[(String, Datum)], name: &str) -> Option<i64> {
    facts.iter().find_map(|(known, datum)| match datum {
        Datum::Integer(number) if known == name => Some(*number),
        _ => None,
    })
}

/// Facts as they were stored: the text of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredData(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_found_by_its_name_and_sort() {
        let facts =
            [("a".to_owned(), Datum::from("x")), ("b".to_owned(), 7_u64.into()), ("c".to_owned(), Datum::Nothing)];
        assert_eq!(["a", "b", "c", "d"].map(|name| text(&facts, name)), [Some("x"), None, None, None]);
        assert_eq!(["a", "b", "c", "d"].map(|name| number(&facts, name)), [None, Some(7), None, None]);
    }
}
