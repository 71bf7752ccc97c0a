//! The counts of a request, and the record that they make.

use serde::{Deserialize, Serialize};

use crate::Tokens;
use crate::content::{Timestamp, model_name};
use crate::fingerprint::fp1;
use crate::response::Response;

pub(super) const SOURCE: &str = "copilot-cli";

/// Counts as Copilot reports them: input includes both caches, output includes reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) input: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    pub(super) output: u64,
    pub(super) reasoning: u64,
}

impl Counts {
    pub(super) fn tokens(self) -> Result<Tokens, &'static str> {
        let uncached = self.input.checked_sub(self.cache_read).and_then(|rest| rest.checked_sub(self.cache_write));
        Ok(Tokens {
            input: uncached.ok_or("more cached tokens than input tokens")?,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            cache_write_1h: 0,
            output: self.output,
            reasoning: self.reasoning,
        })
    }

    /// The id of a response with these counts: the same in the store and in the telemetry.
    fn id(self, session: &str) -> String {
        fp1(SOURCE, session, &[self.input, self.cache_read, self.output, self.reasoning])
    }

    pub(super) fn response(
        self,
        session: String,
        timestamp: Timestamp,
        model: Option<&str>,
    ) -> Result<Response, &'static str> {
        let mut response = Response::new(self.id(&session), timestamp, model_name(model), self.tokens()?);
        response.session = Some(session);
        Ok(response)
    }
}
