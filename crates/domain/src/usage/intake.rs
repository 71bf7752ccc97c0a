//! Intake: normalises the messages of a request, and rejects implausible ones and those beyond the account's limits.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::batch::{SentMessage, SyncBatch, TokenConventions, Warning};
use super::handover::Handover;
use super::message::{MessageKey, Model, Reading, UsageMessage, fold_copies};
use super::names::ProjectName;
use super::room::{AccountRoom, MOST_MODELS, MOST_MODELS_A_REQUEST, MOST_PROJECT_NAMES};
use super::tokens::TokenCounts;
use crate::text::{grouped, plural};

/// How far a client's clock may be ahead.
const MAX_CLOCK_LEAD: Duration = Duration::DAY;

/// No tool logged tokens before this time.
const EARLIEST: OffsetDateTime = datetime!(2020-01-01 00:00 UTC);

/// The most rejected messages that are listed.
const MAX_LISTED_REJECTIONS: usize = 100;

/// Why a message was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionReason {
    /// The time is more than 24 hours ahead.
    TimestampInFuture,
    /// The time is before 2020-01-01.
    TimestampTooOld,
    /// More tokens read from the cache than input, although the client counts them within the input.
    CachedExceedsInput,
    /// More cache writes for an hour than cache writes.
    HourWritesExceedWrites,
    /// More reasoning than output, although the client counts it within the output.
    ReasoningExceedsOutput,
    /// The request names more than [`MOST_MODELS_A_REQUEST`] models, or the account would have more than [`MOST_MODELS`].
    TooManyModels,
    /// The account would have more than [`MOST_SOURCES`](super::room::MOST_SOURCES) tools.
    TooManySources,
    /// The account would have more than [`MOST_MACHINES`](super::room::MOST_MACHINES) machines.
    TooManyMachines,
    /// The account's lifetime total would exceed the stored range (2^62 tokens).
    TotalOutOfRange,
}

impl RejectionReason {
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The place in the request, from 0.
    pub index: usize,
    /// The id as sent.
    pub id: Box<str>,
    pub reason: RejectionReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejections {
    pub count: usize,
    /// The first hundred, in the order of the request.
    pub first: Vec<Rejection>,
}

impl Rejections {
    fn add(&mut self, index: usize, id: &str, reason: RejectionReason) {
        self.count += 1;
        // Rejections of an earlier step may have later places.
        let place = self.first.partition_point(|rejection| rejection.index < index);
        if place < MAX_LISTED_REJECTIONS {
            self.first.truncate(MAX_LISTED_REJECTIONS - 1);
            self.first.insert(place, Rejection { index, id: id.into(), reason });
        }
    }
}

/// The plausible messages of a request. It is made once and admitted by each attempt of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    items: Vec<Item>,
    /// Each model once, in the order of the request.
    models: Vec<Model>,
    /// Each project once, in the order of the request.
    projects: Vec<ProjectName>,
    ignored_projects: IgnoredProjects,
    received: usize,
    rejections: Rejections,
}

/// A plausible message, for any account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    index: usize,
    id: Box<str>,
    /// The index in [`Intake::models`].
    model: usize,
    /// The index in [`Intake::projects`].
    project: Option<usize>,
    message: UsageMessage,
}

/// The messages that are accepted without their project, because it is beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IgnoredProjects {
    /// The place of the first in the request.
    first: Option<usize>,
    count: u64,
}

impl IgnoredProjects {
    fn add(&mut self, index: usize) {
        self.first = Some(self.first.map_or(index, |first| first.min(index)));
        self.count += 1;
    }

    pub fn warning(self) -> Option<Warning> {
        let messages = plural(self.count, "message");
        let most = grouped(i64::try_from(MOST_PROJECT_NAMES).unwrap_or(i64::MAX));
        self.first.map(|index| Warning {
            code: "too_many_projects",
            field: format!("messages[{index}].project"),
            message: format!("The project of {messages} was ignored: an account has at most {most} projects."),
        })
    }
}

