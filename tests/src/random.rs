//! Reproducible random choices. A failing story prints their seed.

use std::ops::Range;

use jiff::{Timestamp, ToSpan};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::messages::TestMessage;
use crate::time::instant;

/// The models of random messages; the last one has no price.
pub const MODELS: [&str; 5] =
    ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "gpt-5-mini", "gemini-2.5-flash", "no-such-model"];

#[derive(Debug)]
pub struct Random {
    seed: u64,
    rng: StdRng,
}

impl Random {
    /// Uses `seed`, or the seed in `BURNTOP_TEST_SEED`.
    pub fn seeded(seed: u64) -> Self {
        let chosen_seed = std::env::var("BURNTOP_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = chosen_seed.unwrap_or(seed);
        Self { seed, rng: StdRng::seed_from_u64(seed) }
    }

    pub fn number(&mut self, range: Range<u64>) -> u64 {
        self.rng.random_range(range)
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.rng.random_range(0..choices.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.rng);
    }

    /// Splits `items` into parts of 1 to `most`.
    pub fn split<T: Clone>(&mut self, items: &[T], most: usize) -> Vec<Vec<T>> {
        let (mut parts, mut rest) = (Vec::new(), items);
        while !rest.is_empty() {
            let (part, more) = rest.split_at(self.rng.random_range(1..=most.min(rest.len())));
            parts.push(part.to_vec());
            rest = more;
        }
        parts
    }

    /// A history of `count` messages over half a year. Ids are `<prefix>-<number>`.
    pub fn history(&mut self, prefix: &str, count: usize) -> Vec<TestMessage> {
        let start = instant("2026-01-10T00:00:00Z");
        (0..count).map(|number| self.message(&format!("{prefix}-{number}"), start)).collect()
    }

    /// A message within 180 days after `start`.
    pub fn message(&mut self, id: &str, start: Timestamp) -> TestMessage {
        let at = start + self.rng.random_range(0..180 * 24 * 3_600_000_i64).milliseconds();
        let mut count = |most: u64| self.rng.random_range(0..most);
        let mut message = TestMessage::new(id).at(at).input(count(5_000)).output(count(3_000));
        message = message.cache(count(90_000), count(9_000)).reasoning(count(500));
        message.project = self.one_of(&[None, Some("shop"), Some("#0d5c3a")]).map(str::to_owned);
        message.model(*self.one_of(&MODELS))
    }

    /// A copy of `message` from a log that was read too early: a part of its tokens is missing.
    pub fn earlier_copy(&mut self, message: &TestMessage) -> TestMessage {
        TestMessage { output: self.rng.random_range(0..=message.output), reasoning: 0, ..message.clone() }
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat the random choices with BURNTOP_TEST_SEED={}", self.seed);
        }
    }
}
