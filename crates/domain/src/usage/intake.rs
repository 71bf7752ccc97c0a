//! From what was sent to what the ledger may keep: conventions undone, implausible items rejected, and then what the account
//! has no room for.

use std::collections::HashMap;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::batch::{Batch, Conventions, SentMessage};
use super::message::{Message, MessageKey, Model, fold_copies};
use super::room::{MOST_MODELS, MOST_MODELS_A_REQUEST, Room};
use super::tokens::TokenCounts;

/// How far a client's clock may run ahead.
const MOST_AHEAD: Duration = Duration::DAY;

/// Nothing that logs tokens is older.
const EARLIEST: OffsetDateTime = datetime!(2020-01-01 00:00 UTC);

/// How many rejected items are listed by name.
const LISTED: usize = 100;

/// Why an item was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its time is more than 24 hours ahead.
    TimestampInFuture,
    /// Its time is before 2020-01-01.
    TimestampTooOld,
    /// More was read from the cache than was sent, although the client counts one within the other.
    CachedExceedsInput,
    /// More was cached for an hour than was cached at all.
    HourWritesExceedWrites,
    /// There is more reasoning than output, although the reasoning is part of the output.
    ReasoningExceedsOutput,
    /// The request names more than [`MOST_MODELS_A_REQUEST`] models, or the account would have more than [`MOST_MODELS`].
    TooManyModels,
    /// The account would have more than [`MOST_SOURCES`](super::room::MOST_SOURCES) tools.
    TooManySources,
    /// The account would have more than [`MOST_MACHINES`](super::room::MOST_MACHINES) machines.
    TooManyMachines,
    /// The account's lifetime total would leave the range that is kept (2^62 tokens).
    TotalOutOfRange,
}

impl Reason {
    /// The reason's name in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TimestampInFuture => "timestamp_in_future",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::CachedExceedsInput => "cached_exceeds_input",
            Self::HourWritesExceedWrites => "cache_write_1h_exceeds_cache_write",
            Self::ReasoningExceedsOutput => "reasoning_exceeds_output",
            Self::TooManyModels => "too_many_models",
            Self::TooManySources => "too_many_sources",
            Self::TooManyMachines => "too_many_machines",
            Self::TotalOutOfRange => "account_total_out_of_range",
        }
    }
}

/// An item that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its id as sent.
    pub id: Box<str>,
    /// Why.
    pub reason: Reason,
}

/// Items that were rejected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejections {
    /// How many.
    pub count: usize,
    /// The first hundred of them, in the order of the request.
    pub first: Vec<Rejection>,
}

impl Rejections {
    fn add(&mut self, index: usize, id: &str, reason: Reason) {
        self.count += 1;
        // Those of an earlier step are in between.
        let place = self.first.partition_point(|rejection| rejection.index < index);
        if place < LISTED {
            self.first.truncate(LISTED - 1);
            self.first.insert(place, Rejection { index, id: id.into(), reason });
        }
    }
}

/// The plausible items of a request. It is made once and may be admitted again and again: a transaction may have to begin anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    items: Vec<Item>,
    /// Each model once, in the order in which they come.
    models: Vec<Model>,
    received: usize,
    rejections: Rejections,
}

/// An item that is plausible, whatever account it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    index: usize,
    id: Box<str>,
    /// The place of its model among those of the request.
    model: usize,
    message: Message,
}

/// What an account takes of an [`Intake`].
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted<'intake> {
    /// One copy of each message, in the order of their keys.
    pub messages: Vec<&'intake Message>,
    /// The models of the admitted items, each once.
    pub models: Vec<&'intake Model>,
    /// How many items lost to another copy within the request.
    pub folded: usize,
    /// What was rejected, for whatever reason.
    pub rejections: Rejections,
}

impl Intake {
    /// Judges the items of `batch` at `now`.
    pub fn new(batch: Batch, now: OffsetDateTime) -> Self {
        let received = batch.messages.len();
        let (mut items, mut rejections) = (Vec::with_capacity(received), Rejections::default());
        let mut models = Models::default();
        for (index, sent) in batch.messages.into_iter().enumerate() {
            let model = Model { name: sent.model.clone(), provider: sent.provider.clone() };
            let judged = judge(&sent, batch.conventions, now)
                .and_then(|tokens| Ok((tokens, models.place(&model).ok_or(Reason::TooManyModels)?)));
            match judged {
                Ok((tokens, place)) => items.push(Item {
                    index,
                    model: place,
                    message: Message {
                        key: MessageKey::of(&sent.id),
                        source: batch.source.clone(),
                        at: sent.at,
                        model,
                        machine: batch.machine.clone(),
                        tokens,
                    },
                    id: sent.id,
                }),
                Err(reason) => rejections.add(index, &sent.id, reason),
            }
        }
        Self { items, models: models.list, received, rejections }
    }

