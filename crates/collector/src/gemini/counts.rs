//! Counts of a response as Gemini's API has them, and as tools for it log and send them.

use crate::Tokens;
use crate::fingerprint::fp1;

/// Input includes what was cached, but not what tools added to the prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
    pub(crate) thoughts: u64,
    pub(crate) tool: u64,
}

impl Counts {
    /// The id of the response in its session: the same in a log and in telemetry.
    pub(crate) fn id(self, source: &str, session: &str) -> String {
        fp1(source, session, &[self.input, self.cached, self.output, self.thoughts, self.tool])
    }

    /// The tokens, where the output includes thoughts or, if they are separate, does not.
    pub(crate) fn tokens(self, are_thoughts_separate: bool) -> Result<Tokens, String> {
        let uncached = self.input.checked_sub(self.cached).ok_or("more cached tokens than input tokens")?;
        Ok(Tokens {
            input: uncached.saturating_add(self.tool),
            cache_read: self.cached,
            output: if are_thoughts_separate { self.output.saturating_add(self.thoughts) } else { self.output },
            reasoning: self.thoughts,
            ..Tokens::default()
        })
    }

    /// Whether a total says that thoughts are not within the output: providers differ.
    pub(crate) fn are_thoughts_separate(self, total: u64) -> bool {
        let without = self.input.saturating_add(self.tool).saturating_add(self.output);
        self.thoughts > 0 && total == without.saturating_add(self.thoughts)
    }
}
