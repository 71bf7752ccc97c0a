//! The prices of the kinds of tokens in one row of the book.

use time::OffsetDateTime;

use super::hours::WeeklyHours;
use super::price::Price;

/// The price of each kind of token in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rates {
    /// Uncached input.
    pub input: Price,
    pub output: Price,
    /// Input read from a cache.
    pub cache_read: Option<Price>,
    /// Input written to a cache.
    pub cache_write: Option<Price>,
    /// Input written to a cache that is kept for an hour.
    pub cache_write_1h: Option<Price>,
    /// `None` if reasoning has no price of its own.
    pub reasoning: Option<Price>,
}

impl Rates {
    /// Rates with prices for input and output only.
    pub const fn new(input: Price, output: Price) -> Self {
        Self { input, output, cache_read: None, cache_write: None, cache_write_1h: None, reasoning: None }
    }

    fn each(&self) -> impl Iterator<Item = Price> {
        let others = [self.cache_read, self.cache_write, self.cache_write_1h, self.reasoning];
        others.into_iter().flatten().chain([self.input, self.output])
    }

    fn is_zero(&self) -> bool {
        self.each().all(|price| price == Price::FREE)
    }
}

/// The rates of a request whose context exceeds a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PriceTier {
    /// In tokens; a context of exactly this size is below the tier.
    pub above: u64,
    /// The rates for *all* tokens of such a request. A kind without a price in the tier has its base price here.
    pub rates: Rates,
}

/// The rates of a request at certain hours.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OffPeak {
    pub hours: WeeklyHours,
    /// The rates for all tokens of such a request, whatever its context. A kind without an off-peak price has its base price
    /// here.
    pub rates: Rates,
}

/// The prices of a model: base rates, long-context tiers, and off-peak hours.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prices {
    base: Rates,
    tiers: Vec<PriceTier>,
    off_peak: Option<Box<OffPeak>>,
}

impl Prices {
    /// Prices with `tiers` in any order.
    pub fn new(base: Rates, mut tiers: Vec<PriceTier>) -> Self {
        tiers.sort_by_key(|tier| tier.above);
        Self { base, tiers, off_peak: None }
    }

    #[must_use]
    pub fn with_off_peak(self, off_peak: Option<OffPeak>) -> Self {
        Self { off_peak: off_peak.map(Box::new), ..self }
    }

    /// The rates of a request below every tier.
    pub fn base(&self) -> &Rates {
        &self.base
    }

    /// The tiers, lowest threshold first.
    pub fn tiers(&self) -> &[PriceTier] {
        &self.tiers
    }

    pub fn off_peak(&self) -> Option<&OffPeak> {
        self.off_peak.as_deref()
    }

    /// The rates of a whole request at `at`: off-peak rates, or those of the highest threshold that `context` (input + cache
    /// read + cache write, in tokens) exceeds. Off-peak rates precede tiers, as the price table defines.
    pub fn for_request(&self, context: u64, at: OffsetDateTime) -> &Rates {
        if let Some(off_peak) = self.off_peak().filter(|off_peak| off_peak.hours.include(at)) {
            return &off_peak.rates;
        }
        self.tiers.iter().rev().find(|tier| context > tier.above).map_or(&self.base, |tier| &tier.rates)
    }

    fn each(&self) -> impl Iterator<Item = &Rates> {
        let others = self.off_peak.iter().map(|off_peak| &off_peak.rates);
        self.tiers.iter().map(|tier| &tier.rates).chain(others).chain([&self.base])
    }

    /// Whether no price exceeds [`Price::MOST`].
    pub fn are_plausible(&self) -> bool {
        self.each().flat_map(Rates::each).all(|price| price <= Price::MOST)
    }

    /// Whether all prices are zero. Such a row is a gap in the table, unless the maker documents the model as free.
    pub fn are_zero(&self) -> bool {
        self.each().all(Rates::is_zero)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    /// A Monday.
    const NOON: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
    const ONE: Price = Price::from_femto(1);

    fn rates(femto: u64) -> Rates {
        Rates::new(Price::from_femto(femto), Price::from_femto(femto))
    }

    #[test]
    fn rates_highest_exceeded_threshold_applies() {
        let tiers = vec![PriceTier { above: 272_000, rates: rates(3) }, PriceTier { above: 131_072, rates: rates(2) }];
        let prices = Prices::new(rates(1), tiers);
        let table = [(0, 1), (131_071, 1), (131_072, 1), (131_073, 2), (272_000, 2), (272_001, 3), (u64::MAX, 3)];
        for (context, femto) in table {
            assert_eq!(*prices.for_request(context, NOON), rates(femto), "{context}");
        }
        assert_eq!(prices.tiers().iter().map(|tier| tier.above).collect::<Vec<_>>(), [131_072, 272_000]);
        assert_eq!(*prices.base(), rates(1));
    }

    fn at_noon(femto: u64) -> Option<OffPeak> {
        WeeklyHours::parse("1/12:00-13:00").map(|hours| OffPeak { hours, rates: rates(femto) })
    }

    #[test]
    fn rates_off_peak_applies_to_every_context() {
        let prices = Prices::new(rates(2), vec![PriceTier { above: 100, rates: rates(3) }]).with_off_peak(at_noon(1));
        let table = [(100, NOON, 1), (101, NOON, 1), (100, NOON + Duration::HOUR, 2), (101, NOON + Duration::HOUR, 3)];
        for (context, at, femto) in table {
            assert_eq!(*prices.for_request(context, at), rates(femto), "{context} {at}");
        }
    }

    #[test]
    fn rates_one_implausible_price_makes_all_implausible() {
        let (most, more) = (Price::MOST.femto(), Price::MOST.femto() + 1);
        let tier = |femto| vec![PriceTier { above: 1, rates: rates(femto) }];
        assert!(Prices::new(rates(most), tier(most)).with_off_peak(at_noon(most)).are_plausible());
        assert!(!Prices::new(rates(more), vec![]).are_plausible());
        assert!(!Prices::new(rates(1), tier(more)).are_plausible());
        assert!(!Prices::new(rates(1), vec![]).with_off_peak(at_noon(more)).are_plausible());
        let read = Rates { cache_read: Some(Price::from_femto(more)), ..rates(1) };
        assert!(!Prices::new(read, vec![]).are_plausible());
    }

    #[test]
    fn rates_one_price_is_not_zero() {
        let zero = rates(0);
        assert!(Prices::new(zero, vec![PriceTier { above: 1, rates: zero }]).are_zero());
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
            assert!(!Prices::new(zero, vec![PriceTier { above: 1, rates }]).are_zero(), "{rates:?}");
            let hours = WeeklyHours::parse("1/12:00-13:00").expect("hours");
            assert!(!Prices::new(zero, vec![]).with_off_peak(Some(OffPeak { hours, rates })).are_zero(), "{rates:?}");
        }
    }
}
