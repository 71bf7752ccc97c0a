//! One message of a sync request, read field by field into the domain's value.

use std::collections::HashMap;

use domain::usage::{ModelName, Provider, SentMessage};
use serde::de::{IgnoredAny, MapAccess};
use time::OffsetDateTime;

use super::ignored::Ignored;
use super::names::{InMessage, Key};
use super::shape::Shape;
use super::slot::{Findings, Slot};
use crate::validation::checks::{self, Checked};
use crate::validation::{Fault, Problems, Rule, Scalar, Step};

/// The longest of the strings that are checked and not kept.
const LONGEST_NOTE: usize = 200;

/// The longest id of a message.
const LONGEST_ID: usize = 200;

/// The names met so far, so that a batch keeps each of them once.
#[derive(Debug, Default)]
pub(super) struct Names {
    models: HashMap<Box<str>, ModelName>,
    providers: HashMap<Box<str>, Provider>,
}

impl Names {
    fn model(&mut self, value: Scalar<'_>) -> Checked<ModelName> {
        let text = checks::string(value, 1..=ModelName::LONGEST)?;
        if let Some(known) = self.models.get(&*text) {
            return Ok(known.clone());
        }
        let name = ModelName::parse(&text).ok_or_else(not_a_name)?;
        self.models.insert(text.into(), name.clone());
        Ok(name)
    }

    fn provider(&mut self, value: Scalar<'_>) -> Checked<Provider> {
        let text = checks::string(value, 1..=Provider::LONGEST)?;
        if let Some(known) = self.providers.get(&*text) {
            return Ok(known.clone());
        }
        let name = Provider::parse(&text).ok_or_else(not_a_name)?;
        self.providers.insert(text.into(), name.clone());
        Ok(name)
    }
}

fn not_a_name() -> Fault {
    Fault::new(Rule::ValueError, "Input should be a valid name")
}

/// Reads one message. `None` when it has problems, which are noted.
pub(super) struct OneMessage<'a> {
    /// Its place in the list.
    pub(super) index: usize,
    pub(super) names: &'a mut Names,
    pub(super) problems: &'a mut Problems,
    pub(super) ignored: &'a mut Ignored,
}

/// The message's fields while it is read.
#[derive(Default)]
struct Draft {
    id: Slot<Box<str>>,
    at: Slot<OffsetDateTime>,
    model: Slot<ModelName>,
    input: Slot<u64>,
    output: Slot<u64>,
    cache_write: Slot<u64>,
    cache_read: Slot<u64>,
    reasoning: Slot<u64>,
    cache_write_1h: Slot<u64>,
    provider: Slot<Provider>,
    session: Slot<()>,
    project: Slot<()>,
    service_tier: Slot<()>,
    reported_cost: Slot<()>,
}

impl Draft {
    fn set(&mut self, (field, spelling): (InMessage, &'static str), value: Scalar<'_>, names: &mut Names) {
        match field {
            InMessage::Id => self.id.set(spelling, checks::string(value, 1..=LONGEST_ID).map(Into::into)),
            InMessage::Timestamp => self.at.set(spelling, checks::instant(value)),
            InMessage::Model => self.model.set(spelling, names.model(value)),
            InMessage::Input => self.input.set(spelling, checks::count(&value)),
            InMessage::Output => self.output.set(spelling, checks::count(&value)),
            InMessage::CacheCreation => self.cache_write.set(spelling, checks::count(&value)),
            InMessage::CacheRead => self.cache_read.set(spelling, checks::count(&value)),
            InMessage::Reasoning => self.reasoning.set(spelling, checks::count(&value)),
            InMessage::CacheCreation1h => self.cache_write_1h.set(spelling, checks::count(&value)),
            InMessage::Provider => self.provider.set_auxiliary(spelling, value, |value| names.provider(value)),
            InMessage::SessionId => self.session.set_auxiliary(spelling, value, note),
            InMessage::Project => self.project.set_auxiliary(spelling, value, note),
            InMessage::ServiceTier => self.service_tier.set_auxiliary(spelling, value, note),
            InMessage::ReportedCost => {
                self.reported_cost.set_auxiliary(spelling, value, |value| checks::amount(&value).map(drop));
            }
        }
    }

    fn finish(self, index: usize, problems: &mut Problems, ignored: &mut Ignored) -> Option<SentMessage> {
        let place = [Step::from("body"), Step::from("messages"), Step::from(index)];
        let mut findings = Findings { place: &place, problems };
        let id = findings.required(InMessage::Id.name(), self.id);
        let at = findings.required(InMessage::Timestamp.name(), self.at);
        let model = findings.required(InMessage::Model.name(), self.model);
        let input = findings.or_default(self.input);
        let output = findings.or_default(self.output);
        let cache_write = findings.or_default(self.cache_write);
        let cache_read = findings.or_default(self.cache_read);
        let reasoning = findings.or_default(self.reasoning);
        let cache_write_1h = findings.or_default(self.cache_write_1h);
        let provider = Findings::auxiliary(self.provider, Some(index), ignored);
        for slot in [self.session, self.project, self.service_tier, self.reported_cost] {
            Findings::auxiliary(slot, Some(index), ignored);
        }
        Some(SentMessage {
            id: id?,
            at: at?,
            model: model?,
            provider,
            input: input?,
            output: output?,
            cache_read: cache_read?,
            cache_write: cache_write?,
            cache_write_1h: cache_write_1h?,
            reasoning: reasoning?,
        })
    }
}

/// A string that is checked and not kept.
pub(super) fn note(value: Scalar<'_>) -> Checked<()> {
    checks::string(value, 0..=LONGEST_NOTE).map(drop)
}

impl<'de> Shape<'de> for OneMessage<'_> {
    type Value = Option<SentMessage>;

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft::default();
        while let Some(Key(name)) = object.next_key::<Key<InMessage>>()? {
            match name {
                Some(name) => draft.set(name, object.next_value()?, self.names),
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(draft.finish(self.index, self.problems, self.ignored))
    }

    fn other(self) -> Self::Value {
        let place = [Step::from("body"), Step::from("messages"), Step::from(self.index)];
        self.problems.add(place, Fault::new(Rule::ValueError, "Input should be a valid object"));
        None
    }
}