    /// Whether any of its items has tokens.
    pub fn has_tokens(&self) -> bool {
        self.items.iter().any(|item| !item.message.tokens.is_empty())
    }

    /// The models that it names, each once; no more than [`MOST_MODELS_A_REQUEST`].
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// How many messages the request had.
    pub fn received(&self) -> usize {
        self.received
    }

    /// What an account takes that has `room`: items in their order, as far as they fit.
    pub fn admit(&self, room: &Room) -> Admitted<'_> {
        let mut rejections = self.rejections.clone();
        let mut messages = Vec::with_capacity(self.items.len());
        let mut tokens = room.tokens;
        let mut models = vec![false; self.models.len()];
        let is_new: Vec<bool> = self.models.iter().map(|model| room.names.new_models.contains(model)).collect();
        let mut free_models = MOST_MODELS.saturating_sub(room.names.models);
        for item in &self.items {
            let is_another = is_new[item.model] && !models[item.model];
            let left = tokens.checked_sub_unsigned(item.message.tokens.total()).filter(|&left| left >= 0);
            let reason = match left {
                _ if !room.names.sources_fit() => Reason::TooManySources,
                _ if !room.machine_fits => Reason::TooManyMachines,
                _ if is_another && free_models == 0 => Reason::TooManyModels,
                None => Reason::TotalOutOfRange,
                Some(left) => {
                    tokens = left;
                    free_models -= usize::from(is_another);
                    models[item.model] = true;
                    messages.push(&item.message);
                    continue;
                }
            };
            rejections.add(item.index, &item.id, reason);
        }
        let plausible = messages.len();
        let messages = fold_copies(messages);
        let models = self.models.iter().zip(models).filter(|(_, is_used)| *is_used).map(|(model, _)| model).collect();
        Admitted { folded: plausible - messages.len(), messages, models, rejections }
    }
}

/// The models of a request while it is read.
#[derive(Default)]
struct Models {
    list: Vec<Model>,
    /// The place that was asked for last.
    latest: usize,
    places: HashMap<Model, usize>,
}

impl Models {
    /// The place of `model` among them; `None` where it is one too many.
    fn place(&mut self, model: &Model) -> Option<usize> {
        // Most messages name the model of the one before.
        if self.list.get(self.latest) == Some(model) {
            return Some(self.latest);
        }
        if let Some(place) = self.places.get(model) {
            self.latest = *place;
            return Some(*place);
        }
        let place = self.list.len();
        (place < MOST_MODELS_A_REQUEST).then(|| {
            self.latest = place;
            self.list.push(model.clone());
            self.places.insert(model.clone(), place);
            place
        })
    }
}

/// The disjoint token counts of a plausible item.
fn judge(sent: &SentMessage, conventions: Conventions, now: OffsetDateTime) -> Result<TokenCounts, Reason> {
    let input = if conventions.input_includes_cached {
        sent.input.checked_sub(sent.cache_read).ok_or(Reason::CachedExceedsInput)?
    } else {
        sent.input
    };
    let tokens = TokenCounts {
        input,
        output: sent.output,
        cache_read: sent.cache_read,
        cache_write: sent.cache_write,
        cache_write_1h: sent.cache_write_1h,
        reasoning: sent.reasoning,
        reasoning_in_output: conventions.reasoning_included_in_output,
    };
    check(sent.at, &tokens, now)?;
    Ok(tokens)
}

/// Judges a message by the rules that hold for a sync and for an import. Every count that passes is part of the total or
/// bounded by a count that is, so a bounded total bounds each sum of counts.
fn check(at: OffsetDateTime, tokens: &TokenCounts, now: OffsetDateTime) -> Result<(), Reason> {
    if at - now > MOST_AHEAD {
        return Err(Reason::TimestampInFuture);
    }
    if at < EARLIEST {
        return Err(Reason::TimestampTooOld);
    }
    if tokens.cache_write_1h > tokens.cache_write {
        return Err(Reason::HourWritesExceedWrites);
    }
    if tokens.reasoning_in_output && tokens.reasoning > tokens.output {
        return Err(Reason::ReasoningExceedsOutput);
    }
    Ok(())
}

