//! Sums over messages, which can be added and taken back.

use std::ops::{AddAssign, SubAssign};

use super::message::Entry;
use crate::money::Usd;
use crate::pricing::Cost;

/// The largest lifetime total of one account that is kept: beyond it, sums of 64-bit counts could overflow. A person who
/// uses 20 billion tokens a day needs 630,000 years to reach it.
pub const MOST_TOKENS: i64 = 1 << 62;

/// What a number of messages come to. Differences of sums are sums, so every field is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// How many messages.
    pub messages: i64,
    /// All tokens, each counted once.
    pub tokens: i64,
    /// Uncached input tokens.
    pub input: i64,
    /// Output tokens.
    pub output: i64,
    /// Tokens read from a cache.
    pub cache_read: i64,
    /// Tokens written to a cache.
    pub cache_write: i64,
    /// Reasoning tokens, also where they are part of the output.
    pub reasoning: i64,
    /// What the priced messages cost.
    pub cost: Usd,
    /// The tokens of messages without a price.
    pub unpriced_tokens: i64,
    /// How many messages have no price.
    pub unpriced_messages: i64,
    /// How many messages have an estimated cost.
    pub estimated_messages: i64,
}

/// How well the cost of something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostStatus {
    /// Every message has its price from the book.
    Priced,
    /// Every message has a price; some were filled in.
    Estimated,
    /// Some messages have no price: the cost is too low.
    Partial,
    /// No message has a price: the cost is withheld.
    Unpriced,
}

impl CostStatus {
    /// The status's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Priced => "priced",
            Self::Estimated => "estimated",
            Self::Partial => "partial",
            Self::Unpriced => "unpriced",
        }
    }
}

impl Sums {
    /// What one message comes to.
    pub fn of(entry: &Entry) -> Self {
        let tokens = &entry.message.tokens;
        let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        let unpriced = entry.cost == Cost::Unpriced;
        Self {
            messages: 1,
            tokens: count(tokens.total()),
            input: count(tokens.input),
            output: count(tokens.output),
            cache_read: count(tokens.cache_read),
            cache_write: count(tokens.cache_write),
            reasoning: count(tokens.reasoning),
            cost: entry.cost.amount().unwrap_or_default(),
            unpriced_tokens: if unpriced { count(tokens.total()) } else { 0 },
            unpriced_messages: i64::from(unpriced),
            estimated_messages: i64::from(matches!(entry.cost, Cost::Estimated(_))),
        }
    }

    /// How well [`cost`](Self::cost) is known.
    pub fn cost_status(&self) -> CostStatus {
        match (self.unpriced_messages, self.estimated_messages) {
            (0, 0) => CostStatus::Priced,
            (0, _) => CostStatus::Estimated,
            (unpriced, _) if unpriced >= self.messages => CostStatus::Unpriced,
            _ => CostStatus::Partial,
        }
    }

    /// Whether nothing is left.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Applies `$op` to every field; sums saturate instead of wrapping (an account stays below [`MOST_TOKENS`]).
macro_rules! each_field {
    ($self:ident, $other:ident, $op:ident, $money:tt) => {
        *$self = Self {
            messages: $self.messages.$op($other.messages),
            tokens: $self.tokens.$op($other.tokens),
            input: $self.input.$op($other.input),
            output: $self.output.$op($other.output),
            cache_read: $self.cache_read.$op($other.cache_read),
            cache_write: $self.cache_write.$op($other.cache_write),
            reasoning: $self.reasoning.$op($other.reasoning),
            cost: $self.cost $money $other.cost,
            unpriced_tokens: $self.unpriced_tokens.$op($other.unpriced_tokens),
            unpriced_messages: $self.unpriced_messages.$op($other.unpriced_messages),
            estimated_messages: $self.estimated_messages.$op($other.estimated_messages),
        }
    };
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        each_field!(self, other, saturating_add, +);
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        each_field!(self, other, saturating_sub, -);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::testing::message;

    fn entry(cost: Cost) -> Entry {
        Entry { message: message("m", 10), cost }
    }

    #[test]
    fn what_is_added_can_be_taken_back() {
        let mut sums = Sums::of(&entry(Cost::Estimated(Usd::from_atto(7))));
        assert_eq!((sums.messages, sums.estimated_messages, sums.cost.atto()), (1, 1, 7));
        let unpriced = Sums::of(&entry(Cost::Unpriced));
        assert_eq!((unpriced.unpriced_tokens, unpriced.unpriced_messages), (unpriced.tokens, 1));
        sums += unpriced;
        sums -= Sums::of(&entry(Cost::Estimated(Usd::from_atto(7))));
        assert_eq!(sums, unpriced);
        sums -= unpriced;
        assert!(sums.is_zero());
    }

    #[test]
    fn a_cost_is_as_sure_as_its_least_sure_message() {
        let of = |costs: &[Cost]| {
            let mut sums = Sums::default();
            for cost in costs {
                sums += Sums::of(&entry(*cost));
            }
            sums.cost_status().name()
        };
        let (priced, estimated) = (Cost::Priced(Usd::ZERO), Cost::Estimated(Usd::ZERO));
        assert_eq!(of(&[priced, priced]), "priced");
        assert_eq!(of(&[priced, estimated]), "estimated");
        assert_eq!(of(&[priced, Cost::Unpriced]), "partial");
        assert_eq!(of(&[estimated, Cost::Unpriced]), "partial");
        assert_eq!(of(&[Cost::Unpriced]), "unpriced");
        assert_eq!(of(&[]), "priced");
    }
}