/// A message that an account accepts. It is small, because a large request is sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedMessage<'intake> {
    AsSent(&'intake UsageMessage),
    /// Its project is beyond the account's limit.
    WithoutProject(Box<UsageMessage>),
}

impl Borrow<UsageMessage> for AcceptedMessage<'_> {
    fn borrow(&self) -> &UsageMessage {
        match self {
            Self::AsSent(message) => message,
            Self::WithoutProject(message) => message,
        }
    }
}

/// The messages of an [`Intake`] that an account accepts.
#[derive(Debug, PartialEq, Eq)]
pub struct AcceptedMessages<'intake> {
    /// One copy of each message, in the order of keys.
    pub messages: Vec<AcceptedMessage<'intake>>,
    /// The models of the admitted messages, each once.
    pub models: Vec<&'intake Model>,
    /// Copies that were superseded within the request.
    pub folded: usize,
    /// Messages that the handover covers.
    pub set_aside: usize,
    pub ignored_projects: IgnoredProjects,
    /// All rejections.
    pub rejections: Rejections,
}

impl AcceptedMessages<'_> {
    /// Whether any message has tokens.
    pub fn have_tokens(&self) -> bool {
        self.messages.iter().map(Borrow::<UsageMessage>::borrow).any(|message| !message.tokens.is_empty())
    }
}

impl Intake {
    pub fn new(batch: SyncBatch, now: OffsetDateTime) -> Self {
        let received = batch.messages.len();
        let (mut items, mut rejections) = (Vec::with_capacity(received), Rejections::default());
        let mut models = Places::up_to(MOST_MODELS_A_REQUEST);
        let (mut projects, mut ignored_projects) = (Places::up_to(MOST_PROJECT_NAMES), IgnoredProjects::default());
        for (index, sent) in batch.messages.into_iter().enumerate() {
            let model = Model { name: sent.model.clone(), provider: sent.provider.clone() };
            let judged = judge(&sent, batch.conventions, now)
                .and_then(|tokens| Ok((tokens, models.place(&model).ok_or(RejectionReason::TooManyModels)?)));
            match judged {
                Ok((tokens, place)) => {
                    let project = sent.project.as_ref().and_then(|project| projects.place(project));
                    if sent.project.is_some() && project.is_none() {
                        ignored_projects.add(index);
                    }
                    items.push(Item {
                        index,
                        model: place,
                        project,
                        message: UsageMessage {
                            key: MessageKey::of(&sent.id),
                            source: batch.source.clone(),
                            at: sent.at,
                            model,
                            machine: batch.machine.clone(),
                            tokens,
                            reading: Reading {
                                is_incomplete: sent.is_incomplete,
                                parser_version: batch.parser_version,
                                protocol: batch.protocol,
                            },
                            project: sent.project.filter(|_| project.is_some()),
                        },
                        id: sent.id,
                    });
                }
                Err(reason) => rejections.add(index, &sent.id, reason),
            }
        }
        Self { items, models: models.list, projects: projects.list, ignored_projects, received, rejections }
    }

