//! One line of a rollout, and what is known of the thread before it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Tokens;
use crate::content::{Count, Timestamp, json_problem, lenient, model_name};
use crate::fingerprint::fp1;
use crate::interner::Interner;
use crate::lines::LineParser;

/// A child whose parent is gone begins with copies that were written at once.
const COPY_BURST_MS: i64 = 1_000;

/// Turns whose model is remembered: a record may follow the start of the next turn.
const REMEMBERED_TURNS: usize = 8;

/// Counts as Codex writes them: input includes cache reads and cache writes, output includes reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Counts {
    #[serde(rename = "input_tokens", default, deserialize_with = "count")]
    pub(super) input: u64,
    #[serde(rename = "cached_input_tokens", default, deserialize_with = "count")]
    pub(super) cached: u64,
    #[serde(rename = "cache_write_input_tokens", default, deserialize_with = "count")]
    pub(super) cache_write: u64,
    #[serde(rename = "output_tokens", default, deserialize_with = "count")]
    pub(super) output: u64,
    #[serde(rename = "reasoning_output_tokens", default, deserialize_with = "count")]
    pub(super) reasoning: u64,
    #[serde(rename = "total_tokens", default, deserialize_with = "count")]
    pub(super) total: u64,
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Count::deserialize(deserializer).map(|count| count.0)
}

impl Counts {
    fn has_split(&self) -> bool {
        self.input > 0 || self.output > 0
    }

    fn array(&self) -> [u64; 6] {
        [self.input, self.cached, self.cache_write, self.output, self.reasoning, self.total]
    }

    /// What was added since an earlier total; `None` where a count fell, because counters began anew.
    fn since(&self, earlier: &Self) -> Option<Self> {
        let [mut now, before] = [self.array(), earlier.array()];
        for (now, before) in now.iter_mut().zip(before) {
            *now = now.checked_sub(before)?;
        }
        let [input, cached, cache_write, output, reasoning, total] = now;
        Some(Self { input, cached, cache_write, output, reasoning, total })
    }

    /// Disjoint counts; `None` if more was cached than there was.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        Some(Tokens {
            input: self.input.checked_sub(self.cached)?.checked_sub(self.cache_write)?,
            cache_read: self.cached,
            cache_write: self.cache_write,
            cache_write_1h: 0,
            output: self.output,
            reasoning: self.reasoning,
        })
    }

    /// The id of the response in its thread: the same for a record, a counter and the event of the tool's telemetry.
    pub(super) fn id(&self, source: &str, thread: &str) -> String {
        fp1(source, thread, &[self.input, self.cached, self.output, self.reasoning])
    }
}

/// A billed response.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) thread: Arc<str>,
    pub(super) counts: Counts,
    pub(super) timestamp: Timestamp,
    pub(super) model: Arc<str>,
    pub(super) provider: Option<Arc<str>>,
    pub(super) service_tier: Option<Arc<str>>,
    pub(super) working_directory: Option<Arc<str>>,
    pub(super) agent: Option<Arc<str>>,
    /// The owner was inferred from the time of the line only.
    pub(super) is_owner_inferred: bool,
}

/// What a thread's files tell about the lines that its children copied.
#[derive(Debug, Default)]
pub(super) struct ThreadFacts {
    turns: HashSet<Arc<str>>,
    /// The owner of each counter by its total: a thread copies lines of its own parent too.
    owners: HashMap<Counts, Arc<str>>,
}

impl ThreadFacts {
    pub(super) fn merge(&mut self, other: Self) {
        self.turns.extend(other.turns);
        for (total, owner) in other.owners {
            self.owners.entry(total).or_insert(owner);
        }
    }
}

/// The counters of a thread as a check: the thread's own total of what its responses used.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ThreadTotals {
    /// The last total of lines that were copied from a parent. A child's counters go on from there.
    inherited: Option<Counts>,
    last: Option<Counts>,
    /// A counter fell, so the last total is not the thread's.
    has_fallen: bool,
}

