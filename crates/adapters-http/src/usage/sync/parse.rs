//! From the bytes of a sync request to a [`Batch`], in one pass: no tree of values, no copy of a message in between.

use domain::days::Zone;
use domain::usage::{Batch, Conventions, MachineId, SentMessage, Source};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess};

use super::ignored::Ignored;
use super::message::{Names, OneMessage, note};
use super::names::{InRequest, Key};
use super::shape::{Read, Shape};
use super::slot::{Findings, Slot};
use crate::validation::checks::{self, Checked};
use crate::validation::{Fault, Problems, Rule, Scalar, Step};

/// A message is rarely shorter than this many bytes of JSON; tells how much room to take at once.
const SHORT_MESSAGE: usize = 240;

/// Reads a sync request of 1 to `most` messages, or tells every problem it has.
///
/// Only the shape is judged. Whether a message is plausible is for the domain to say, message by message.
pub fn parse(json: &str, most: usize) -> Result<Batch, Problems> {
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

/// The request's fields while it is read.
#[derive(Default)]
struct Draft {
    version: Slot<()>,
    client: Slot<()>,
    machine: Slot<MachineId>,
    synced_at: Slot<()>,
    source: Slot<Source>,
    zone: Slot<Zone>,
    input_includes_cached: Slot<bool>,
    reasoning_included: Slot<bool>,
    parser_version: Slot<()>,
    dry_run: Slot<bool>,
    messages: Slot<Messages>,
}

/// The messages that fit, the problems of those that do not, and what of them is ignored.
#[derive(Debug, Default)]
struct Messages {
    list: Vec<SentMessage>,
    problems: Problems,
    ignored: Ignored,
}

impl Draft {
    fn set(&mut self, (field, spelling): (InRequest, &'static str), value: Scalar<'_>) {
        match field {
            InRequest::Version => self.version.set(spelling, note(value)),
            InRequest::Client => self.client.set(spelling, note(value)),
            InRequest::MachineId => self.machine.set(spelling, machine(value)),
            InRequest::SyncedAt => self.synced_at.set(spelling, checks::instant(value).map(drop)),
            InRequest::Source => self.source.set(spelling, source(value)),
            InRequest::Timezone => self.zone.set_auxiliary(spelling, value, checks::zone),
            InRequest::InputIncludesCached => self.input_includes_cached.set(spelling, checks::boolean(value)),
            InRequest::ReasoningIncluded => self.reasoning_included.set(spelling, checks::boolean(value)),
            InRequest::ParserVersion => self.parser_version.set(spelling, note(value)),
            InRequest::DryRun => self.dry_run.set(spelling, checks::boolean(value)),
            InRequest::Messages => {} // read by a seed of its own
        }
    }

    fn finish(self) -> Result<Batch, Problems> {
        let mut problems = Problems::default();
        let mut findings = Findings { place: &[Step::from("body")], problems: &mut problems };
        findings.required(InRequest::Version.name(), self.version);
        findings.required(InRequest::Client.name(), self.client);
        let machine = findings.optional(self.machine);
        findings.required(InRequest::SyncedAt.name(), self.synced_at);
        let source = findings.required(InRequest::Source.name(), self.source);
        let mut ignored = Ignored::default();
        let zone = Findings::auxiliary(self.zone, None, &mut ignored);
        let input_includes_cached = findings.or_default(self.input_includes_cached);
        let reasoning_included = findings.or_default(self.reasoning_included);
        findings.optional(self.parser_version);
        let dry_run = findings.or_default(self.dry_run);
        let messages = findings.required(InRequest::Messages.name(), self.messages);
        let messages = messages.map(|messages| {
            problems.append(messages.problems);
            ignored.append(messages.ignored);
            messages.list
        });
        let batch = || {
            Some(Batch {
                machine: machine?.unwrap_or_else(MachineId::unnamed),
                source: source?,
                zone,
                conventions: Conventions {
                    input_includes_cached: input_includes_cached?,
                    reasoning_included_in_output: reasoning_included?,
                },
                dry_run: dry_run?,
                messages: messages?,
                warnings: ignored.warnings(),
            })
        };
        let batch = batch();
        problems.or(batch)
    }
}

fn machine(value: Scalar<'_>) -> Checked<MachineId> {
    let text = checks::string(value, 1..=MachineId::LONGEST)?;
    MachineId::parse(&text).ok_or_else(|| Fault::new(Rule::ValueError, "Input should be a valid name"))
}

fn source(value: Scalar<'_>) -> Checked<Source> {
    let text = checks::string(value, 1..=Source::LONGEST)?;
    Source::parse(&text).ok_or_else(|| Fault::new(Rule::ValueError, "Input should be a valid name"))
}

impl<'de> Shape<'de> for Request {
    type Value = Result<Batch, Problems>;

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft::default();
        while let Some(Key(name)) = object.next_key::<Key<InRequest>>()? {
            match name {
                Some((InRequest::Messages, spelling)) => {
                    let list = MessageList { most: self.most, room: self.room };
                    draft.messages.set(spelling, object.next_value_seed(Read(list))?);
                }
                Some(name) => draft.set(name, object.next_value()?),
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(draft.finish())
    }

    fn other(self) -> Self::Value {
        let mut problems = Problems::default();
        problems.add([Step::from("body")], Fault::new(Rule::ValueError, "Input should be a valid object"));
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
            let one = Read(OneMessage { index, names: &mut names, problems, ignored });
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
