//! Random choices that can be made again: from a seed, which is printed when the story fails.

use std::ops::Range;

use jiff::{Timestamp, ToSpan};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::messages::Message;
use crate::time::instant;

/// Models that random messages are of; the last one has no price.
pub const MODELS: [&str; 5] =
    ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "gpt-5-mini", "gemini-2.5-flash", "no-such-model"];

/// A source of random choices.
#[derive(Debug)]
pub struct Random {
    seed: u64,
    rng: StdRng,
}

impl Random {
    /// The choices of `seed`, or of the seed that `BURNTOP_TEST_SEED` names.
    pub fn seeded(seed: u64) -> Self {
        let asked = std::env::var("BURNTOP_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = asked.unwrap_or(seed);
        Self { seed, rng: StdRng::seed_from_u64(seed) }
    }

    /// A number in `range`.
    pub fn number(&mut self, range: Range<u64>) -> u64 {
        self.rng.random_range(range)
    }

    /// One of `choices`.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.rng.random_range(0..choices.len())]
    }

    /// Puts `items` into another order.
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
    pub fn history(&mut self, prefix: &str, count: usize) -> Vec<Message> {
        let start = instant("2026-01-10T00:00:00Z");
        (0..count).map(|number| self.message(&format!("{prefix}-{number}"), start)).collect()
    }

    /// A message within 180 days after `start`.
    pub fn message(&mut self, id: &str, start: Timestamp) -> Message {
        let at = start + self.rng.random_range(0..180 * 24 * 3_600_000_i64).milliseconds();
        let mut count = |most: u64| self.rng.random_range(0..most);
        let mut message = Message::new(id).at(at).input(count(5_000)).output(count(3_000));
        message = message.cache(count(90_000), count(9_000)).reasoning(count(500));
        message.model(*self.one_of(&MODELS))
    }

    /// A copy of `message` from a log that was read too early: some of its tokens are missing.
    pub fn earlier_copy(&mut self, message: &Message) -> Message {
        Message { output: self.rng.random_range(0..=message.output), reasoning: 0, ..message.clone() }
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the random choices were those of BURNTOP_TEST_SEED={}", self.seed);
        }
    }
}