impl ThreadTotals {
    fn add(&mut self, total: Counts, is_own: bool) {
        if total.has_split() {
            self.has_fallen |= self.last.is_some_and(|last| total.since(&last).is_none());
            self.last = Some(total);
            if !is_own {
                self.inherited = Some(total);
            }
        }
    }
}

/// Reads the lines of one rollout.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct RolloutParser {
    /// The thread of the file: of its first `session_meta`, until then of its name.
    thread: Arc<str>,
    has_meta: bool,
    pub(super) parent: Option<Arc<str>>,
    /// Lines are copies of the parent's until the child's own begin.
    is_replaying: bool,
    /// The number of the first own line of a child, in files that number lines.
    first_own_ordinal: Option<u64>,
    spawned_ms: i64,
    /// The thread that the last line with a name named.
    named: Option<Arc<str>>,
    provider: Option<Arc<str>>,
    agent: Option<Arc<str>>,
    working_directory: Option<Arc<str>>,
    service_tier: Option<Arc<str>>,
    model: Option<Arc<str>>,
    turn_models: VecDeque<(Arc<str>, Arc<str>)>,
    previous_total: Option<Counts>,
    totals: ThreadTotals,
    /// Records since the last counter: the counter repeats one of them.
    recorded: Vec<Counts>,
    #[serde(skip)]
    parent_facts: Option<Arc<ThreadFacts>>,
    /// Filled for threads whose children are read.
    #[serde(skip)]
    pub(super) facts: Option<ThreadFacts>,
    #[serde(skip)]
    names: Interner,
}

#[derive(Deserialize)]
struct RawLine<'a> {
    timestamp: Option<Timestamp>,
    ordinal: Option<u64>,
    r#type: String,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct RawMeta {
    id: Option<String>,
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    cwd: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    model_provider: Option<String>,
    forked_from_id: Option<String>,
    parent_thread_id: Option<String>,
    subagent_history_start_ordinal: Option<u64>,
    #[serde(default)]
    source: serde_json::Value,
}

#[derive(Deserialize)]
struct RawTurnContext {
    turn_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    cwd: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    model: Option<String>,
}

#[derive(Deserialize)]
struct RawRecord {
    thread_id: Option<String>,
    turn_id: Option<String>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct RawEvent {
    r#type: Option<String>,
    turn_id: Option<String>,
    thread_id: Option<String>,
    info: Option<RawInfo>,
    thread_settings: Option<RawSettings>,
}

#[derive(Deserialize)]
struct RawInfo {
    total_token_usage: Option<Counts>,
    last_token_usage: Option<Counts>,
}

#[derive(Deserialize)]
struct RawSettings {
    #[serde(default, deserialize_with = "lenient")]
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    service_tier: Option<String>,
}

impl RawMeta {
    fn spawn(&self) -> Option<&serde_json::Value> {
        self.source.get("subagent")?.get("thread_spawn")
    }

    fn spawn_text(&self, field: &str) -> Option<String> {
        Some(self.spawn()?.get(field)?.as_str()?.to_owned())
    }

    fn parent(&self) -> Option<String> {
        let parent = self.forked_from_id.clone().or_else(|| self.parent_thread_id.clone());
        parent.or_else(|| self.spawn_text("parent_thread_id"))
    }
}

/// The parent that the first line of a rollout names.
pub(super) fn parent_of(first_line: &[u8]) -> Option<String> {
    let line: RawLine<'_> = serde_json::from_slice(first_line).ok()?;
    if line.r#type != "session_meta" {
        return None;
    }
    serde_json::from_str::<RawMeta>(line.payload?.get()).ok()?.parent()
}

impl LineParser for RolloutParser {
    type Item = Usage;

