//! What each kind of token costs: the prices of one row of the book.

use super::price::Price;

/// The price of each kind of token in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rates {
    /// Uncached input.
    pub input: Price,
    /// Output.
    pub output: Price,
    /// Input read from a cache.
    pub cache_read: Option<Price>,
    /// Input written to a cache.
    pub cache_write: Option<Price>,
    /// Input written to a cache that is kept for an hour.
    pub cache_write_1h: Option<Price>,
    /// Reasoning, where it has a price of its own.
    pub reasoning: Option<Price>,
}

impl Rates {
    /// Rates for input and output, and for nothing else.
    pub const fn new(input: Price, output: Price) -> Self {
        Self { input, output, cache_read: None, cache_write: None, cache_write_1h: None, reasoning: None }
    }

    /// Every price that is stated.
    fn each(&self) -> impl Iterator<Item = Price> {
        let others = [self.cache_read, self.cache_write, self.cache_write_1h, self.reasoning];
        others.into_iter().flatten().chain([self.input, self.output])
    }

    /// Whether nothing costs anything.
    fn is_zero(&self) -> bool {
        self.each().all(|price| price == Price::FREE)
    }
}

/// The rates of a request whose context exceeds a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tier {
    /// The threshold in thousands of tokens; a context of exactly this size is below the tier.
    pub above_thousands: u64,
    /// The rates for *all* tokens of such a request. A kind that the tier does not price has its base price here.
    pub rates: Rates,
}

/// The prices of a model at one time: base rates and long-context tiers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prices {
    base: Rates,
    tiers: Vec<Tier>,
}

impl Prices {
    /// Prices with these tiers, in any order.
    pub fn new(base: Rates, mut tiers: Vec<Tier>) -> Self {
        tiers.sort_by_key(|tier| tier.above_thousands);
        Self { base, tiers }
    }

    /// The rates of a request below every tier.
    pub fn base(&self) -> &Rates {
        &self.base
    }

    /// The tiers, lowest threshold first.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The one set of rates for a whole request: that of the highest threshold which `context` (input + cache read +
    /// cache write, in tokens) exceeds.
    pub fn for_context(&self, context: u64) -> &Rates {
        self.tiers
            .iter()
            .rev()
            .find(|tier| context > tier.above_thousands.saturating_mul(1_000))
            .map_or(&self.base, |tier| &tier.rates)
    }

    /// Whether no price is more than [`Price::MOST`].
    pub fn are_plausible(&self) -> bool {
        let tiers = self.tiers.iter().flat_map(|tier| tier.rates.each());
        self.base.each().chain(tiers).all(|price| price <= Price::MOST)
    }

    /// Whether all prices are zero. Such a row is a gap in the table, unless the maker documents the model as free.
    pub fn are_zero(&self) -> bool {
        self.base.is_zero() && self.tiers.iter().all(|tier| tier.rates.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Price = Price::from_femto(1);

    fn rates(femto: u64) -> Rates {
        Rates::new(Price::from_femto(femto), Price::from_femto(femto))
    }

    #[test]
    fn the_highest_exceeded_threshold_sets_all_rates() {
        let tiers =
            vec![Tier { above_thousands: 272, rates: rates(3) }, Tier { above_thousands: 128, rates: rates(2) }];
        let prices = Prices::new(rates(1), tiers);
        let table = [(0, 1), (127_999, 1), (128_000, 1), (128_001, 2), (272_000, 2), (272_001, 3), (u64::MAX, 3)];
        for (context, femto) in table {
            assert_eq!(*prices.for_context(context), rates(femto), "{context}");
        }
        assert_eq!(prices.tiers().iter().map(|tier| tier.above_thousands).collect::<Vec<_>>(), [128, 272]);
        assert_eq!(*prices.base(), rates(1));
    }

    #[test]
    fn one_price_beyond_reason_makes_all_implausible() {
        let (most, more) = (Price::MOST.femto(), Price::MOST.femto() + 1);
        let tier = |femto| vec![Tier { above_thousands: 1, rates: rates(femto) }];
        assert!(Prices::new(rates(most), tier(most)).are_plausible());
        assert!(!Prices::new(rates(more), vec![]).are_plausible());
        assert!(!Prices::new(rates(1), tier(more)).are_plausible());
        let read = Rates { cache_read: Some(Price::from_femto(more)), ..rates(1) };
        assert!(!Prices::new(read, vec![]).are_plausible());
    }

    #[test]
    fn a_single_price_keeps_a_row_from_being_zero() {
        let zero = rates(0);
        assert!(Prices::new(zero, vec![Tier { above_thousands: 1, rates: zero }]).are_zero());
        assert!(Prices::new(Rates { cache_read: Some(Price::FREE), ..zero }, vec![]).are_zero());
        let priced = [
            Rates { input: ONE, ..zero },
            Rates { output: ONE, ..zero },
            Rates { cache_read: Some(ONE), ..zero },
            Rates { cache_write: Some(ONE), ..zero },
            Rates { cache_write_1h: Some(ONE), ..zero },
            Rates { reasoning: Some(ONE), ..zero },
        ];
        for rates in priced {
            assert!(!Prices::new(rates, vec![]).are_zero(), "{rates:?}");
            assert!(!Prices::new(zero, vec![Tier { above_thousands: 1, rates }]).are_zero(), "{rates:?}");
        }
    }
}
