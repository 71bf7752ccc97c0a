//! Messages, and the bodies of syncs.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One response of a model, as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestMessage {
    /// Given by the coding tool.
    pub id: String,
    pub at: Timestamp,
    pub model: String,
    /// The provider of the model, if the client sends it.
    pub provider: Option<String>,
    /// The project, if the client sends it.
    pub project: Option<String>,
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    /// The part of `cache_write` that is cached for an hour.
    pub cache_write_1h: u64,
    pub reasoning: u64,
}

impl TestMessage {
    /// A message without tokens, at a fixed time in the past.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            at: "2026-03-04T12:00:00Z".parse().expect("an instant"),
            model: "claude-sonnet-4-5-20250929".to_owned(),
            provider: None,
            project: None,
            input: 0,
            output: 0,
            cache_read: 0,
            cache_write: 0,
            cache_write_1h: 0,
            reasoning: 0,
        }
    }

    #[must_use]
    pub fn at(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    #[must_use]
    pub fn project(self, project: impl Into<String>) -> Self {
        Self { project: Some(project.into()), ..self }
    }

    #[must_use]
    pub fn input(self, input: u64) -> Self {
        Self { input, ..self }
    }

    #[must_use]
    pub fn output(self, output: u64) -> Self {
        Self { output, ..self }
    }

    /// Sets the tokens read from a cache and written to it.
    #[must_use]
    pub fn cache(self, read: u64, write: u64) -> Self {
        Self { cache_read: read, cache_write: write, ..self }
    }

    #[must_use]
    pub fn reasoning(self, reasoning: u64) -> Self {
        Self { reasoning, ..self }
    }

    /// All tokens, if the kinds are disjoint.
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
        if let Some(project) = &self.project {
            json["project"] = json!(project);
        }
        json
    }
}

/// The body of one sync.
#[derive(Debug, Clone)]
pub struct Batch {
    fields: Map<String, Value>,
    messages: Vec<TestMessage>,
}

impl Batch {
    /// A batch with `messages` of Claude Code on the machine `laptop`.
    pub fn of(messages: impl IntoIterator<Item = TestMessage>) -> Self {
        let fields = json!({
            "version": "2.0.0", "client": "burntop-cli", "machineId": "laptop", "source": "claude-code",
            "syncedAt": "2026-11-22T12:34:56.789Z",
        });
        let Value::Object(fields) = fields else { unreachable!("it is an object") };
        Self { fields, messages: messages.into_iter().collect() }
    }

    #[must_use]
    pub fn machine(self, machine: &str) -> Self {
        self.with("machineId", machine)
    }

    /// Sets the coding tool.
    #[must_use]
    pub fn source(self, source: &str) -> Self {
        self.with("source", source)
    }

    /// Sets `field` to `value`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    pub fn json(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("messages".to_owned(), self.messages.iter().map(TestMessage::json).collect());
        Value::Object(fields)
    }
}
