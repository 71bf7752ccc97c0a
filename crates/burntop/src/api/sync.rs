//! `/sync`: what is sent of a response, and what the server did with it.

use std::io::Write;

use domain::text::rfc3339;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Api, ApiError, RequestBody};

/// The version of the protocol. From 3 on, a client says how its reader counts.
const PROTOCOL: &str = "3.0.0";

/// A request, protocol 3. Its fields are all that leaves this machine: no prompts, no paths, no names of files or sessions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncBody {
    version: &'static str,
    client: &'static str,
    pub(crate) machine_id: String,
    pub(crate) synced_at: String,
    pub(crate) source: String,
    pub(crate) timezone: String,
    pub(crate) parser_version: u16,
    reasoning_included_in_output: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handover: Option<Handover>,
    pub(crate) messages: Vec<SyncMessage>,
}

/// Says that the logs of the source were read completely from this instant on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Handover {
    from: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncMessage {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cache_creation_tokens: u64,
    #[serde(rename = "cacheCreation1hTokens", skip_serializing_if = "is_zero")]
    pub(crate) cache_creation_1h_tokens: u64,
    pub(crate) cache_read_tokens: u64,
    pub(crate) reasoning_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<String>,
    /// What the tool itself computed. The server only compares it with its own price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reported_cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) incomplete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl SyncBody {
    /// A request without messages.
    pub(crate) fn new(machine_id: &str, source: &str, timezone: &str, synced_at: OffsetDateTime) -> Self {
        Self {
            version: PROTOCOL,
            client: "burntop",
            machine_id: machine_id.to_owned(),
            synced_at: rfc3339(synced_at),
            source: source.to_owned(),
            timezone: timezone.to_owned(),
            parser_version: 0,
            reasoning_included_in_output: true,
            handover: None,
            messages: Vec::new(),
        }
    }

    pub(crate) fn to_json(&self) -> Result<String, ApiError> {
        serde_json::to_string(self).map_err(|error| ApiError::Setup(error.to_string()))
    }
}

impl Handover {
    pub(crate) fn from(instant: OffsetDateTime) -> Self {
        Self { from: rfc3339(instant) }
    }
}

/// The answer, as far as it is shown or decides what is sent again. Later servers may say more.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SyncAnswer {
    /// A server that does not say how many messages it has received is none of burntop.
    pub(crate) messages_received: Option<u64>,
    pub(crate) messages_synced: u64,
    pub(crate) messages_duplicate: u64,
    pub(crate) messages_superseded: u64,
    pub(crate) messages_rejected: u64,
    /// The first 100.
    pub(crate) rejected: Vec<SyncRejection>,
    pub(crate) unpriced_models: Vec<String>,
    pub(crate) warnings: Vec<SyncWarning>,
    pub(crate) stats: Option<SyncStats>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SyncRejection {
    pub(crate) index: usize,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SyncWarning {
    pub(crate) code: String,
    pub(crate) field: String,
    pub(crate) message: String,
}

/// Totals of the account after the sync.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SyncStats {
    #[serde(rename(deserialize = "totalTokens"))]
    pub(crate) total_tokens: u64,
    #[serde(rename(deserialize = "totalCost"))]
    pub(crate) total_cost: serde_json::Number,
    #[serde(rename(deserialize = "currentStreak"))]
    pub(crate) current_streak: u32,
}

/// What the server knows of a source on a machine.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct SyncState {
    #[serde(default)]
    pub(crate) messages_protocol_2: u64,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) handover_from: Option<OffsetDateTime>,
}

impl Api {
    /// `POST /sync` with `json`, a [`SyncBody`].
    pub(crate) fn sync(&self, json: &str) -> Result<SyncAnswer, ApiError> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let compressed = encoder.write_all(json.as_bytes()).and_then(|()| encoder.finish());
        let body = compressed.map_err(|error| ApiError::Setup(error.to_string()))?;
        self.send(Method::POST, "/sync", RequestBody::Gzip(body))?.read()
    }

    /// `GET /sync/state`; `None` from a server of protocol 2, which does not have it.
    pub(crate) fn sync_state(&self, source: &str, machine_id: &str) -> Result<Option<SyncState>, ApiError> {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let path = format!("/sync/state?source={}&machineId={}", encode(source), encode(machine_id));
        match self.send(Method::GET, &path, RequestBody::Empty) {
            Ok(answer) => answer.read().map(Some),
            Err(ApiError::Answered { status: 404 | 405, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn sync_body_has_fields_of_protocol() {
        let at = datetime!(2026-11-30 12:00:00.5 UTC);
        let mut body = SyncBody::new("abcd1234", "codex", "Europe/Berlin", at);
        body.parser_version = 3;
        body.handover = Some(Handover::from(at));
        body.messages = vec![
            SyncMessage {
                id: "a".into(),
                timestamp: rfc3339(at),
                model: "gpt".into(),
                input_tokens: 1,
                ..SyncMessage::default()
            },
            SyncMessage {
                id: "b".into(),
                timestamp: rfc3339(at),
                model: "gpt".into(),
                provider: Some("openai".into()),
                project: Some("shop".into()),
                input_tokens: 1,
                output_tokens: 2,
                cache_creation_tokens: 3,
                cache_creation_1h_tokens: 4,
                cache_read_tokens: 5,
                reasoning_tokens: 6,
                service_tier: Some("priority".into()),
                reported_cost_usd: Some(0.03),
                incomplete: true,
            },
        ];
        let expected = concat!(
            r#"{"version":"3.0.0","client":"burntop","machineId":"abcd1234","syncedAt":"2026-11-30T12:00:00.5Z","source":"codex","#,
            r#""timezone":"Europe/Berlin","parserVersion":3,"reasoningIncludedInOutput":true,"#,
            r#""handover":{"from":"2026-11-30T12:00:00.5Z"},"messages":["#,
            r#"{"id":"a","timestamp":"2026-11-30T12:00:00.5Z","model":"gpt","inputTokens":1,"outputTokens":0,"#,
            r#""cacheCreationTokens":0,"cacheReadTokens":0,"reasoningTokens":0},"#,
            r#"{"id":"b","timestamp":"2026-11-30T12:00:00.5Z","model":"gpt","provider":"openai","project":"shop","inputTokens":1,"#,
            r#""outputTokens":2,"cacheCreationTokens":3,"cacheCreation1hTokens":4,"cacheReadTokens":5,"reasoningTokens":6,"#,
            r#""serviceTier":"priority","reportedCostUsd":0.03,"incomplete":true}]}"#,
        );
        assert_eq!(body.to_json().as_deref(), Ok(expected));
    }

    #[test]
    fn sync_answer_of_older_or_newer_server_is_read() {
        let older = r#"{"success": true, "messagesReceived": 1, "messagesSynced": 1, "rejected": []}"#;
        let newer = r#"{"messagesReceived": 1, "messagesSynced": 1, "future": {"x": 1}, "stats": {"totalTokens": 7, "totalCost": 0.35, "currentStreak": 2, "xp": 1}}"#;
        for (name, text) in [("older", older), ("newer", newer)] {
            let answer: SyncAnswer = serde_json::from_str(text).expect(name);
            assert_eq!((answer.messages_received, answer.messages_synced), (Some(1), 1), "{name}");
        }
    }
}
