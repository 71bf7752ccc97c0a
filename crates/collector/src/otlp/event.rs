//! A log record of telemetry, with what is known of it.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, F64Deserializer, I64Deserializer, StrDeserializer};

use crate::content::{Count, Timestamp};

use super::message::{Attribute, AttributeValue, ExportRequest, LogRecord, Resource};

pub(crate) struct Event {
    /// `service.name` of the program that sent it.
    service: Option<String>,
    record: LogRecord,
}

impl Event {
    /// The events of a request, in its order.
    pub(super) fn all(request: ExportRequest) -> impl Iterator<Item = Self> {
        request.resource_logs.into_iter().flat_map(|logs| {
            let service = logs.resource.as_ref().and_then(Resource::service).map(str::to_owned);
            let records = logs.scope_logs.into_iter().flat_map(|scope| scope.log_records);
            records.map(move |record| Self { service: service.clone(), record })
        })
    }

    /// Whether the event has this name: in its own field, as an attribute, or as its body, as tools differ.
    pub(crate) fn is(&self, name: &str) -> bool {
        let body = self.record.body.as_ref().and_then(AttributeValue::text);
        self.record.event_name == name.as_bytes() || self.text("event.name") == Some(name) || body == Some(name)
    }

    /// Whether the program that sent the event calls itself by this name, or by one that begins with it.
    pub(crate) fn is_of_service(&self, name: &str) -> bool {
        self.service.as_deref().is_some_and(|service| service.starts_with(name))
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        text(&self.record.attributes, key)
    }

    /// A count, as a number or a text; 0 if it is absent, because telemetry leaves out what is 0.
    pub(crate) fn count(&self, key: &str) -> Result<u64, String> {
        let Some(attribute) = find(&self.record.attributes, key) else { return Ok(0) };
        let count = attribute.value.as_ref().and_then(AttributeValue::count);
        // A text is content, so it is not in the reason.
        count.ok_or_else(|| format!("{key} is not a count"))
    }

    /// A number with a fraction.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let value = find(&self.record.attributes, key)?.value.as_ref()?;
        value.double_value.or_else(|| value.text()?.parse().ok())
    }

    /// When the event was: some tools leave out its time, and write it as an attribute.
    pub(crate) fn timestamp(&self) -> Result<Timestamp, String> {
        let nanoseconds = [self.record.time_unix_nano, self.record.observed_time_unix_nano];
        let nanoseconds = nanoseconds.into_iter().find(|time| *time > 0).and_then(|time| i64::try_from(time).ok());
        let written = || Timestamp::parse(self.text("event.timestamp")?);
        let timestamp = nanoseconds.and_then(Timestamp::from_integer).or_else(written);
        timestamp.ok_or_else(|| "no timestamp".to_owned())
    }
}

impl Resource {
    fn service(&self) -> Option<&str> {
        text(&self.attributes, "service.name")
    }
}

impl AttributeValue {
    fn text(&self) -> Option<&str> {
        str::from_utf8(self.string_value.as_deref()?).ok()
    }

    fn count(&self) -> Option<u64> {
        let count = if let Some(number) = self.int_value {
            Count::deserialize(I64Deserializer::<Error>::new(number))
        } else if let Some(number) = self.double_value {
            Count::deserialize(F64Deserializer::<Error>::new(number))
        } else {
            let text: StrDeserializer<'_, Error> = self.text()?.into_deserializer();
            Count::deserialize(text)
        };
        count.ok().map(|count| count.0)
    }
}

fn find<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.key == key.as_bytes())
}

fn text<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a str> {
    find(attributes, key)?.value.as_ref()?.text().filter(|text| !text.is_empty())
}
