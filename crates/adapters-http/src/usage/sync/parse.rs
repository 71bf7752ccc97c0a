//! From the bytes of a sync request to a [`SyncBatch`], in one pass: no tree of values, no copy of a message in between.

use domain::days::Zone;
use domain::usage::{MachineId, Reading, SentMessage, Source, SyncBatch, TokenConventions, Warning};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};

use super::ignored::Ignored;
use super::message::{MessageReader, Names, Note, Switch, SyncMessage};
use super::object::{FieldName, Key, sync_object};
use super::shape::{Read, Shape};
use super::slot::{Findings, Slot};
use crate::body::BodyLimits;
use crate::validation::checks::{self, Checked};
use crate::validation::kinds::{Property, Schemas, add_schema, array};
use crate::validation::{Fault, Format, Int, PathStep, Problems, Rule, Scalar, formats};

sync_object! {
    /// The messages that a tool logged, and where it runs.
    struct SyncRequest as "SyncRequest", read through RequestDraft and RequestField {
        /// The client's version of the protocol.
        version: required Note = "version",
        client: required Note = "client",
        machine: optional Machine = "machineId" or "machine_id",
        synced_at: required SyncedAt = "syncedAt" or "synced_at",
        /// The tool that logged the messages; kept in lower case.
        source: required Source = "source",
        /// The IANA time zone of the client. It becomes the account's where it has none. One that cannot be read is ignored.
        zone: auxiliary Zone = "timezone",
        /// Whether `inputTokens` contains what was read from a cache.
        input_includes_cached: default Switch = "inputIncludesCached" or "input_includes_cached",
        /// Whether `outputTokens` contains the reasoning.
        reasoning_included: default Switch = "reasoningIncludedInOutput" or "reasoning_included_in_output",
        /// The version of the client's parser of this source. A copy of a message from a newer parser replaces one from an older
        /// parser, also with fewer tokens.
        parser_version: default ParserVersion = "parserVersion" or "parser_version",
        /// Report what the sync would change, and change nothing.
        dry_run: default Switch = "dryRun" or "dry_run",
        messages: list Messages = "messages",
    }
}
/// The name of a machine; a client without one has the machine `default`.
struct Machine;

/// An instant that is checked and not kept.
struct SyncedAt;

const LATEST_PARSER: i64 = Reading::LATEST_PARSER as i64;

type Parser = Int<u16, 0, LATEST_PARSER>;

/// The version of a parser; 0 when it is absent.
struct ParserVersion;

formats! {
    [] Machine: MachineId, MachineId::read, MachineId::schema().default(Some(json!(MachineId::unnamed().as_str())));
    [] SyncedAt: (), |value| checks::instant(value).map(drop), OffsetDateTime::schema();
    [] ParserVersion: u16, Parser::read, Parser::schema().default(Some(json!(0)));
}

/// The messages that can be read, the problems of the others, and the ignored fields.
#[derive(Debug, Default)]
struct Messages {
    list: Vec<SentMessage>,
    problems: Problems,
    ignored: Ignored,
}

impl Property for Messages {
    const IS_REQUIRED: bool = true;

    fn describe() -> RefOr<Schema> {
        array(Ref::from_schema_name(SyncMessage::name()).into(), 1, BodyLimits::default().sync_messages).into()
    }

    fn add_schemas(schemas: &mut Schemas) {
        add_schema::<SyncMessage>(schemas);
    }
}

impl Messages {
    fn finish(self, findings: &mut Findings<'_>) -> Vec<SentMessage> {
        findings.problems.append(self.problems);
        findings.ignored.append(self.ignored);
        self.list
    }
}

/// A message rarely has fewer bytes of JSON; the initial capacity of the list assumes this size.
const SHORT_MESSAGE: usize = 240;

/// Reads a sync request of 1 to `most` messages, or returns all its problems.
///
/// Only the shape is checked. The domain judges the plausibility of each message.
pub fn parse(json: &str, most: usize) -> Result<SyncBatch, Problems> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let request = Request { most, room: (json.len() / SHORT_MESSAGE).min(most) };
    let read = Read(request).deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
    match read {
        Ok(read) => read,
        Err(broken) => Err(Problems::broken_json(broken)),
    }
}

/// Reads the request's object.
struct Request {
    most: usize,
    room: usize,
}

impl RequestDraft {
    fn batch(self) -> Result<SyncBatch, Problems> {
        let (mut problems, mut ignored) = (Problems::default(), Ignored::default());
        let place = [PathStep::from("body")];
        let mut findings = Findings { place: &place, index: None, problems: &mut problems, ignored: &mut ignored };
        let request = self.finish(&mut findings);
        problems.or(request.map(|request| request.batch(ignored.warnings())))
    }
}

impl SyncRequest {
    fn batch(self, warnings: Vec<Warning>) -> SyncBatch {
        let Self {
            version: (),
            client: (),
            machine,
            synced_at: (),
            source,
            zone,
            input_includes_cached,
            reasoning_included,
            parser_version,
            dry_run,
            messages,
        } = self;
        let machine = machine.unwrap_or_else(MachineId::unnamed);
        let conventions = TokenConventions { input_includes_cached, reasoning_included_in_output: reasoning_included };
        SyncBatch { machine, source, zone, conventions, parser_version, dry_run, messages, warnings }
    }
}

impl<'de> Shape<'de> for Request {
    type Value = Result<SyncBatch, Problems>;

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let (mut draft, mut names) = (RequestDraft::default(), Names::default());
        while let Some(Key(field)) = object.next_key::<Key<RequestField>>()? {
            match field {
                Some((RequestField::messages, spelling)) => {
                    let list = MessageList { most: self.most, room: self.room };
                    draft.messages.set(spelling, object.next_value_seed(Read(list))?);
                }
                Some(field) => draft.set(field, object.next_value()?, &mut names),
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(draft.batch())
    }

    fn other(self) -> Self::Value {
        let mut problems = Problems::default();
        problems.add([PathStep::from("body")], Fault::new(Rule::ValueError, "Input should be a valid object"));
        Err(problems)
    }
}

/// Reads the list of messages.
struct MessageList {
    most: usize,
    room: usize,
}

impl<'de> Shape<'de> for MessageList {
    type Value = Checked<Messages>;

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut messages = Messages { list: Vec::with_capacity(self.room), ..Messages::default() };
        let mut names = Names::default();
        let mut index = 0;
        while index < self.most {
            let Messages { problems, ignored, .. } = &mut messages;
            let one = Read(MessageReader { index, names: &mut names, problems, ignored });
            let Some(read) = list.next_element_seed(one)? else { break };
            index += 1;
            match read {
                Some(message) if messages.problems.is_empty() => messages.list.push(message),
                // One problem refuses the request: from here on messages are only judged.
                _ => messages.list = Vec::new(),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            index += 1;
        }
        Ok(match index {
            0 => Err(Fault::new(Rule::TooShort, "List should have at least 1 item, not 0")),
            count if count > self.most => {
                Err(Fault::new(Rule::TooLong, format!("List should have at most {} items, not {count}", self.most)))
            }
            _ => Ok(messages),
        })
    }

    fn other(self) -> Self::Value {
        Err(Fault::new(Rule::ValueError, "Input should be a valid list"))
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
