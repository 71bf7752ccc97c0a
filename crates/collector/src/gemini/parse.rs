//! Messages of a chat.

use serde::{Deserialize, Serialize};

use crate::content::{Count, Timestamp, json_problem, model_name};
use crate::lines::LineParser;
use crate::response::{ParsedDocument, Response};

use super::SOURCE;
use super::counts::Counts;

/// The file was written before what it says of its session.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChatParser {
    session: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLine {
    session_id: Option<String>,
    #[serde(rename = "$set")]
    set: Option<RawSet>,
    #[serde(flatten)]
    message: RawMessage,
}

#[derive(Deserialize)]
struct RawSet {
    messages: Option<Vec<RawMessage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDocument {
    session_id: Option<String>,
    #[serde(default)]
    messages: Vec<RawMessage>,
}

#[derive(Deserialize)]
struct RawMessage {
    id: Option<String>,
    timestamp: Option<Timestamp>,
    #[serde(rename = "type")]
    kind: Option<String>,
    model: Option<String>,
    tokens: Option<RawTokens>,
}

#[derive(Deserialize)]
struct RawTokens {
    #[serde(default)]
    input: Count,
    #[serde(default)]
    output: Count,
    #[serde(default)]
    cached: Count,
    #[serde(default)]
    thoughts: Count,
    #[serde(default)]
    tool: Count,
}

impl ChatParser {
    pub(super) fn new(session: String) -> Self {
        Self { session }
    }
}

impl LineParser for ChatParser {
    type Item = (String, Response);

    fn line(&mut self, line: &[u8], items: &mut Vec<Self::Item>) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let raw: RawLine = serde_json::from_slice(line).map_err(|error| json_problem(&error))?;
        if let Some(session) = raw.session_id {
            self.session = session;
        }
        for message in raw.set.and_then(|set| set.messages).into_iter().flatten().chain([raw.message]) {
            items.extend(response(&self.session, message)?);
        }
        Ok(())
    }
}

/// Messages of a document, by their id, and the reasons why others were refused.
pub(super) fn parse_document(name: &str, content: &[u8]) -> Result<ParsedDocument<(String, Response)>, String> {
    let document: RawDocument = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    let session = document.session_id.as_deref().unwrap_or(name);
    let (mut responses, mut refused) = (Vec::new(), Vec::new());
    for message in document.messages {
        match response(session, message) {
            Ok(response) => responses.extend(response),
            Err(reason) => refused.push(reason),
        }
    }
    Ok((responses, refused))
}

/// A message with counts; other messages have none, and neither have those that are still streamed.
fn response(session: &str, message: RawMessage) -> Result<Option<(String, Response)>, String> {
    let Some(raw) = message.tokens.filter(|_| message.kind.as_deref() == Some("gemini")) else { return Ok(None) };
    let timestamp = message.timestamp.ok_or("no timestamp")?;
    let counts = Counts {
        input: raw.input.0,
        cached: raw.cached.0,
        output: raw.output.0,
        thoughts: raw.thoughts.0,
        tool: raw.tool.0,
    };
    let id = counts.id(SOURCE, session);
    let model = model_name(message.model.as_deref());
    let mut response = Response::new(id.clone(), timestamp, model, counts.tokens(true)?);
    response.session = Some(session.to_owned());
    let message = message.id.map_or(id, |message| format!("{session}\n{message}"));
    Ok(Some((message, response)))
}
