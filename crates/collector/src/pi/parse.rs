//! Entries of a session.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::Tokens;
use crate::content::{Count, Timestamp, json_problem, lenient, model_name, nano_usd};
use crate::fingerprint::hash_id;
use crate::lines::LineParser;
use crate::response::Response;

/// A sub-agent ends while its caller waits, so the message is one of the last.
const REMEMBERED_TARGETS: usize = 16;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SessionParser {
    session: Option<String>,
    directory: Option<String>,
    /// The model that was switched to last, for messages that do not name theirs.
    model: Option<String>,
    provider: Option<String>,
    /// The last messages by the ids of their entries, to which the usage of a sub-agent may be added.
    targets: VecDeque<(String, Response)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    cwd: Option<String>,
    provider: Option<String>,
    model_id: Option<String>,
    custom_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    data: Option<RawModel>,
    message: Option<RawMessage>,
    /// Of a compaction or of the summary of a branch.
    usage: Option<RawUsage>,
    target_id: Option<String>,
    /// Of a message with its sub-agents.
    aggregate_usage: Option<RawUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModel {
    provider: Option<String>,
    model_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMessage {
    role: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    response_id: Option<String>,
    timestamp: Option<Timestamp>,
    usage: Option<RawUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUsage {
    #[serde(default)]
    input: Count,
    #[serde(default)]
    output: Count,
    #[serde(default)]
    cache_read: Count,
    #[serde(default)]
    cache_write: Count,
    #[serde(default)]
    cache_write_1h: Count,
    #[serde(default)]
    reasoning: Count,
    #[serde(default, deserialize_with = "lenient")]
    cost: Option<RawCost>,
}

#[derive(Deserialize)]
struct RawCost {
    total: Option<f64>,
}

impl RawUsage {
    fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input.0,
            cache_read: self.cache_read.0,
            cache_write: self.cache_write.0,
            cache_write_1h: self.cache_write_1h.0,
            output: self.output.0,
            reasoning: self.reasoning.0,
        }
    }
}

impl LineParser for SessionParser {
    type Item = Response;

    fn line(&mut self, line: &[u8], items: &mut Vec<Response>) -> Result<(), String> {
        let may_matter = [
            &b"\"usage\""[..],
            b"\"session\"",
            b"\"model_change\"",
            b"\"model-snapshot\"",
            b"\"child_usage_attributed\"",
        ];
        if !may_matter.iter().any(|name| memchr::memmem::find(line, name).is_some()) {
            return Ok(());
        }
        let raw: RawEntry = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        match raw.kind.as_deref() {
            Some("session") => {
                self.session = raw.id;
                self.directory = raw.cwd;
            }
            Some("model_change") => (self.provider, self.model) = (raw.provider, raw.model_id),
            Some("custom") if raw.custom_type.as_deref() == Some("model-snapshot") => {
                if let Some(model) = raw.data {
                    (self.provider, self.model) = (model.provider, model.model_id);
                }
            }
            Some("message") => {
                if let Some(mut message) = raw.message
                    && let Some(usage) = message.usage.take()
                {
                    let timestamp = message.timestamp.or(raw.timestamp).ok_or("no timestamp")?;
                    let response = self.response(message, &usage, timestamp);
                    if let Some(id) = raw.id {
                        self.targets.truncate(REMEMBERED_TARGETS - 1);
                        self.targets.push_front((id, response.clone()));
                    }
                    items.push(response);
                }
            }
            Some("compaction" | "branch_summary") => {
                if let Some(usage) = raw.usage {
                    let message = RawMessage {
                        role: None,
                        provider: None,
                        model: None,
                        response_id: None,
                        timestamp: None,
                        usage: None,
                    };
                    items.push(self.response(message, &usage, raw.timestamp.ok_or("no timestamp")?));
                }
            }
            Some("child_usage_attributed") => {
                let target = self.targets.iter().find(|(id, _)| raw.target_id.as_ref() == Some(id));
                if let (Some((_, response)), Some(usage)) = (target, raw.aggregate_usage) {
                    // The sum replaces the message's own usage, because it is larger.
                    let tokens = Tokens { reasoning: response.tokens.reasoning, ..usage.tokens() };
                    items.push(Response { tokens, cost_nanousd: None, ..response.clone() });
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl SessionParser {
    fn response(&self, message: RawMessage, usage: &RawUsage, timestamp: Timestamp) -> Response {
        let tokens = usage.tokens();
        // A tool or a summary may have asked another model than the one of the session.
        let is_answer = message.role.as_deref() == Some("assistant");
        let known = |name: &Option<String>| name.clone().filter(|_| is_answer);
        let model = model_name(message.model.or_else(|| known(&self.model)).as_deref());
        let provider = message.provider.or_else(|| known(&self.provider));
        let id = match message.response_id.filter(|id| !id.is_empty()) {
            Some(response) => format!("{}:{response}", provider.as_deref().unwrap_or("unknown")),
            None => hash_id(&[
                &timestamp.milliseconds(),
                &model,
                &tokens.input,
                &tokens.cache_read,
                &tokens.cache_write,
                &tokens.output,
                &tokens.reasoning,
            ]),
        };
        let mut response = Response::new(id, timestamp, model, tokens);
        response.provider = provider;
        response.session.clone_from(&self.session);
        response.directory.clone_from(&self.directory);
        response.cost_nanousd = nano_usd(usage.cost.as_ref().and_then(|cost| cost.total));
        response
    }
}