    /// The keys of the messages, each once, in ascending order, which is the order of the ledger's pages.
    pub fn keys(&self) -> Vec<MessageKey> {
        let mut keys: Vec<MessageKey> = self.items.iter().map(|item| item.message.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether any message has tokens.
    pub fn has_tokens(&self) -> bool {
        self.items.iter().any(|item| !item.message.tokens.is_empty())
    }

    /// The distinct models, at most [`MOST_MODELS_A_REQUEST`].
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The distinct projects, at most [`MOST_PROJECT_NAMES`].
    pub fn projects(&self) -> &[ProjectName] {
        &self.projects
    }

    /// The number of messages in the request.
    pub fn received(&self) -> usize {
        self.received
    }

    /// The messages that an account with this `room` and the stored `handover` accepts: in order, as far as they fit.
    pub fn admit(&self, room: &AccountRoom, handover: Option<&Handover>) -> AcceptedMessages<'_> {
        let mut rejections = self.rejections.clone();
        let mut messages = Vec::with_capacity(self.items.len());
        let (mut tokens, mut set_aside) = (room.tokens, 0);
        let mut models = vec![false; self.models.len()];
        let is_new: Vec<bool> = self.models.iter().map(|model| room.names.new_models.contains(model)).collect();
        let has_project: Vec<bool> = self.projects.iter().map(|project| room.projects.contains(project)).collect();
        let mut ignored_projects = self.ignored_projects;
        let mut free_models = MOST_MODELS.saturating_sub(room.names.models);
        for item in &self.items {
            if handover.is_some_and(|handover| handover.covers(&item.message)) {
                set_aside += 1;
                continue;
            }
            let is_another = is_new[item.model] && !models[item.model];
            let left = tokens.checked_sub_unsigned(item.message.tokens.total()).filter(|&left| left >= 0);
            let reason = match left {
                _ if !room.names.sources_fit() => RejectionReason::TooManySources,
                _ if !room.machine_fits => RejectionReason::TooManyMachines,
                _ if is_another && free_models == 0 => RejectionReason::TooManyModels,
                None => RejectionReason::TotalOutOfRange,
                Some(left) => {
                    tokens = left;
                    free_models -= usize::from(is_another);
                    models[item.model] = true;
                    messages.push(if item.project.is_none_or(|place| has_project[place]) {
                        AcceptedMessage::AsSent(&item.message)
                    } else {
                        ignored_projects.add(item.index);
                        AcceptedMessage::WithoutProject(Box::new(UsageMessage {
                            project: None,
                            ..item.message.clone()
                        }))
                    });
                    continue;
                }
            };
            rejections.add(item.index, &item.id, reason);
        }
        let plausible = messages.len();
        let messages = fold_copies(messages);
        let models = self.models.iter().zip(models).filter(|(_, is_used)| *is_used).map(|(model, _)| model).collect();
        AcceptedMessages {
            folded: plausible - messages.len(),
            messages,
            models,
            set_aside,
            ignored_projects,
            rejections,
        }
    }
}

/// The models or the projects of a request while it is read.
struct Places<N> {
    list: Vec<N>,
    most: usize,
    /// The latest result.
    latest: usize,
    known: HashMap<N, usize>,
}

impl<N: Clone + Eq + Hash> Places<N> {
    fn up_to(most: usize) -> Self {
        Self { list: Vec::new(), most, latest: 0, known: HashMap::new() }
    }

