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

/// Facts as they were stored: the text of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredData(pub String);
