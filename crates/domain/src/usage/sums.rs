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
            reasoning: count(tokens.counted_reasoning()),
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

    /// Whether every count is one that is stored, or the difference of two such: at most [`MOST_TOKENS`] either way. A sum
    /// that saturated is not.
    pub(crate) fn is_storable(&self) -> bool {
        self.counts().into_iter().all(|count| (-MOST_TOKENS..=MOST_TOKENS).contains(&count))
    }

    /// Whether messages can come to this: no count is negative, and none is more than all tokens are.
    pub(crate) fn is_possible(&self) -> bool {
        let kinds = [self.input, self.output, self.cache_read, self.cache_write, self.reasoning, self.unpriced_tokens];
        self.counts().into_iter().all(|count| (0..=MOST_TOKENS).contains(&count))
            && kinds.into_iter().all(|count| count <= self.tokens)
    }

    fn counts(&self) -> [i64; 10] {
        let Self { messages, tokens, input, output, cache_read, cache_write, reasoning, .. } = *self;
        let Self { unpriced_tokens, unpriced_messages, estimated_messages, .. } = *self;
        [
            messages,
            tokens,
            input,
            output,
            cache_read,
            cache_write,
            reasoning,
            unpriced_tokens,
            unpriced_messages,
            estimated_messages,
        ]
    }

    /// Whether nothing is left.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Applies `$op` to every field. The sums of one account stay within [`MOST_TOKENS`] and never saturate. What is read may be
/// of an older release: it saturates instead of wrapping, and is refused where it would be stored
/// ([`is_storable`](Sums::is_storable)).
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
    fn sums_that_no_messages_come_to_are_told_from_those_that_some_do() {
        let some = Sums { messages: 1, tokens: 30, input: 10, output: 20, reasoning: 20, ..Sums::default() };
        let most = Sums { tokens: MOST_TOKENS, output: MOST_TOKENS, reasoning: MOST_TOKENS, ..Sums::default() };
        for (name, sums, is_storable, is_possible) in [
            ("nothing", Sums::default(), true, true),
            ("some", some, true, true),
            ("the most", most, true, true),
            ("more reasoning than tokens", Sums { reasoning: 31, ..some }, true, false),
            ("a negative count", Sums { reasoning: -1, ..some }, true, false),
            ("taken back", Sums { messages: -1, tokens: -MOST_TOKENS, ..Sums::default() }, true, false),
            ("one more than the most", Sums { tokens: MOST_TOKENS + 1, ..most }, false, false),
            ("saturated", Sums { reasoning: i64::MAX, ..some }, false, false),
        ] {
            assert_eq!((sums.is_storable(), sums.is_possible()), (is_storable, is_possible), "{name}");
        }
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