    fn line(&mut self, line: &[u8], items: &mut Vec<Usage>) -> Result<(), String> {
        if !may_matter(line) {
            return Ok(());
        }
        let raw: RawLine<'_> = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        let Some(payload) = raw.payload else { return Ok(()) };
        if raw.ordinal.is_some_and(|ordinal| self.first_own_ordinal.is_some_and(|first| ordinal >= first)) {
            self.begin_own_lines();
        }
        match raw.r#type.as_str() {
            "session_meta" if !self.has_meta => self.meta(&decode(payload)?, raw.timestamp),
            "turn_context" => self.turn_context(&decode(payload)?),
            "token_usage_record" => return self.record(&decode(payload)?, raw.timestamp, items),
            "event_msg" => return self.event(decode(payload)?, raw.timestamp, items),
            _ => {}
        }
        Ok(())
    }
}

fn decode<'a, T: Deserialize<'a>>(payload: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(payload.get()).map_err(|error| json_problem(&error))
}

impl RolloutParser {
    pub(super) fn new(thread: &str, parent_facts: Option<Arc<ThreadFacts>>) -> Self {
        Self { thread: Arc::from(thread), parent_facts, ..Self::default() }
    }

    /// Whether the file ended before the child's own lines began. Then the next scan reads it from the start, with the parent at hand.
    pub(super) fn is_undecided(&self) -> bool {
        self.is_replaying
    }

    /// What the thread itself counted. `None` where its counters do not tell: they fell, or include those of a parent.
    pub(super) fn thread_total(&self) -> Option<(Arc<str>, Tokens)> {
        let ThreadTotals { inherited, last: Some(last), has_fallen: false } = self.totals else { return None };
        if self.parent.is_some() && inherited.is_none() {
            return None;
        }
        let tokens = last.since(&inherited.unwrap_or_default())?.tokens()?;
        Some((self.thread.clone(), tokens))
    }

    fn meta(&mut self, meta: &RawMeta, written: Option<Timestamp>) {
        self.has_meta = true;
        if let Some(id) = &meta.id {
            self.thread = Arc::from(id.as_str());
        }
        self.parent = self.names.optional(meta.parent().as_deref()).filter(|parent| *parent != self.thread);
        self.is_replaying = self.parent.is_some();
        self.first_own_ordinal = meta.subagent_history_start_ordinal;
        self.spawned_ms = meta.timestamp.max(written).map_or(0, Timestamp::milliseconds);
        self.provider = self.names.optional(meta.model_provider.as_deref());
        let agent = meta.spawn_text("agent_role").or_else(|| meta.spawn_text("agent_nickname"));
        self.agent = self.names.optional(agent.as_deref());
        self.working_directory = self.names.optional(meta.cwd.as_deref());
        if let Some(model) = &meta.model {
            self.model = Some(self.names.intern(&model_name(Some(model))));
        }
    }

    fn turn_context(&mut self, context: &RawTurnContext) {
        self.turn(context.turn_id.as_deref());
        if let Some(directory) = self.names.optional(context.cwd.as_deref()) {
            self.working_directory = Some(directory);
        }
        if let Some(model) = &context.model {
            let model = self.names.intern(&model_name(Some(model)));
            if let Some(turn) = self.names.optional(context.turn_id.as_deref()) {
                self.turn_models.retain(|(known, _)| *known != turn);
                self.turn_models.push_back((turn, model.clone()));
                if self.turn_models.len() > REMEMBERED_TURNS {
                    self.turn_models.pop_front();
                }
            }
            self.model = Some(model);
        }
    }

    /// Copied lines may have named the parent's thread last.
    fn begin_own_lines(&mut self) {
        if self.is_replaying {
            self.is_replaying = false;
            self.named = None;
        }
    }

    /// A turn that the parent does not know is the child's own.
    fn turn(&mut self, id: Option<&str>) {
        let Some(turn) = self.names.optional(id) else { return };
        if let Some(facts) = &self.parent_facts
            && !facts.turns.is_empty()
            && !facts.turns.contains(&turn)
        {
            self.begin_own_lines();
        }
        if let Some(facts) = &mut self.facts {
            facts.turns.insert(turn);
        }
    }

