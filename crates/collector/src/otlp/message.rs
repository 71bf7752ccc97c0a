//! An export request of log records, in protobuf and in OTLP's JSON: the fields that are read, the rest is skipped.
//!
//! The numbers are those of `opentelemetry/proto/logs/v1/logs.proto`. A value is one of several kinds there; here each kind is optional,
//! which is the same on the wire. Texts are bytes, and values of another form are absent, because one odd attribute must not cost the events of
//! a whole request.

use prost::Message;
use serde::{Deserialize, Deserializer};

use crate::content::{Count, json_problem, lenient, whole};

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "list")]
    pub(super) resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    pub(super) resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "list")]
    pub(super) scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct Resource {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "list")]
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScopeLogs {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "list")]
    pub(super) log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogRecord {
    #[prost(fixed64, tag = "1")]
    #[serde(deserialize_with = "nanoseconds")]
    pub(super) time_unix_nano: u64,
    #[prost(fixed64, tag = "11")]
    #[serde(deserialize_with = "nanoseconds")]
    pub(super) observed_time_unix_nano: u64,
    #[prost(message, optional, tag = "5")]
    #[serde(deserialize_with = "lenient")]
    pub(super) body: Option<AttributeValue>,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "list")]
    pub(super) attributes: Vec<Attribute>,
    #[prost(bytes = "vec", tag = "12")]
    #[serde(deserialize_with = "text")]
    pub(super) event_name: Vec<u8>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct Attribute {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(deserialize_with = "text")]
    pub(super) key: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    #[serde(deserialize_with = "lenient")]
    pub(super) value: Option<AttributeValue>,
}

/// A text or a number. Other kinds of values have none of these.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
pub(super) struct AttributeValue {
    #[prost(bytes = "vec", optional, tag = "1")]
    #[serde(deserialize_with = "optional_text")]
    pub(super) string_value: Option<Vec<u8>>,
    #[prost(int64, optional, tag = "3")]
    #[serde(deserialize_with = "integer")]
    pub(super) int_value: Option<i64>,
    #[prost(double, optional, tag = "4")]
    #[serde(deserialize_with = "double")]
    pub(super) double_value: Option<f64>,
}

impl ExportRequest {
    /// Reads a request in JSON. One of another signal, such as metrics, has no log records.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| json_problem(&error))
    }

    /// Reads a request in protobuf.
    pub(super) fn from_protobuf(bytes: &[u8]) -> Result<Self, String> {
        Self::decode(bytes).map_err(|_| "not an OTLP message".to_owned())
    }
}

/// A list without its nulls. In protobuf's JSON, null is an empty list.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    Ok(list.into_iter().flatten().flatten().collect())
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Ok(optional_text(deserializer)?.unwrap_or_default())
}

fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    Ok(lenient::<D, String>(deserializer)?.map(String::into_bytes))
}

/// A time in nanoseconds since 1970, as a number or a text; 0 if it is neither.
fn nanoseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(lenient::<D, Count>(deserializer)?.map_or(0, |count| count.0))
}

/// A number, which protobuf's JSON may write as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Integer(i64),
    Double(f64),
    Text(String),
}

fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match lenient(deserializer)? {
        Some(Number::Integer(number)) => Some(number),
        Some(Number::Text(text)) => text.trim().parse().ok(),
        Some(Number::Double(number)) => whole(number).and_then(|number| i64::try_from(number).ok()),
        None => None,
    })
}

fn double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[expect(clippy::cast_precision_loss, reason = "the field is a double")]
    Ok(match lenient(deserializer)? {
        Some(Number::Integer(number)) => Some(number as f64),
        Some(Number::Double(number)) => Some(number),
        Some(Number::Text(text)) => text.trim().parse().ok(),
        None => None,
    })
}
