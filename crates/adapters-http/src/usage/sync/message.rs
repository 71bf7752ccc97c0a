//! A message of a sync request, read field by field into the domain's value.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::usage::{ModelName, ProjectName, Provider, SentMessage};
use serde::de::{IgnoredAny, MapAccess};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::ignored::Ignored;
use super::object::{FieldName, Key, sync_object};
use super::shape::Shape;
use super::slot::{Findings, Slot};
use crate::validation::checks::{self, Checked};
use crate::validation::{Fault, Format, Int, LARGEST, PathStep, Problems, Rule, Scalar, Text, formats};

sync_object! {
    /// One response of a model.
    struct SyncMessage as "SyncMessage", read through MessageDraft and MessageField {
        /// The tool's own id of the message. A message with the same id and tool counts once.
        id: required Text<1, 200> = "id",
        /// RFC 3339; without an offset it is UTC.
        at: required OffsetDateTime = "timestamp",
        model: required ModelName = "model" by Names::model,
        input: default Count = "inputTokens" or "input_tokens",
        output: default Count = "outputTokens" or "output_tokens",
        cache_write: default Count = "cacheCreationTokens" or "cache_creation_tokens",
        cache_read: default Count = "cacheReadTokens" or "cache_read_tokens",
        reasoning: default Count = "reasoningTokens" or "reasoning_tokens",
        /// The part of `cacheCreationTokens` that is kept for an hour.
        cache_write_1h: default Count = "cacheCreation1hTokens" or "cache_creation_1h_tokens",
        /// The provider that served the model, where the client knows it.
        provider: auxiliary Provider = "provider" by Names::provider,
        session: auxiliary Note = "sessionId" or "session_id",
        /// The project that the message was for: a name or a hash, as the client chooses. Only the owner of the account sees it. An
        /// account keeps up to 1,000; a message with a further one is stored without it, and `warnings` says so.
        project: auxiliary ProjectName = "project" by Names::project,
        service_tier: auxiliary Note = "serviceTier" or "service_tier",
        reported_cost: auxiliary ReportedCost = "reportedCostUsd" or "reported_cost_usd",
        /// Whether the client knows that the counts are too small, as of a response that never ended. A complete copy replaces it.
        incomplete: default Switch = "incomplete",
    }
}

impl From<SyncMessage> for SentMessage {
    fn from(message: SyncMessage) -> Self {
        let SyncMessage {
            id,
            at,
            model,
            input,
            output,
            cache_write,
            cache_read,
            reasoning,
            cache_write_1h,
            provider,
            session: None | Some(()),
            project,
            service_tier: None | Some(()),
            reported_cost: None | Some(()),
            incomplete,
        } = message;
        Self {
            id: id.into(),
            at,
            model,
            provider,
            project,
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            reasoning,
            is_incomplete: incomplete,
        }
    }
}

/// A count of tokens, which strings and floats can spell too.
struct Count;

/// A text that is checked and not kept.
pub(super) struct Note;

/// A boolean that is false when it is absent.
pub(super) struct Switch;

/// An amount of USD that is checked and not kept.
struct ReportedCost;

formats! {
    [] Count: u64, |value| checks::count(&value), Int::<u64, 0, LARGEST>::schema().default(Some(json!(0)));
    [] Note: (), |value| checks::string(value, 0..=200).map(drop), Text::<0, 200>::schema();
    [] Switch: bool, checks::boolean, bool::schema().default(Some(json!(false)));
    [] ReportedCost: (), |value| checks::amount(&value).map(drop),
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
            .minimum(Some(0));
}

/// The names of models, providers and projects in a request, so that a batch keeps each of them once.
#[derive(Debug, Default)]
pub(super) struct Names {
    models: HashMap<Box<str>, ModelName>,
    providers: HashMap<Box<str>, Provider>,
    projects: HashMap<Box<str>, ProjectName>,
}

impl Names {
    fn model(&mut self, value: Scalar<'_>) -> Checked<ModelName> {
        shared(value, &mut self.models)
    }

    fn provider(&mut self, value: Scalar<'_>) -> Checked<Provider> {
        shared(value, &mut self.providers)
    }

    fn project(&mut self, value: Scalar<'_>) -> Checked<ProjectName> {
        shared(value, &mut self.projects)
    }
}

fn shared<F: Format<Value = F> + Clone>(value: Scalar<'_>, known: &mut HashMap<Box<str>, F>) -> Checked<F> {
    let text = checks::string(value, 0..=usize::MAX)?;
    if let Some(known) = known.get(&*text) {
        return Ok(known.clone());
    }
    let name = F::read(Scalar::Text(Cow::Borrowed(&text)))?;
    known.insert(text.into(), name.clone());
    Ok(name)
}

/// Reads one message. `None` when it has problems, which are added.
pub(super) struct MessageReader<'a> {
    /// Its place in the list.
    pub(super) index: usize,
    pub(super) names: &'a mut Names,
    pub(super) problems: &'a mut Problems,
    pub(super) ignored: &'a mut Ignored,
}

impl<'de> Shape<'de> for MessageReader<'_> {
    type Value = Option<SentMessage>;

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut draft = MessageDraft::default();
        while let Some(Key(field)) = object.next_key::<Key<MessageField>>()? {
            match field {
                Some(field) => draft.set(field, object.next_value()?, self.names),
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        let Self { index, problems, ignored, .. } = self;
        let place = [PathStep::from("body"), PathStep::from("messages"), PathStep::from(index)];
        let mut findings = Findings { place: &place, index: Some(index), problems, ignored };
        Ok(draft.finish(&mut findings).map(SentMessage::from))
    }

    fn other(self) -> Self::Value {
        let place = [PathStep::from("body"), PathStep::from("messages"), PathStep::from(self.index)];
        self.problems.add(place, Fault::new(Rule::ValueError, "Input should be a valid object"));
        None
    }
}
