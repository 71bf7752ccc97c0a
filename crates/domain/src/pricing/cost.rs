//! The cost of a message, from the rates of its time and context.

use time::OffsetDateTime;

use super::makers::CacheWrites;
use super::price::Price;
use super::rates::{Prices, Rates};
use crate::money::Usd;
use crate::usage::TokenCounts;

/// The cost of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cost {
    /// The book has a price for every kind of token in the message.
    Priced(Usd),
    /// A price was filled in by a rule, or the message is older than the first row.
    Estimated(Usd),
    /// The book has no price for the model at that time, or sellers disagree: the cost is unknown, which is not zero.
    Unpriced,
}

impl Cost {
    /// `None` if unpriced.
    pub fn amount(self) -> Option<Usd> {
        match self {
            Self::Priced(amount) | Self::Estimated(amount) => Some(amount),
            Self::Unpriced => None,
        }
    }
}

/// The cost of `tokens` at `prices` at the instant `at`, and whether a missing price of a used kind was filled in.
pub(super) fn cost(
    prices: &Prices,
    cache_writes: CacheWrites,
    tokens: &TokenCounts,
    at: OffsetDateTime,
) -> (Usd, bool) {
    let rates = prices.for_request(tokens.context(), at);
    let write_1h = tokens.cache_write_1h.min(tokens.cache_write);
    let lines = [
        (tokens.input, Charge::stated(rates.input)),
        (tokens.output, Charge::stated(rates.output)),
        (tokens.cache_read, Charge::cache_read(rates)),
        (tokens.cache_write - write_1h, Charge::cache_write(rates, cache_writes)),
        (write_1h, Charge::cache_write_1h(rates, cache_writes)),
        (tokens.billed_reasoning(), Charge::stated(rates.reasoning.unwrap_or(rates.output))),
    ];
    let used = lines.iter().filter(|(count, _)| *count > 0);
    let filled_in = used.clone().any(|(_, charge)| charge.filled_in);
    (used.map(|(count, charge)| charge.price.of(*count, charge.thousandths)).sum(), filled_in)
}

/// The charge for a token of a kind: thousandths of a price of the book.
#[derive(Debug, Clone, Copy)]
struct Charge {
    price: Price,
    thousandths: u32,
    filled_in: bool,
}

impl Charge {
    fn stated(price: Price) -> Self {
        Self { price, thousandths: 1_000, filled_in: false }
    }

    fn filled_in(price: Price, thousandths: u32) -> Self {
        Self { price, thousandths, filled_in: true }
    }

    fn cache_read(rates: &Rates) -> Self {
        rates.cache_read.map_or(Self::filled_in(rates.input, 1_000), Self::stated)
    }

    fn cache_write(rates: &Rates, writes: CacheWrites) -> Self {
        let thousandths = match writes {
            CacheWrites::Surcharged => 1_250,
            CacheWrites::AsInput => 1_000,
        };
        rates.cache_write.map_or(Self::filled_in(rates.input, thousandths), Self::stated)
    }

