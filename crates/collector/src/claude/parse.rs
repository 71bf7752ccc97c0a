//! One line of a transcript.

use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::content::{Count, Timestamp, json_problem, lenient, model_name, nano_usd};
use crate::interner::Interner;
use crate::lines::LineParser;
use crate::{SessionTotal, Tokens};

/// Lines without one of these are not parsed. They only choose lines: the parser decides.
static USAGE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static COST_STATE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"cost-state\""));

pub(super) enum LineItem {
    Response(Box<ResponseLine>),
    /// A message that the tool made up itself.
    NotCall,
    Total(SessionTotal),
}

/// What a line says of a response, or what the best of several lines says.
#[derive(Debug, Clone)]
pub(super) struct ResponseLine {
    pub(super) message_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) uuid: Option<String>,
    pub(super) session: Option<Arc<str>>,
    pub(super) working_directory: Option<Arc<str>>,
    pub(super) agent: Option<Arc<str>>,
    pub(super) is_side_chain: bool,
    /// The earliest of the lines.
    pub(super) timestamp: Timestamp,
    pub(super) model: Arc<str>,
    pub(super) service_tier: Option<Arc<str>>,
    pub(super) tokens: Tokens,
    /// A line was written after the end of the response.
    pub(super) is_finished: bool,
    pub(super) lines: u64,
    pub(super) cost_nanousd: Option<u64>,
    /// Calls of another model within the response, which its counts do not include.
    pub(super) advisors: Vec<(Arc<str>, Tokens)>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct TranscriptParser {
    #[serde(skip)]
    names: Interner,
}

/// A line whose message has the form `M`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "M: Deserialize<'de>"))]
struct RawLine<'a, M> {
    r#type: Option<String>,
    uuid: Option<String>,
    session_id: Option<String>,
    timestamp: Option<Timestamp>,
    is_sidechain: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    cwd: Option<String>,
    request_id: Option<String>,
    is_api_error_message: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    agent_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    attribution_agent: Option<String>,
    #[serde(rename = "costUSD", default, deserialize_with = "lenient")]
    cost_usd: Option<f64>,
    message: Option<M>,
    #[serde(borrow)]
    model_usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawMessage {
    id: Option<String>,
    model: Option<String>,
    stop_reason: Option<IgnoredAny>,
    usage: Option<RawUsage>,
}

#[derive(Default, Deserialize)]
struct RawUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(default, deserialize_with = "lenient")]
    cache_creation: Option<RawCacheCreation>,
    #[serde(default, deserialize_with = "lenient")]
    output_tokens_details: Option<RawOutputDetails>,
    #[serde(default, deserialize_with = "lenient")]
    service_tier: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    speed: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    iterations: Option<Vec<RawIteration>>,
}

#[derive(Deserialize)]
struct RawCacheCreation {
    #[serde(default)]
    ephemeral_5m_input_tokens: Count,
    #[serde(default)]
    ephemeral_1h_input_tokens: Count,
}

#[derive(Deserialize)]
struct RawOutputDetails {
    #[serde(default)]
    thinking_tokens: Count,
}

#[derive(Deserialize)]
struct RawIteration {
    r#type: Option<String>,
    model: Option<String>,
    #[serde(flatten)]
    usage: RawUsage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModelUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    thinking_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(rename = "costUSD", default, deserialize_with = "lenient")]
    cost_usd: Option<f64>,
}

impl RawUsage {
    fn tokens(&self) -> Tokens {
        // The flat count was 0 in some versions, and the nested one tells what is kept for an hour.
        let (write, write_1h) = match &self.cache_creation {
            Some(nested) => {
                let one_hour = nested.ephemeral_1h_input_tokens.0;
                let sum = nested.ephemeral_5m_input_tokens.0.saturating_add(one_hour);
                (if sum > 0 { sum } else { self.cache_creation_input_tokens.0 }, one_hour)
            }
            None => (self.cache_creation_input_tokens.0, 0),
        };
        Tokens {
            input: self.input_tokens.0,
            cache_read: self.cache_read_input_tokens.0,
            cache_write: write,
            cache_write_1h: write_1h,
            output: self.output_tokens.0,
            reasoning: self.output_tokens_details.as_ref().map_or(0, |details| details.thinking_tokens.0),
        }
    }
}

impl LineParser for TranscriptParser {
    type Item = LineItem;