impl Message {
    /// Judges a message at `now` that comes as the ledger keeps it, not as it is sent.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), Reason> {
        check(self.at, &self.tokens, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::room::NameUse;
    use crate::usage::sums::MOST_TOKENS;
    use crate::usage::testing::{NOW, batch, sent};
    use crate::usage::{ModelName, Source};

    /// Room for `tokens` and any names.
    fn room(tokens: i64) -> Room {
        Room { tokens, names: NameUse::default(), machine_fits: true }
    }

    /// One message of each of `models` models.
    fn of_models(models: usize) -> Vec<SentMessage> {
        (0..models).map(|n| SentMessage { model: model(n), ..sent(&n.to_string()) }).collect()
    }

    fn model(n: usize) -> ModelName {
        ModelName::trusted(format!("model-{n}"))
    }

    #[test]
    fn a_request_with_more_models_than_it_may_name_keeps_the_first_of_them() {
        let mut messages = of_models(MOST_MODELS_A_REQUEST + 2);
        messages.push(SentMessage { model: model(0), ..sent("a known model after them") });
        let intake = Intake::new(batch(messages), NOW);
        let admitted = intake.admit(&room(MOST_TOKENS));
        let rejected: Vec<_> = admitted.rejections.first.iter().map(|r| (r.index, r.reason)).collect();
        assert_eq!(rejected, [(1_000, Reason::TooManyModels), (1_001, Reason::TooManyModels)]);
        assert_eq!((admitted.messages.len(), admitted.models.len(), intake.models().len()), (1_001, 1_000, 1_000));
    }

    #[test]
    fn models_beyond_what_the_account_may_have_are_rejected_and_those_it_has_are_not() {
        let mut messages = of_models(4);
        messages.push(SentMessage { model: model(1), ..sent("a model that came before") });
        let intake = Intake::new(batch(messages), NOW);
        let new_models = intake.models()[1..].iter().cloned().collect();
        let names = NameUse { new_models, models: MOST_MODELS - 2, ..NameUse::default() };
        let admitted = intake.admit(&Room { names, ..room(MOST_TOKENS) });
        let rejected: Vec<_> = admitted.rejections.first.iter().map(|r| (r.index, r.reason)).collect();
        assert_eq!(rejected, [(3, Reason::TooManyModels)]);
        assert_eq!((admitted.messages.len(), admitted.models.len()), (4, 3));
    }

    #[test]
    fn a_tool_or_a_machine_too_many_rejects_the_whole_request() {
        let intake = Intake::new(batch(of_models(2)), NOW);
        let names = NameUse {
            new_sources: std::iter::once(Source::trusted("claude-code")).collect(),
            sources: crate::usage::room::MOST_SOURCES,
            ..NameUse::default()
        };
        for (room, reason) in [
            (Room { names, ..room(MOST_TOKENS) }, Reason::TooManySources),
            (Room { machine_fits: false, ..room(MOST_TOKENS) }, Reason::TooManyMachines),
        ] {
            let admitted = intake.admit(&room);
            let rejected: Vec<_> = admitted.rejections.first.iter().map(|r| (r.index, r.reason)).collect();
            assert_eq!(rejected, [(0, reason), (1, reason)]);
            assert!(admitted.messages.is_empty() && admitted.models.is_empty());
        }
    }

    fn reasons(messages: Vec<SentMessage>, conventions: Conventions) -> Vec<(usize, Reason)> {
        let rejections =
            Intake::new(Batch { conventions, ..batch(messages) }, NOW).admit(&room(MOST_TOKENS)).rejections;
        assert_eq!(rejections.count, rejections.first.len());
        rejections.first.into_iter().map(|r| (r.index, r.reason)).collect()
    }

    #[test]
    fn a_reason_is_called_what_the_api_calls_it() {
        for (reason, code) in [
            (Reason::TimestampInFuture, "timestamp_in_future"),
            (Reason::TimestampTooOld, "timestamp_too_old"),
            (Reason::CachedExceedsInput, "cached_exceeds_input"),
            (Reason::HourWritesExceedWrites, "cache_write_1h_exceeds_cache_write"),
            (Reason::ReasoningExceedsOutput, "reasoning_exceeds_output"),
            (Reason::TooManyModels, "too_many_models"),
            (Reason::TooManySources, "too_many_sources"),
            (Reason::TooManyMachines, "too_many_machines"),
            (Reason::TotalOutOfRange, "account_total_out_of_range"),
        ] {
            assert_eq!(reason.code(), code);
        }
    }

    #[test]
    fn implausible_items_are_set_aside_and_the_rest_stays() {
        let at = |id, at| SentMessage { at, ..sent(id) };
        let found = reasons(
            vec![
                at("on time", NOW),
                at("a day ahead", NOW + Duration::DAY),
                at("more than a day ahead", NOW + Duration::DAY + Duration::MICROSECOND),
                at("first instant", EARLIEST),
                at("too old", EARLIEST - Duration::MICROSECOND),
                SentMessage { cache_write: 5, cache_write_1h: 6, ..sent("1 h") },
                SentMessage { input: 1, cache_read: 2, ..sent("disjoint by default") },
            ],
            Conventions::default(),
        );
        let expected =
            [(2, Reason::TimestampInFuture), (4, Reason::TimestampTooOld), (5, Reason::HourWritesExceedWrites)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_message_of_the_ledger_is_judged_like_a_sent_one() {
        let message = crate::usage::testing::message("m", 1);
        let with = |at, cache_write_1h| Message {
            at,
            tokens: TokenCounts { cache_write_1h, ..message.tokens },
            ..message.clone()
        };
        let with_reasoning = |reasoning| Message {
            tokens: TokenCounts { reasoning, reasoning_in_output: true, ..message.tokens },
            ..message.clone()
        };
        for (message, expected) in [
            (with(NOW, 0), Ok(())),
            (with(NOW + Duration::DAY, 0), Ok(())),
            (with(NOW + Duration::DAY + Duration::MICROSECOND, 0), Err(Reason::TimestampInFuture)),
            (with(EARLIEST - Duration::MICROSECOND, 0), Err(Reason::TimestampTooOld)),
            (with(NOW, 1), Err(Reason::HourWritesExceedWrites)),
            (with_reasoning(1), Ok(())),
            (with_reasoning(2), Err(Reason::ReasoningExceedsOutput)),
        ] {
            assert_eq!(message.check(NOW), expected, "{message:?}");
        }
    }

    #[test]
    fn included_kinds_are_made_disjoint() {
        let conventions = Conventions { input_includes_cached: true, reasoning_included_in_output: true };
        let items = vec![
            SentMessage { input: 100, cache_read: 70, output: 9, reasoning: 4, ..sent("a") },
            SentMessage { input: 1, cache_read: 2, ..sent("b") },
        ];
        let intake = Intake::new(Batch { conventions, ..batch(items) }, NOW);
        let admitted = intake.admit(&room(MOST_TOKENS));
        assert_eq!(admitted.rejections.first[0].reason, Reason::CachedExceedsInput);
        let tokens = admitted.messages[0].tokens;
        assert_eq!((tokens.input, tokens.cache_read, tokens.total()), (30, 70, 109));
    }

    #[test]
    fn reasoning_beyond_the_output_that_includes_it_is_rejected() {
        let included = Conventions { reasoning_included_in_output: true, ..Conventions::default() };
        let items = || {
            vec![
                SentMessage { output: 5, reasoning: 5, ..sent("all of it") },
                SentMessage { output: 1, reasoning: (1 << 53) - 1, ..sent("more") },
                SentMessage { output: 0, reasoning: 1, ..sent("of nothing") },
            ]
        };
        let excess = Reason::ReasoningExceedsOutput;
        assert_eq!(reasons(items(), included), [(1, excess), (2, excess)]);
        assert_eq!(reasons(items(), Conventions::default()), [], "disjoint counts have no such bound");
    }

    #[test]
    fn what_would_overflow_the_account_is_set_aside() {
        let items = vec![sent("a"), SentMessage { input: 2_000, ..sent("b") }, sent("c")];
        let intake = Intake::new(batch(items), NOW);
        for (tokens, rejected) in [(40, vec![1]), (39, vec![1, 2]), (0, vec![0, 1, 2]), (MOST_TOKENS, Vec::new())] {
            let admitted = intake.admit(&room(tokens));
            let listed = admitted.rejections.first.iter();
            let listed: Vec<_> = listed.map(|rejection| (rejection.index, rejection.reason)).collect();
            let expected: Vec<_> = rejected.iter().map(|index| (*index, Reason::TotalOutOfRange)).collect();
            assert_eq!((listed, admitted.messages.len()), (expected, 3 - rejected.len()), "{tokens}");
        }
    }

    #[test]
    fn only_the_first_hundred_rejections_are_listed() {
        // Every other one is too old; the rest is rejected later, for want of room.
        let at = |n: usize| if n.is_multiple_of(2) { datetime!(2019-01-01 0:00 UTC) } else { NOW };
        let items = (0..150).map(|n| SentMessage { at: at(n), ..sent(&n.to_string()) });
        let intake = Intake::new(batch(items.collect()), NOW);
        let rejections = intake.admit(&room(0)).rejections;
        assert_eq!((intake.received(), rejections.count), (150, 150));
        let indexes: Vec<_> = rejections.first.iter().map(|rejection| rejection.index).collect();
        assert_eq!(indexes, (0..100).collect::<Vec<_>>(), "in the order of the request");
    }
}
