//! One billed model response, and the tool's own total of a session.

use std::cmp::Reverse;
use std::mem;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

/// Token counts of a response. `input`, `cache_read`, `cache_write` and `output` are disjoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tokens {
    /// Uncached input.
    pub input: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for one hour.
    pub cache_write_1h: u64,
    /// All billed output, including reasoning.
    pub output: u64,
    /// The part of `output` that is reasoning.
    pub reasoning: u64,
}

impl Tokens {
    /// Cache reads, cache writes, input and output; the subsets are not added again.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write).saturating_add(self.output)
    }

    pub fn is_zero(&self) -> bool {
        self.total() == 0
    }
}

/// One billed model response.
///
/// `session` and `project` are plain names of this machine: the caller hashes or drops them before they leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Slug of the tool, such as `claude-code`.
    pub source: Arc<str>,
    /// Unique within the source and independent of the machine, the file and the state. At most 200 characters.
    pub id: String,
    /// When the response was made: the earliest of the lines that carry it.
    #[serde(with = "time::serde::rfc3339")]
    pub timestamp: OffsetDateTime,
    /// As recorded, in lower case; `unknown` if the tool does not say.
    pub model: Arc<str>,
    /// Provider id as recorded; never inferred from the model.
    pub provider: Option<Arc<str>>,
    pub tokens: Tokens,
    pub session: Option<Arc<str>>,
    /// Name of the directory of the git repository (work trees count as their repository), else of the working directory.
    pub project: Option<Arc<str>>,
    /// Name of the sub-agent that asked, if any.
    pub agent: Option<Arc<str>>,
    /// Price class other than the standard one, such as `priority`.
    pub service_tier: Option<Arc<str>>,
    /// Cost in 10^-9 USD that the tool wrote itself.
    pub reported_cost_nanousd: Option<u64>,
    /// The counts are known to be below the truth: the tool did not log the end of the response.
    pub incomplete: bool,
    /// The record is the growing total of a session, not one response.
    pub cumulative: bool,
    /// Version of the reader that made the record.
    pub parser_version: u16,
}

impl Record {
    /// Whether this copy of a response is better than `other`, which has the same source and id. It is the merge rule of the server: a
    /// complete copy, then the newer reader, then the larger total, then the earlier one.
    pub fn supersedes(&self, other: &Self) -> bool {
        let rank = |record: &Self| {
            (!record.incomplete, record.parser_version, record.tokens.total(), Reverse(record.timestamp))
        };
        rank(self) > rank(other)
    }

    /// Keeps the better of two copies of a response. Where the other one is of a newer reader, which happens if that is incomplete, it adds what
    /// the better one lacks: an earlier time, the project, the sub-agent, and the part of equal cache writes that is kept for an hour. So an
    /// event of telemetry ends what a log began. Returns whether the copy is another one now.
    pub fn merge(&mut self, other: Self) -> bool {
        let is_better = other.supersedes(self);
        let worse = if is_better { mem::replace(self, other) } else { other };
        let adds = worse.parser_version > self.parser_version && self.add(worse);
        is_better || adds
    }

    /// Returns whether `worse` adds anything.
    fn add(&mut self, worse: Self) -> bool {
        let has_hour = self.tokens.cache_write_1h == 0 && self.tokens.cache_write == worse.tokens.cache_write;
        let one_hour = if has_hour { worse.tokens.cache_write_1h } else { 0 };
        let is_earlier = worse.timestamp < self.timestamp;
        let has_project = self.project.is_none() && worse.project.is_some();
        let has_agent = self.agent.is_none() && worse.agent.is_some();
        self.tokens.cache_write_1h += one_hour;
        self.timestamp = self.timestamp.min(worse.timestamp);
        self.project = self.project.take().or(worse.project);
        self.agent = self.agent.take().or(worse.agent);
        one_hour > 0 || is_earlier || has_project || has_agent
    }
}

/// What a tool itself counted on a day, input and output together. It is a check only: it has no responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTotal {
    /// In the time zone of the machine.
    pub date: Date,
    pub model: String,
    pub tokens: u64,
}

/// What a tool itself counted for a session and model, as a check of the records: tools make calls that they do not log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTotal {
    pub source: Arc<str>,
    pub session: Arc<str>,
    pub model: Option<Arc<str>>,
    pub tokens: Tokens,
    pub cost_nanousd: Option<u64>,
}
