//! How many tokens a message used, by kind.

/// The largest count of one kind in one message: 2^53 - 1, the largest integer every JSON reader keeps exactly.
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// The tokens of one message. The kinds are disjoint, but for [`cache_write_1h`](Self::cache_write_1h), which is a part of
/// [`cache_write`](Self::cache_write), and [`reasoning`](Self::reasoning) where
/// [`reasoning_in_output`](Self::reasoning_in_output) says that it is a part of [`output`](Self::output).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TokenCounts {
    /// Tokens sent and not found in a cache.
    pub input: u64,
    /// Tokens written by the model.
    pub output: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache, for however long.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: u64,
    /// Tokens the model thought with.
    pub reasoning: u64,
    /// Whether `reasoning` is already counted in `output`.
    pub reasoning_in_output: bool,
}

impl TokenCounts {
    /// All tokens, each counted once: input + output + cache read + cache write + reasoning where it is not part of output.
    pub fn total(&self) -> u64 {
        self.input + self.output + self.cache_read + self.cache_write + self.billed_reasoning()
    }

    /// Whether there are no tokens. Such a message is stored and counts as nothing.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The reasoning tokens that are billed for themselves.
    pub fn billed_reasoning(&self) -> u64 {
        if self.reasoning_in_output { 0 } else { self.reasoning }
    }

    /// The reasoning tokens that sums count. A row of an older release may have more reasoning than the output that
    /// includes it: the surplus counts as nothing.
    pub fn counted_reasoning(&self) -> u64 {
        if self.reasoning_in_output { self.reasoning.min(self.output) } else { self.reasoning }
    }

    /// The tokens that filled the model's context: input + cache read + cache write.
    pub fn context(&self) -> u64 {
        self.input + self.cache_read + self.cache_write
    }
}

/// What part of the input came from a cache, in percent: 100 x `cache_read` / (`cache_read` + `input`); `None` without either.
pub fn cache_efficiency(input: u64, cache_read: u64) -> Option<f64> {
    let read = input.saturating_add(cache_read);
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people, not money")]
    (read > 0).then(|| 100.0 * cache_read as f64 / read as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_counts_once() {
        let counts = TokenCounts {
            input: 1,
            output: 20,
            cache_read: 300,
            cache_write: 4_000,
            cache_write_1h: 3_000,
            reasoning: 50_000,
            reasoning_in_output: false,
        };
        assert_eq!(counts.total(), 54_321);
        assert_eq!(counts.context(), 4_301);
        let included = TokenCounts { reasoning_in_output: true, ..counts };
        assert_eq!((included.total(), included.billed_reasoning()), (4_321, 0));
    }

    #[test]
    fn counted_reasoning_is_bounded_by_the_output_that_includes_it() {
        for (output, reasoning, reasoning_in_output, expected) in
            [(5, 3, true, 3), (5, 5, true, 5), (1, MAX_COUNT, true, 1), (1, MAX_COUNT, false, MAX_COUNT)]
        {
            let counts = TokenCounts { output, reasoning, reasoning_in_output, ..TokenCounts::default() };
            assert_eq!(counts.counted_reasoning(), expected, "{counts:?}");
        }
    }

    #[test]
    fn cache_efficiency_is_a_share_of_what_was_read() {
        assert_eq!(cache_efficiency(0, 0), None);
        assert_eq!(cache_efficiency(100, 0), Some(0.0));
        assert_eq!(cache_efficiency(250, 750), Some(75.0));
    }
}
