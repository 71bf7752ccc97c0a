//! What clients send: messages, and requests full of them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One model response, as its client tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The tool's id of it.
    pub id: String,
    /// When the model answered.
    pub at: Timestamp,
    /// The model that answered.
    pub model: String,
    /// Who served the model, where the client says so.
    pub provider: Option<String>,
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache.
    pub cache_write: u64,
    /// The part of them that is kept for an hour.
    pub cache_write_1h: u64,
    /// Tokens the model thought with.
    pub reasoning: u64,
}

impl Message {
    /// A message of no tokens, some time in the past.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            at: "2026-03-04T12:00:00Z".parse().expect("an instant"),
            model: "claude-sonnet-4-5-20250929".to_owned(),
            provider: None,
            input: 0,
            output: 0,
            cache_read: 0,
            cache_write: 0,
            cache_write_1h: 0,
            reasoning: 0,
        }
    }

    /// Sent at `at`.
    #[must_use]
    pub fn at(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    /// Answered by `model`.
    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    /// With `input` input tokens.
    #[must_use]
    pub fn input(self, input: u64) -> Self {
        Self { input, ..self }
    }

    /// With `output` output tokens.
    #[must_use]
    pub fn output(self, output: u64) -> Self {
        Self { output, ..self }
    }

    /// With `read` tokens from a cache and `write` to it.
    #[must_use]
    pub fn cache(self, read: u64, write: u64) -> Self {
        Self { cache_read: read, cache_write: write, ..self }
    }

    /// With `reasoning` tokens of thought.
    #[must_use]
    pub fn reasoning(self, reasoning: u64) -> Self {
        Self { reasoning, ..self }
    }

    /// All tokens, where the kinds are disjoint.
    pub fn total(&self) -> u64 {
        self.input + self.output + self.cache_read + self.cache_write + self.reasoning
    }

    /// The message as a client sends it.
    pub fn json(&self) -> Value {
        let mut json = json!({
            "id": self.id, "timestamp": self.at.to_string(), "model": self.model,
            "inputTokens": self.input, "outputTokens": self.output, "cacheReadTokens": self.cache_read,
            "cacheCreationTokens": self.cache_write, "reasoningTokens": self.reasoning,
        });
        if self.cache_write_1h > 0 {
            json["cacheCreation1hTokens"] = json!(self.cache_write_1h);
        }
        if let Some(provider) = &self.provider {
            json["provider"] = json!(provider);
        }
        json
    }
}

/// One request to be synced.
#[derive(Debug, Clone)]
pub struct Batch {
    fields: Map<String, Value>,
    messages: Vec<Message>,
}

impl Batch {
    /// A request with `messages` of Claude Code on the machine `laptop`.
    pub fn of(messages: impl IntoIterator<Item = Message>) -> Self {
        let fields = json!({
            "version": "2.0.0", "client": "burntop-cli", "machineId": "laptop", "source": "claude-code",
            "syncedAt": "2026-11-22T12:34:56.789Z",
        });
        let Value::Object(fields) = fields else { unreachable!("it is an object") };
        Self { fields, messages: messages.into_iter().collect() }
    }

    /// The same from `machine`.
    #[must_use]
    pub fn machine(self, machine: &str) -> Self {
        self.with("machineId", machine)
    }

    /// The same of the tool `source`.
    #[must_use]
    pub fn source(self, source: &str) -> Self {
        self.with("source", source)
    }

    /// The same with `field` set to `value`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// The body of the request.
    pub fn json(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("messages".to_owned(), self.messages.iter().map(Message::json).collect());
        Value::Object(fields)
    }
}
