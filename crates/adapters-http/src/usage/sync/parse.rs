//! From the bytes of a sync request to a [`SyncBatch`], in one pass: no tree of values, no copy of a message in between.

use domain::days::Zone;
use domain::usage::{MachineId, Protocol, Reading, SentMessage, Source, SyncBatch, TokenConventions, Warning};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};

use super::ignored::Ignored;
use super::message::{MessageReader, Names, Note, Switch, SyncMessage};
use super::object::{FieldName, Key, Part, sync_object};
use super::shape::{Read, Shape};
use super::slot::{Findings, Slot};
use crate::body::BodyLimits;
use crate::validation::checks::{self, Checked};
use crate::validation::kinds::{Property, Schemas, add_schema, array};
use crate::validation::{Fault, Format, Int, PathStep, Problems, Rule, Scalar, Text, formats};

sync_object! {
    /// The messages that a tool logged, and where it runs.
    struct SyncRequest as "SyncRequest", read through RequestDraft and RequestField {
        /// The client's version of the protocol: 3 if it begins with `3.`, otherwise 2.
        version: required Version = "version",
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
        /// parser, also with fewer tokens. Protocol 3; ignored in protocol 2.
        parser_version: default ParserVersion = "parserVersion" or "parser_version",
        handover: nested HandoverPart = "handover",
        /// Report what the sync would change, and change nothing.
        dry_run: default Switch = "dryRun" or "dry_run",
        messages: list Messages = "messages",
    }
}

sync_object! {
    /// A client of protocol 3 has read all messages of the tool on the machine since an instant. The messages of protocol 2 of that
    /// machine and tool at or after the instant are removed, and those sent later count as duplicates. It is ignored with a warning if no
    /// message with tokens was accepted with it. A message that was sent before it, and lost to a copy of protocol 2, must be sent again
    /// after it. It ends when the user deletes all usage of the tool. Ignored in protocol 2.
    struct Handover as "Handover", read through HandoverDraft and HandoverField {
        /// RFC 3339; without an offset it is UTC. From 2020 on, and at most 24 hours ahead.
        from: required OffsetDateTime = "from",
    }
}

/// The protocol that a version names.
struct Version;

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
    [] Version: Protocol, version, Text::<0, 200>::schema();
    [] SyncedAt: (), |value| checks::instant(value).map(drop), OffsetDateTime::schema();
    [] ParserVersion: u16, Parser::read, Parser::schema().default(Some(json!(0)));
}

fn version(value: Scalar<'_>) -> Checked<Protocol> {
    let version = checks::string(value, 0..=200)?;
    Ok(if version.starts_with("3.") { Protocol::V3 } else { Protocol::V2 })
}

/// A handover while it is read.
struct HandoverPart(HandoverDraft);

impl Property for HandoverPart {
    const IS_REQUIRED: bool = false;

    fn describe() -> RefOr<Schema> {
        Ref::from_schema_name(Handover::name()).into()
    }

    fn add_schemas(schemas: &mut Schemas) {
        add_schema::<Handover>(schemas);
    }
}

impl Part for HandoverPart {
    type Value = OffsetDateTime;

    fn finish(self, findings: &mut Findings<'_>) -> Option<OffsetDateTime> {
        let place: Vec<PathStep> = findings.place.iter().cloned().chain(["handover".into()]).collect();
        let Findings { problems, ignored, .. } = findings;
        let handover = self.0.finish(&mut Findings { place: &place, index: None, problems, ignored });
        handover.map(|Handover { from }| from)
    }
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

impl Part for Messages {
    type Value = Vec<SentMessage>;

    fn finish(self, findings: &mut Findings<'_>) -> Option<Vec<SentMessage>> {
        findings.problems.append(self.problems);
        findings.ignored.append(self.ignored);
        Some(self.list)
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
            version: protocol,
            client: (),
            machine,
            synced_at: (),
            source,
            zone,
            input_includes_cached,
            reasoning_included,
            parser_version,
            handover,
            dry_run,
            messages,
        } = self;
        let machine = machine.unwrap_or_else(MachineId::unnamed);
        let conventions = TokenConventions { input_includes_cached, reasoning_included_in_output: reasoning_included };
        // Protocol 2 states neither.
        let (parser_version, handover_from) = match protocol {
            Protocol::V2 => (0, None),
            Protocol::V3 => (parser_version, handover),
        };
        SyncBatch {
            machine,
            source,
            zone,
            protocol,
            conventions,
            parser_version,
            handover_from,
            dry_run,
            messages,
            warnings,
        }
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
                Some((RequestField::handover, spelling)) => {
                    draft.handover.set(spelling, object.next_value_seed(Read(HandoverReader))?);
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

/// Reads the object of a handover.
struct HandoverReader;

impl<'de> Shape<'de> for HandoverReader {
    type Value = Checked<HandoverPart>;

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let (mut draft, mut names) = (HandoverDraft::default(), Names::default());
        while let Some(Key(field)) = object.next_key::<Key<HandoverField>>()? {
            match field {
                Some(field) => draft.set(field, object.next_value()?, &mut names),
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Ok(HandoverPart(draft)))
    }

    fn other(self) -> Self::Value {
        Err(Fault::new(Rule::ValueError, "Input should be a valid object"))
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