    fn cache_write_1h(rates: &Rates, writes: CacheWrites) -> Self {
        match (rates.cache_write_1h, writes) {
            (Some(price), _) => Self::stated(price),
            (None, CacheWrites::Surcharged) => Self::filled_in(rates.input, 2_000),
            (None, CacheWrites::AsInput) => Self { filled_in: true, ..Self::cache_write(rates, writes) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rates::PriceTier;
    use super::{CacheWrites, Prices};
    use super::{Cost, Price, Rates, TokenCounts, Usd};
    use CacheWrites::{AsInput, Surcharged};

    /// Rates of 3 and 15 (1e-15 USD) for input and output, changed by `change`.
    fn rates(change: impl Fn(&mut Rates)) -> Rates {
        let mut rates = Rates::new(Price::from_femto(3), Price::from_femto(15));
        change(&mut rates);
        rates
    }

    fn flat(change: impl Fn(&mut Rates)) -> Prices {
        Prices::new(rates(change), vec![])
    }

    fn each(femto: u64) -> Price {
        Price::from_femto(femto)
    }

    /// The cost at a time without off-peak prices.
    fn cost(prices: &Prices, cache_writes: CacheWrites, tokens: &TokenCounts) -> (Usd, bool) {
        super::cost(prices, cache_writes, tokens, time::OffsetDateTime::UNIX_EPOCH)
    }

    fn femto(thousandths: i128) -> Usd {
        Usd::from_atto(thousandths)
    }

    #[test]
    fn cost_every_kind_has_its_price() {
        let prices = flat(|rates| {
            rates.cache_read = Some(each(7));
            rates.cache_write = Some(each(11));
            rates.cache_write_1h = Some(each(13));
            rates.reasoning = Some(each(17));
        });
        let kinds: [(TokenCounts, i128); 6] = [
            (TokenCounts { input: 10, ..Default::default() }, 30_000),
            (TokenCounts { output: 10, ..Default::default() }, 150_000),
            (TokenCounts { cache_read: 10, ..Default::default() }, 70_000),
            (TokenCounts { cache_write: 10, ..Default::default() }, 110_000),
            (TokenCounts { cache_write: 10, cache_write_1h: 4, ..Default::default() }, 118_000),
            (TokenCounts { reasoning: 10, ..Default::default() }, 170_000),
        ];
        for (tokens, atto) in kinds {
            assert_eq!(cost(&prices, Surcharged, &tokens), (femto(atto), false), "{tokens:?}");
        }
    }

    #[test]
    fn cost_missing_price_is_filled_in_and_reported() {
        let nothing: fn(&mut Rates) = |_| {};
        let write: fn(&mut Rates) = |rates| rates.cache_write = Some(each(100));
        let read = TokenCounts { cache_read: 10, ..Default::default() };
        let short = TokenCounts { cache_write: 10, ..Default::default() };
        let hour = TokenCounts { cache_write: 10, cache_write_1h: 10, ..Default::default() };
        let table = [
            ("cache reads cost the input price", nothing, Surcharged, read, 30_000, true),
            ("and do with other makers", nothing, AsInput, read, 30_000, true),
            ("Anthropic's writes cost 1.25 times the input", nothing, Surcharged, short, 37_500, true),
            ("others' writes cost the input price", nothing, AsInput, short, 30_000, true),
            ("Anthropic's 1 h writes cost twice the input", nothing, Surcharged, hour, 60_000, true),
            ("even where the short write has a price", write, Surcharged, hour, 60_000, true),
            ("others' 1 h writes cost the write price", write, AsInput, hour, 1_000_000, true),
            ("which may itself be the input price", nothing, AsInput, hour, 30_000, true),
            ("a stated write is not an estimate", write, AsInput, short, 1_000_000, false),
        ];
        for (rule, change, writes, tokens, atto, filled_in) in table {
            assert_eq!(cost(&flat(change), writes, &tokens), (femto(atto), filled_in), "{rule}");
        }
    }

    #[test]
    fn cost_missing_price_of_unused_kind_is_no_estimate() {
        let tokens = TokenCounts { input: 10, output: 10, ..Default::default() };
        assert_eq!(cost(&flat(|_| {}), Surcharged, &tokens), (femto(180_000), false));
        let hour = TokenCounts { cache_write: 10, cache_write_1h: 10, ..Default::default() };
        assert_eq!(
            cost(&flat(|rates| rates.cache_write_1h = Some(each(6))), Surcharged, &hour),
            (femto(60_000), false)
        );
        assert_eq!(cost(&flat(|_| {}), Surcharged, &TokenCounts::default()), (Usd::ZERO, false));
    }

    #[test]
    fn cost_reasoning_has_own_price_or_that_of_output() {
        let apart = TokenCounts { output: 10, reasoning: 4, ..Default::default() };
        let included = TokenCounts { reasoning_in_output: true, ..apart };
        let own = flat(|rates| rates.reasoning = Some(each(35)));
        assert_eq!(cost(&own, AsInput, &apart), (femto(290_000), false));
        assert_eq!(cost(&flat(|_| {}), AsInput, &apart), (femto(210_000), false));
        assert_eq!(cost(&own, AsInput, &included), (femto(150_000), false));
    }

    #[test]
    fn cost_tier_applies_to_whole_request_by_context() {
        let tier = PriceTier {
            above: 1_000,
            rates: rates(|rates| (rates.input, rates.output) = (Price::from_femto(6), Price::from_femto(22))),
        };
        let prices = Prices::new(rates(|_| {}), vec![tier]);
        let below = TokenCounts { input: 500, cache_read: 300, cache_write: 200, output: 1, ..Default::default() };
        assert_eq!(cost(&prices, AsInput, &below), (femto(3_000 * 1_000 + 15_000), true));
        let above = [
            TokenCounts { input: 501, ..below },
            TokenCounts { cache_read: 301, ..below },
            TokenCounts { cache_write: 201, ..below },
        ];
        for tokens in above {
            assert_eq!(cost(&prices, AsInput, &tokens), (femto(6_000 * 1_001 + 22_000), true), "{tokens:?}");
        }
        let output = TokenCounts { output: 2, reasoning: 1_000, ..below };
        assert_eq!(
            cost(&prices, AsInput, &output),
            (femto(3_000 * 1_000 + 15_000 * 1_002), true),
            "output fills no context"
        );
    }

    #[test]
    fn cost_filled_in_price_follows_tier() {
        let tier = PriceTier { above: 0, rates: rates(|rates| rates.input = Price::from_femto(8)) };
        let prices = Prices::new(rates(|_| {}), vec![tier]);
        let tokens = TokenCounts { cache_write: 20, cache_write_1h: 10, ..Default::default() };
        assert_eq!(cost(&prices, Surcharged, &tokens), (femto(10 * 10_000 + 10 * 16_000), true));
    }

    #[test]
    fn cost_one_hour_writes_are_at_most_all_writes() {
        let tokens = TokenCounts { cache_write: 10, cache_write_1h: 11, ..Default::default() };
        assert_eq!(cost(&flat(|_| {}), Surcharged, &tokens), (femto(60_000), true));
    }

    #[test]
    fn cost_unpriced_has_no_amount() {
        assert_eq!(Cost::Priced(femto(1)).amount(), Some(femto(1)));
        assert_eq!(Cost::Estimated(femto(2)).amount(), Some(femto(2)));
        assert_eq!(Cost::Unpriced.amount(), None);
    }
}
