//! An export request of log records, in protobuf and in OTLP's JSON: the fields that are read, the rest is skipped.
//!
//! The numbers are those of `opentelemetry/proto/logs/v1/logs.proto`. A value is one of several kinds there; here each kind is optional,
//! which is the same on the wire.

use prost::Message;
use serde::{Deserialize, Deserializer};

use crate::content::{Count, json_problem, lenient};

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub(super) resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    pub(super) resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "or_default")]
    pub(super) scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct Resource {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScopeLogs {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "or_default")]
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
    pub(super) body: Option<AttributeValue>,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "or_default")]
    pub(super) attributes: Vec<Attribute>,
    #[prost(string, tag = "12")]
    #[serde(deserialize_with = "or_default")]
    pub(super) event_name: String,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct Attribute {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(message, optional, tag = "2")]
    pub(super) value: Option<AttributeValue>,
}

/// A text or a number. Other kinds of values have none of these.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
pub(super) struct AttributeValue {
    #[prost(string, optional, tag = "1")]
    pub(super) string_value: Option<String>,
    #[prost(int64, optional, tag = "3")]
    #[serde(deserialize_with = "integer")]
    pub(super) int_value: Option<i64>,
    #[prost(double, optional, tag = "4")]
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

/// In protobuf's JSON, null is the default of a field.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A time in nanoseconds since 1970, as a number or a text; 0 if it is neither.
fn nanoseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(lenient::<D, Count>(deserializer)?.map_or(0, |count| count.0))
}

/// A number, which protobuf's JSON writes as a text and some programs as a number.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Text(String),
    }
    Ok(match Option::deserialize(deserializer)? {
        Some(Written::Number(number)) => Some(number),
        Some(Written::Text(text)) => Some(text.parse().map_err(serde::de::Error::custom)?),
        None => None,
    })
}
