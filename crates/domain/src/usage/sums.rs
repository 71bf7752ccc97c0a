//! Sums over messages, with addition and subtraction.

use std::ops::{AddAssign, SubAssign};

use super::message::LedgerEntry;
use crate::money::Usd;
use crate::pricing::Cost;

/// The largest stored lifetime total of an account: beyond it, sums of 64-bit counts could overflow. An account with 20 billion
/// tokens a day needs 630,000 years to reach it.
pub const MOST_TOKENS: i64 = 1 << 62;

/// The sums of some messages. Deltas are sums too, so every field is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
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
    /// The cost of the priced messages.
    pub cost: Usd,
    /// Tokens of messages without a price.
    pub unpriced_tokens: i64,
    /// Messages without a price.
    pub unpriced_messages: i64,
    /// Messages with an estimated cost.
    pub estimated_messages: i64,
}

/// How well a cost is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostStatus {
    /// Every message has its price from the book.
    Priced,
    /// Every message has a price; some were filled in.
    Estimated,
    /// Some messages have no price: the cost is too low.
    Partial,
    /// No message has a price: the cost is unknown.
    Unpriced,
}

impl CostStatus {
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
    /// The sums of one message.
    pub fn of(entry: &LedgerEntry) -> Self {
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

    /// Whether every count is a stored one, or a difference of two: at most [`MOST_TOKENS`] either way. A saturated sum is not.
    pub(crate) fn is_storable(&self) -> bool {
        self.counts().into_iter().all(|count| (-MOST_TOKENS..=MOST_TOKENS).contains(&count))
    }

    /// Whether messages can have these sums: no count is negative, and none exceeds the total of tokens.
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

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Applies `$op` to every field. The sums of an account stay within [`MOST_TOKENS`] and never saturate. Data of an older release
/// can: it saturates instead of wrapping, and is refused before it is stored ([`is_storable`](Sums::is_storable)).
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

    fn entry(cost: Cost) -> LedgerEntry {
        LedgerEntry { message: message("m", 10), cost }
    }

    #[test]
    fn sums_addition_is_undone_by_subtraction() {
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
    fn sums_impossible_ones_are_detected() {
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
    fn cost_status_is_that_of_least_known_message() {
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