    fn name(&mut self, thread: Option<&str>) {
        if let Some(thread) = self.names.optional(thread) {
            self.is_replaying &= thread != self.thread;
            self.named = Some(thread);
        }
    }

    fn record(&mut self, record: &RawRecord, written: Option<Timestamp>, items: &mut Vec<Usage>) -> Result<(), String> {
        self.name(record.thread_id.as_deref());
        let Some(counts) = record.usage else { return Ok(()) };
        self.recorded.push(counts);
        let thread = self.named.clone().unwrap_or_else(|| self.thread.clone());
        let turn_model = record.turn_id.as_deref().and_then(|turn| {
            self.turn_models.iter().find(|(known, _)| **known == *turn).map(|(_, model)| model.clone())
        });
        self.usage(thread, counts, written, turn_model, false, items)
    }

    fn event(&mut self, event: RawEvent, written: Option<Timestamp>, items: &mut Vec<Usage>) -> Result<(), String> {
        match event.r#type.as_deref() {
            Some("task_started") => self.turn(event.turn_id.as_deref()),
            Some("thread_settings_applied") => {
                self.name(event.thread_id.as_deref());
                let is_own = event.thread_id.as_deref().is_none_or(|thread| *thread == *self.thread);
                if let Some(settings) = event.thread_settings.filter(|_| is_own) {
                    let tier = settings.service_tier.as_deref();
                    self.service_tier =
                        self.names.optional(tier.filter(|tier| !matches!(*tier, "default" | "standard" | "auto")));
                    if let Some(model) = &settings.model {
                        self.model = Some(self.names.intern(&model_name(Some(model))));
                    }
                }
            }
            Some("token_count") => {
                if let Some(RawInfo { total_token_usage: Some(total), last_token_usage }) = event.info {
                    return self.counter(total, last_token_usage, written, items);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A counter: the total of the thread so far, and usually what the last response added.
    fn counter(
        &mut self,
        total: Counts,
        last: Option<Counts>,
        written: Option<Timestamp>,
        items: &mut Vec<Usage>,
    ) -> Result<(), String> {
        let (owner, is_owner_inferred) = self.owner(&total, written);
        if let Some(facts) = &mut self.facts {
            facts.owners.entry(total).or_insert_with(|| owner.clone());
        }
        self.totals.add(total, owner == self.thread);
        let previous = self.previous_total.replace(total);
        let recorded = std::mem::take(&mut self.recorded);
        // The same total is repeated with news of rate limits. A total without a split is an estimate: the fill of the context.
        if previous == Some(total) || !total.has_split() {
            return Ok(());
        }
        let counts = match last {
            Some(last) => last,
            // Very old versions write no last response. A child's first total has the parent's in it.
            None => match previous {
                Some(previous) => total.since(&previous).unwrap_or_default(),
                None if self.parent.is_none() => total,
                None => Counts::default(),
            },
        };
        // An estimate of the context after a compaction has a total only.
        if !counts.has_split() || recorded.contains(&counts) {
            return Ok(());
        }
        self.usage(owner, counts, written, None, is_owner_inferred, items)
    }

    /// The thread that a counter belongs to, and whether only the time of the line says so.
    fn owner(&mut self, total: &Counts, written: Option<Timestamp>) -> (Arc<str>, bool) {
        if let Some(named) = &self.named {
            return (named.clone(), false);
        }
        let (true, Some(parent)) = (self.is_replaying, self.parent.clone()) else {
            return (self.thread.clone(), false);
        };
        if let Some(facts) = &self.parent_facts {
            if let Some(owner) = facts.owners.get(total) {
                return (owner.clone(), false);
            }
            // The first event that was copied may differ; within turns of the parent it is the parent's.
            if !facts.turns.is_empty() && !self.turn_models.is_empty() {
                return (parent, false);
            }
        } else if written.is_some_and(|written| written.milliseconds() <= self.spawned_ms + COPY_BURST_MS) {
            return (parent, true);
        }
        self.is_replaying = false;
        (self.thread.clone(), false)
    }

    fn usage(
        &mut self,
        thread: Arc<str>,
        counts: Counts,
        written: Option<Timestamp>,
        turn_model: Option<Arc<str>>,
        is_owner_inferred: bool,
        items: &mut Vec<Usage>,
    ) -> Result<(), String> {
        let timestamp = written.ok_or("no timestamp")?;
        let is_own = thread == self.thread;
        let model = turn_model.or_else(|| self.model.clone()).unwrap_or_else(|| self.names.intern("unknown"));
        items.push(Usage {
            counts,
            timestamp,
            model,
            provider: self.provider.clone(),
            service_tier: self.service_tier.clone(),
            working_directory: self.working_directory.clone(),
            agent: self.agent.clone().filter(|_| is_own),
            thread,
            is_owner_inferred,
        });
        Ok(())
    }
}

/// Whether a line may be one that is understood. Says no only to lines that certainly are not: those that begin as Codex writes them, with
/// another type. Other lines are searched for the names of the types.
fn may_matter(line: &[u8]) -> bool {
    static TYPES: LazyLock<[Finder<'_>; 6]> = LazyLock::new(|| {
        ["session_meta", "turn_context", "token_usage_record", "token_count", "thread_settings_applied", "task_started"]
            .map(|name| Finder::new(name.as_bytes()))
    });
    match line_type(line) {
        Some((b"session_meta" | b"turn_context" | b"token_usage_record", _)) => true,
        Some((b"event_msg", rest)) => match quoted(rest, b",\"payload\":{\"type\":\"") {
            Some((name, _)) => matches!(name, b"token_count" | b"thread_settings_applied" | b"task_started"),
            None => true,
        },
        Some(_) => false,
        None => TYPES.iter().any(|name| name.find(line).is_some()),
    }
}

/// The type of a line that begins with timestamp, number and type, and what follows the type.
fn line_type(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = quoted(line, b"{\"timestamp\":\"")?;
    let rest = match rest.strip_prefix(b",\"ordinal\":") {
        Some(rest) => &rest[rest.iter().position(|byte| !byte.is_ascii_digit())?..],
        None => rest,
    };
    quoted(rest, b",\"type\":\"")
}

/// The text up to the next quote after a prefix, and what follows the quote. Text with escapes is not understood.
fn quoted<'a>(text: &'a [u8], prefix: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let text = text.strip_prefix(prefix)?;
    let end = text.iter().take(64).position(|byte| matches!(byte, b'"' | b'\\'))?;
    (text[end] == b'"').then(|| (&text[..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_of_another_type_is_skipped_and_any_other_form_is_searched() {
        for (line, expected) in [
            (
                r#"{"timestamp":"2026-11-20T09:00:00.100Z","ordinal":7,"type":"response_item","payload":{"text":"token_count"}}"#,
                false,
            ),
            (
                r#"{"timestamp":"2026-11-20T09:00:00.100Z","type":"event_msg","payload":{"type":"agent_message","m":"token_count"}}"#,
                false,
            ),
            (
                r#"{"timestamp":"2026-11-20T09:00:00.100Z","type":"event_msg","payload":{"type":"token_count","info":null}}"#,
                true,
            ),
            (
                r#"{"timestamp":"2026-11-20T09:00:00.100Z","type":"event_msg","payload":{"info":null,"type":"token_count"}}"#,
                true,
            ),
            (r#"{"type":"event_msg","timestamp":"2026-11-20T09:00:00.100Z","payload":{"type":"token_count"}}"#, true),
            (r#"{ "timestamp": "2026-11-20T09:00:00.100Z", "type": "turn_context", "payload": {}}"#, true),
            (r#"{"type":"response_item","payload":{}}"#, false),
        ] {
            assert_eq!(may_matter(line.as_bytes()), expected, "{line}");
        }
    }
}
