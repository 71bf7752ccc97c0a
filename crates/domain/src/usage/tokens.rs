//! Token counts of a message by kind.

/// The largest count of a kind in a message: 2^53 - 1, the largest integer that every JSON reader keeps exactly.
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// The input tokens, cached ones included, from which a cache efficiency is judged, ranked and rewarded.
pub const MIN_EFFICIENCY_INPUT: i64 = 1_000_000;

/// The tokens of a message. The kinds are disjoint, with two exceptions: [`cache_write_1h`](Self::cache_write_1h) is a part of
/// [`cache_write`](Self::cache_write), and [`reasoning`](Self::reasoning) is a part of [`output`](Self::output) if
/// [`reasoning_in_output`](Self::reasoning_in_output) is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TokenCounts {
    /// Tokens sent and not found in a cache.
    pub input: u64,
    /// Tokens written by the model.
    pub output: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache, for any duration.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: u64,
    pub reasoning: u64,
    /// Whether `output` contains `reasoning`.
    pub reasoning_in_output: bool,
}

impl TokenCounts {
    /// All tokens, each counted once: input + output + cache read + cache write + reasoning that is not part of output.
    pub fn total(&self) -> u64 {
        self.input + self.output + self.cache_read + self.cache_write + self.billed_reasoning()
    }

    /// Whether there are no tokens. Such a message is stored and counts as nothing.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The reasoning tokens that are billed separately.
    pub fn billed_reasoning(&self) -> u64 {
        if self.reasoning_in_output { 0 } else { self.reasoning }
    }

    /// The reasoning tokens that sums count. A row of an older release can have more reasoning than the output that contains it;
    /// the surplus is ignored.
    pub fn counted_reasoning(&self) -> u64 {
        if self.reasoning_in_output { self.reasoning.min(self.output) } else { self.reasoning }
    }

    /// The tokens in the model's context: input + cache read + cache write.
    pub fn context(&self) -> u64 {
        self.input + self.cache_read + self.cache_write
    }
}

/// The share of input read from a cache, in percent: 100 x `cache_read` / (`cache_read` + `input`); `None` without either.
pub fn cache_efficiency(input: u64, cache_read: u64) -> Option<f64> {
    let read = input.saturating_add(cache_read);
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people, not money")]
    (read > 0).then(|| 100.0 * cache_read as f64 / read as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_total_counts_each_once() {
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
    fn tokens_reasoning_is_bounded_by_including_output() {
        for (output, reasoning, reasoning_in_output, expected) in
            [(5, 3, true, 3), (5, 5, true, 5), (1, MAX_COUNT, true, 1), (1, MAX_COUNT, false, MAX_COUNT)]
        {
            let counts = TokenCounts { output, reasoning, reasoning_in_output, ..TokenCounts::default() };
            assert_eq!(counts.counted_reasoning(), expected, "{counts:?}");
        }
    }

    #[test]
    fn cache_efficiency_is_share_of_input() {
        assert_eq!(cache_efficiency(0, 0), None);
        assert_eq!(cache_efficiency(100, 0), Some(0.0));
        assert_eq!(cache_efficiency(250, 750), Some(75.0));
    }
}
