//! One message.

use serde::Deserialize;

use crate::Tokens;
use crate::content::{Count, Timestamp, json_problem, lenient, model_name, nano_usd};
use crate::fingerprint::hash_id;

/// A response that is complete.
#[derive(Debug)]
pub(super) struct OpenCodeMessage {
    /// Names the message where it is written again, but not in a copy.
    pub(super) name: Option<String>,
    pub(super) created: Timestamp,
    pub(super) model: String,
    pub(super) provider: Option<String>,
    pub(super) session: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) tokens: Tokens,
    pub(super) cost_nanousd: Option<u64>,
    completed: Timestamp,
    raw_model: String,
    raw: RawTokens,
}

#[derive(Deserialize)]
struct RawMessage {
    id: Option<String>,
    role: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "sessionID")]
    session: Option<String>,
    #[serde(rename = "modelID")]
    model_id: Option<String>,
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    model: Option<RawModel>,
    #[serde(default, deserialize_with = "lenient")]
    agent: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    path: Option<RawPath>,
    #[serde(default, deserialize_with = "lenient")]
    cost: Option<f64>,
    tokens: Option<RawTokens>,
    time: Option<RawTime>,
}

#[derive(Deserialize)]
struct RawModel {
    #[serde(alias = "modelID")]
    id: Option<String>,
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
}

#[derive(Deserialize)]
struct RawPath {
    cwd: Option<String>,
    root: Option<String>,
}

#[derive(Deserialize)]
struct RawTime {
    created: Option<Timestamp>,
    completed: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
struct RawTokens {
    total: Option<Count>,
    #[serde(default)]
    input: Count,
    #[serde(default)]
    output: Count,
    #[serde(default)]
    reasoning: Count,
    #[serde(default)]
    cache: RawCache,
}

#[derive(Debug, Default, Deserialize)]
struct RawCache {
    #[serde(default)]
    read: Count,
    #[serde(default)]
    write: Count,
}

/// `None` for prompts, and for responses that are not complete: they are rewritten when they are.
pub(super) fn parse(content: &[u8]) -> Result<Option<OpenCodeMessage>, String> {
    let message: RawMessage = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    let is_response = [&message.role, &message.kind].iter().any(|kind| kind.as_deref() == Some("assistant"));
    // A row of the newer table says its role in a column.
    if !is_response && (message.role.is_some() || message.kind.is_some()) {
        return Ok(None);
    }
    let (Some(raw), Some(RawTime { created: Some(created), completed: Some(completed) })) =
        (message.tokens, message.time)
    else {
        return Ok(None);
    };
    let (model_id, model_provider) = message.model.map_or((None, None), |model| (model.id, model.provider_id));
    let raw_model = message.model_id.or(model_id).unwrap_or_default();
    let (root, cwd) = message.path.map_or((None, None), |path| (path.root, path.cwd));
    Ok(Some(OpenCodeMessage {
        name: message.id,
        created,
        completed,
        model: model_name(Some(&raw_model)),
        provider: message.provider_id.or(model_provider),
        session: message.session,
        agent: message.agent,
        directory: cwd.or(root).filter(|directory| !directory.is_empty() && directory != "/"),
        tokens: raw.tokens(),
        cost_nanousd: nano_usd(message.cost),
        raw_model,
        raw,
    }))
}

impl RawTokens {
    fn tokens(&self) -> Tokens {
        let without_reasoning = [self.input, self.output, self.cache.read, self.cache.write]
            .iter()
            .fold(0_u64, |sum, count| sum.saturating_add(count.0));
        // Output includes reasoning unless the total says otherwise: older versions write no total, and include it.
        let is_separate = self.total.is_some_and(|total| total.0 == without_reasoning.saturating_add(self.reasoning.0));
        Tokens {
            input: self.input.0,
            cache_read: self.cache.read.0,
            cache_write: self.cache.write.0,
            cache_write_1h: 0,
            output: if is_separate { self.output.0.saturating_add(self.reasoning.0) } else { self.output.0 },
            reasoning: self.reasoning.0,
        }
    }
}

impl OpenCodeMessage {
    /// What a copy has in common with its original.
    pub(super) fn id(&self, source: &str) -> String {
        let raw = &self.raw;
        let hash = hash_id(&[
            &source,
            &self.created.milliseconds(),
            &self.completed.milliseconds(),
            &self.provider.as_deref().unwrap_or_default(),
            &self.raw_model,
            &raw.input.0,
            &raw.output.0,
            &raw.reasoning.0,
            &raw.cache.read.0,
            &raw.cache.write.0,
        ]);
        format!("fp1:{hash}")
    }
}