    /// The place of `name`; `None` beyond the limit.
    fn place(&mut self, name: &N) -> Option<usize> {
        // Most messages have the name of the previous one.
        if self.list.get(self.latest) == Some(name) {
            return Some(self.latest);
        }
        if let Some(place) = self.known.get(name) {
            self.latest = *place;
            return Some(*place);
        }
        let place = self.list.len();
        (place < self.most).then(|| {
            self.latest = place;
            self.list.push(name.clone());
            self.known.insert(name.clone(), place);
            place
        })
    }
}

/// The disjoint token counts of a plausible message.
fn judge(
    sent: &SentMessage,
    conventions: TokenConventions,
    now: OffsetDateTime,
) -> Result<TokenCounts, RejectionReason> {
    let input = if conventions.input_includes_cached {
        sent.input.checked_sub(sent.cache_read).ok_or(RejectionReason::CachedExceedsInput)?
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

/// Whether a message can have the time `at`, judged at `now`.
pub(super) fn is_plausible(at: OffsetDateTime, now: OffsetDateTime) -> bool {
    check_time(at, now).is_ok()
}

fn check_time(at: OffsetDateTime, now: OffsetDateTime) -> Result<(), RejectionReason> {
    if at - now > MAX_CLOCK_LEAD {
        return Err(RejectionReason::TimestampInFuture);
    }
    if at < EARLIEST {
        return Err(RejectionReason::TimestampTooOld);
    }
    Ok(())
}

/// Checks a message by the rules of both sync and import. Each accepted count is part of the total or bounded by a count that
/// is, so a bounded total bounds every sum of counts.
fn check(at: OffsetDateTime, tokens: &TokenCounts, now: OffsetDateTime) -> Result<(), RejectionReason> {
    check_time(at, now)?;
    if tokens.cache_write_1h > tokens.cache_write {
        return Err(RejectionReason::HourWritesExceedWrites);
    }
    if tokens.reasoning_in_output && tokens.reasoning > tokens.output {
        return Err(RejectionReason::ReasoningExceedsOutput);
    }
    Ok(())
}

impl UsageMessage {
    /// Checks a message that has the form of the ledger, such as an imported one, at `now`.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), RejectionReason> {
        check(self.at, &self.tokens, now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::usage::room::NameUse;
    use crate::usage::sums::MOST_TOKENS;
    use crate::usage::testing::{NOW, batch, sent};
    use crate::usage::{ModelName, Source};

    /// Room for `tokens` and any names.
    fn room(tokens: i64) -> AccountRoom {
        AccountRoom { tokens, names: NameUse::default(), machine_fits: true, projects: HashSet::new() }
    }

    /// A message for each of `models` models.
    fn of_models(models: usize) -> Vec<SentMessage> {
        (0..models).map(|n| SentMessage { model: model(n), ..sent(&n.to_string()) }).collect()
    }

    fn model(n: usize) -> ModelName {
        ModelName::trusted(format!("model-{n}"))
    }

    #[test]
    fn intake_keeps_first_models_of_request() {
        let mut messages = of_models(MOST_MODELS_A_REQUEST + 2);
        messages.push(SentMessage { model: model(0), ..sent("a known model after them") });
        let intake = Intake::new(batch(messages), NOW);
        let admitted = intake.admit(&room(MOST_TOKENS), None);
        let rejected: Vec<_> = admitted.rejections.first.iter().map(|r| (r.index, r.reason)).collect();
        assert_eq!(rejected, [(1_000, RejectionReason::TooManyModels), (1_001, RejectionReason::TooManyModels)]);
        assert_eq!((admitted.messages.len(), admitted.models.len(), intake.models().len()), (1_001, 1_000, 1_000));
    }

    #[test]
    fn intake_rejects_new_models_beyond_limit_and_keeps_known() {
        let mut messages = of_models(4);
        messages.push(SentMessage { model: model(1), ..sent("a model that came before") });
        let intake = Intake::new(batch(messages), NOW);
        let new_models = intake.models()[1..].iter().cloned().collect();
        let names = NameUse { new_models, models: MOST_MODELS - 2, ..NameUse::default() };
        let admitted = intake.admit(&AccountRoom { names, ..room(MOST_TOKENS) }, None);
        let rejected: Vec<_> = admitted.rejections.first.iter().map(|r| (r.index, r.reason)).collect();
        assert_eq!(rejected, [(3, RejectionReason::TooManyModels)]);
        assert_eq!((admitted.messages.len(), admitted.models.len()), (4, 3));
    }

    #[test]
    fn intake_tool_or_machine_beyond_limit_rejects_request() {
        let intake = Intake::new(batch(of_models(2)), NOW);
        let names = NameUse {
            new_sources: std::iter::once(Source::trusted("claude-code")).collect(),
            sources: crate::usage::room::MOST_SOURCES,
            ..NameUse::default()
        };
        for (room, reason) in [
            (AccountRoom { names, ..room(MOST_TOKENS) }, RejectionReason::TooManySources),
            (AccountRoom { machine_fits: false, ..room(MOST_TOKENS) }, RejectionReason::TooManyMachines),
        ] {
            let admitted = intake.admit(&room, None);
            let rejected: Vec<_> = admitted.rejections.first.iter().map(|r| (r.index, r.reason)).collect();
            assert_eq!(rejected, [(0, reason), (1, reason)]);
            assert!(admitted.messages.is_empty() && admitted.models.is_empty());
        }
    }

    #[test]
    fn intake_project_beyond_limit_is_ignored_with_a_warning() {
        let named =
            |n: usize| SentMessage { project: Some(ProjectName::trusted(format!("p{n}"))), ..sent(&n.to_string()) };
        let many = (0..=MOST_PROJECT_NAMES).map(named).chain([sent("without"), named(0)]).collect();
        let intake = Intake::new(batch(many), NOW);
        assert_eq!(intake.projects().len(), MOST_PROJECT_NAMES);
        let all: HashSet<_> = intake.projects().iter().cloned().collect();
        let some = HashSet::from([ProjectName::trusted("p7")]);
        for (name, projects, stored, field, warned) in [
            ("room for all of a request", all, MOST_PROJECT_NAMES, "messages[1000].project", "1 message"),
            ("room for one", some, 1, "messages[0].project", "1,001 messages"),
            ("no room", HashSet::new(), 0, "messages[0].project", "1,002 messages"),
        ] {
            let admitted = intake.admit(&AccountRoom { projects, ..room(MOST_TOKENS) }, None);
            // The last message repeats the first.
            assert_eq!((admitted.messages.len(), admitted.folded, admitted.rejections.count), (1_002, 1, 0), "{name}");
            let messages = admitted.messages.iter().map(Borrow::<UsageMessage>::borrow);
            assert_eq!(messages.filter(|message| message.project.is_some()).count(), stored, "{name}");
            let warning = admitted.ignored_projects.warning().expect("a warning");
            assert_eq!((warning.code, &*warning.field), ("too_many_projects", field), "{name}");
            assert!(warning.message.starts_with(&format!("The project of {warned} was")), "{name}: {warning:?}");
        }
    }

    #[test]
    fn intake_implausible_message_makes_no_project() {
        let old = SentMessage {
            at: EARLIEST - Duration::SECOND,
            project: Some(ProjectName::trusted("shop")),
            ..sent("too old")
        };
        let intake = Intake::new(batch(vec![old, sent("m")]), NOW);
        assert_eq!(intake.projects(), []);
        assert_eq!(intake.admit(&room(MOST_TOKENS), None).ignored_projects.warning(), None);
    }

    #[test]
    fn intake_keys_are_distinct_and_ascending() {
        let intake = Intake::new(batch(vec![sent("c"), sent("a"), sent("c"), sent("b")]), NOW);
        let keys = intake.keys();
        assert!(keys.len() == 3 && keys.is_sorted() && keys.contains(&MessageKey::of("c")), "{keys:?}");
    }

    fn reasons(messages: Vec<SentMessage>, conventions: TokenConventions) -> Vec<(usize, RejectionReason)> {
        let rejections =
            Intake::new(SyncBatch { conventions, ..batch(messages) }, NOW).admit(&room(MOST_TOKENS), None).rejections;
        assert_eq!(rejections.count, rejections.first.len());
        rejections.first.into_iter().map(|r| (r.index, r.reason)).collect()
    }

    #[test]
    fn rejection_reasons_have_api_names() {
        for (reason, code) in [
            (RejectionReason::TimestampInFuture, "timestamp_in_future"),
            (RejectionReason::TimestampTooOld, "timestamp_too_old"),
            (RejectionReason::CachedExceedsInput, "cached_exceeds_input"),
            (RejectionReason::HourWritesExceedWrites, "cache_write_1h_exceeds_cache_write"),
            (RejectionReason::ReasoningExceedsOutput, "reasoning_exceeds_output"),
            (RejectionReason::TooManyModels, "too_many_models"),
            (RejectionReason::TooManySources, "too_many_sources"),
            (RejectionReason::TooManyMachines, "too_many_machines"),
            (RejectionReason::TotalOutOfRange, "account_total_out_of_range"),
        ] {
            assert_eq!(reason.code(), code);
        }
    }

    #[test]
    fn intake_rejects_implausible_messages_and_keeps_rest() {
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
            TokenConventions::default(),
        );
        let expected = [
            (2, RejectionReason::TimestampInFuture),
            (4, RejectionReason::TimestampTooOld),
            (5, RejectionReason::HourWritesExceedWrites),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn message_check_follows_same_rules() {
        let message = crate::usage::testing::message("m", 1);
        let with = |at, cache_write_1h| UsageMessage {
            at,
            tokens: TokenCounts { cache_write_1h, ..message.tokens },
            ..message.clone()
        };
        let with_reasoning = |reasoning| UsageMessage {
            tokens: TokenCounts { reasoning, reasoning_in_output: true, ..message.tokens },
            ..message.clone()
        };
        for (message, expected) in [
            (with(NOW, 0), Ok(())),
            (with(NOW + Duration::DAY, 0), Ok(())),
            (with(NOW + Duration::DAY + Duration::MICROSECOND, 0), Err(RejectionReason::TimestampInFuture)),
            (with(EARLIEST - Duration::MICROSECOND, 0), Err(RejectionReason::TimestampTooOld)),
            (with(NOW, 1), Err(RejectionReason::HourWritesExceedWrites)),
            (with_reasoning(1), Ok(())),
            (with_reasoning(2), Err(RejectionReason::ReasoningExceedsOutput)),
        ] {
            assert_eq!(message.check(NOW), expected, "{message:?}");
        }
    }

    #[test]
    fn intake_makes_included_kinds_disjoint() {
        let conventions = TokenConventions { input_includes_cached: true, reasoning_included_in_output: true };
        let items = vec![
            SentMessage { input: 100, cache_read: 70, output: 9, reasoning: 4, ..sent("a") },
            SentMessage { input: 1, cache_read: 2, ..sent("b") },
        ];
        let intake = Intake::new(SyncBatch { conventions, ..batch(items) }, NOW);
        let admitted = intake.admit(&room(MOST_TOKENS), None);
        assert_eq!(admitted.rejections.first[0].reason, RejectionReason::CachedExceedsInput);
        let message: &UsageMessage = admitted.messages[0].borrow();
        let tokens = message.tokens;
        assert_eq!((tokens.input, tokens.cache_read, tokens.total()), (30, 70, 109));
    }

    #[test]
    fn intake_rejects_reasoning_beyond_including_output() {
        let included = TokenConventions { reasoning_included_in_output: true, ..TokenConventions::default() };
        let items = || {
            vec![
                SentMessage { output: 5, reasoning: 5, ..sent("all of it") },
                SentMessage { output: 1, reasoning: (1 << 53) - 1, ..sent("more") },
                SentMessage { output: 0, reasoning: 1, ..sent("of nothing") },
            ]
        };
        let excess = RejectionReason::ReasoningExceedsOutput;
        assert_eq!(reasons(items(), included), [(1, excess), (2, excess)]);
        assert_eq!(reasons(items(), TokenConventions::default()), [], "disjoint counts have no such bound");
    }

    #[test]
    fn intake_rejects_messages_beyond_account_total() {
        let items = vec![sent("a"), SentMessage { input: 2_000, ..sent("b") }, sent("c")];
        let intake = Intake::new(batch(items), NOW);
        for (tokens, rejected) in [(40, vec![1]), (39, vec![1, 2]), (0, vec![0, 1, 2]), (MOST_TOKENS, Vec::new())] {
            let admitted = intake.admit(&room(tokens), None);
            let listed = admitted.rejections.first.iter();
            let listed: Vec<_> = listed.map(|rejection| (rejection.index, rejection.reason)).collect();
            let expected: Vec<_> = rejected.iter().map(|index| (*index, RejectionReason::TotalOutOfRange)).collect();
            assert_eq!((listed, admitted.messages.len()), (expected, 3 - rejected.len()), "{tokens}");
        }
    }

    #[test]
    fn intake_lists_first_hundred_rejections() {
        // Every other message is too old; the others are rejected later, for lack of room.
        let at = |n: usize| if n.is_multiple_of(2) { datetime!(2019-01-01 0:00 UTC) } else { NOW };
        let items = (0..150).map(|n| SentMessage { at: at(n), ..sent(&n.to_string()) });
        let intake = Intake::new(batch(items.collect()), NOW);
        let rejections = intake.admit(&room(0), None).rejections;
        assert_eq!((intake.received(), rejections.count), (150, 150));
        let indexes: Vec<_> = rejections.first.iter().map(|rejection| rejection.index).collect();
        assert_eq!(indexes, (0..100).collect::<Vec<_>>(), "in the order of the request");
    }
}