    fn line(&mut self, line: &[u8], items: &mut Vec<LineItem>) -> Result<(), String> {
        if USAGE.find(line).is_none() && COST_STATE.find(line).is_none() {
            return Ok(());
        }
        match serde_json::from_slice::<RawLine<'_, RawMessage>>(line) {
            Ok(raw) => self.known_line(raw, items),
            // Other types have something else as their message, which is no problem. The type may stand after it.
            Err(error) => match serde_json::from_slice::<RawLine<'_, IgnoredAny>>(line) {
                Ok(raw) if !is_response(raw.r#type.as_deref()) => Ok(()),
                _ => Err(json_problem(&error)),
            },
        }
    }
}

/// Other types repeat messages: `progress` has those of sub-agents, `user` the sums of a task.
fn is_response(line_type: Option<&str>) -> bool {
    line_type.is_none_or(|line_type| line_type == "assistant")
}

impl TranscriptParser {
    fn known_line(&mut self, raw: RawLine<'_, RawMessage>, items: &mut Vec<LineItem>) -> Result<(), String> {
        match raw.r#type.as_deref() {
            Some("cost-state") => self.totals(&raw, items),
            line_type if is_response(line_type) => self.response(raw, items),
            _ => Ok(()),
        }
    }

    fn response(&mut self, raw: RawLine<'_, RawMessage>, items: &mut Vec<LineItem>) -> Result<(), String> {
        let Some(message) = raw.message else { return Ok(()) };
        let Some(usage) = message.usage else { return Ok(()) };
        if raw.is_api_error_message == Some(true) || message.model.as_deref() == Some("<synthetic>") {
            items.push(LineItem::NotCall);
            return Ok(());
        }
        let timestamp = raw.timestamp.ok_or("no timestamp")?;
        let not_empty = |id: Option<String>| id.filter(|id| !id.is_empty());
        let (message_id, request_id, uuid) = (not_empty(message.id), not_empty(raw.request_id), not_empty(raw.uuid));
        if message_id.is_none() && request_id.is_none() && uuid.is_none() {
            return Err("a response without an id".to_owned());
        }
        let is_line_the_key = message_id.is_none() && request_id.is_none();
        let model = model_name(message.model.as_deref());
        let advisors =
            usage.iterations.iter().flatten().filter(|call| call.r#type.as_deref() == Some("advisor_message"));
        let advisors =
            advisors.map(|call| (self.names.intern(&model_name(call.model.as_deref())), call.usage.tokens())).collect();
        let fast = usage.speed.as_deref().filter(|speed| *speed != "standard");
        let tier = fast.or(usage.service_tier.as_deref()).filter(|tier| *tier != "standard");
        let line = ResponseLine {
            message_id,
            request_id,
            uuid: uuid.filter(|_| is_line_the_key),
            session: self.names.optional(raw.session_id.as_deref()),
            working_directory: self.names.optional(raw.cwd.as_deref()),
            agent: self.names.optional(raw.attribution_agent.as_deref().or(raw.agent_id.as_deref())),
            is_side_chain: raw.is_sidechain == Some(true),
            timestamp,
            model: self.names.intern(&model),
            service_tier: self.names.optional(tier),
            tokens: usage.tokens(),
            is_finished: message.stop_reason.is_some(),
            lines: 1,
            cost_nanousd: nano_usd(raw.cost_usd),
            advisors,
        };
        // The lines of a response usually follow each other: one is kept, because there are hundreds of thousands.
        match items.last_mut() {
            Some(LineItem::Response(last)) if last.is_same_response(&line) => last.merge(line),
            _ => items.push(LineItem::Response(Box::new(line))),
        }
        Ok(())
    }

    /// The tool's own ledger of a session, written when a run ends.
    fn totals(&mut self, raw: &RawLine<'_, RawMessage>, items: &mut Vec<LineItem>) -> Result<(), String> {
        let (Some(session), Some(models)) = (&raw.session_id, raw.model_usage) else { return Ok(()) };
        let models: std::collections::BTreeMap<String, RawModelUsage> =
            serde_json::from_str(models.get()).map_err(|error| json_problem(&error))?;
        for (model, usage) in models {
            items.push(LineItem::Total(SessionTotal {
                source: self.names.intern("claude-code"),
                session: self.names.intern(session),
                model: Some(self.names.intern(&model_name(Some(&model)))),
                tokens: Tokens {
                    input: usage.input_tokens.0,
                    cache_read: usage.cache_read_input_tokens.0,
                    cache_write: usage.cache_creation_input_tokens.0,
                    cache_write_1h: 0,
                    output: usage.output_tokens.0,
                    reasoning: usage.thinking_tokens.0,
                },
                cost_nanousd: nano_usd(usage.cost_usd),
            }));
        }
        Ok(())
    }
}
