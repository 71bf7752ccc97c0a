//! The prices of a model over time: the rows of one listing, or the agreement of several.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::cost::{Cost, cost};
use super::makers::CacheWrites;
use super::rates::Prices;
use crate::usage::TokenCounts;

/// The prices of a model, each from an instant on, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct History(Vec<Period>);

/// The prices from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Period {
    from: OffsetDateTime,
    /// `None` while the sellers disagree, or after the end of an override.
    prices: Option<Prices>,
}

impl History {
    /// Sets the prices from an instant on and removes later periods. `None` ends the override.
    pub(super) fn decide(&mut self, from: OffsetDateTime, prices: Option<Prices>) {
        self.0.retain(|period| period.from < from);
        self.0.push(Period { from, prices });
    }

    /// Adds the prices from an instant on; they replace those of the same instant.
    pub(super) fn add(&mut self, from: OffsetDateTime, prices: Prices) {
        let prices = Some(prices);
        match self.0.binary_search_by_key(&from, |period| period.from) {
            Ok(same) => self.0[same].prices = prices,
            Err(place) => self.0.insert(place, Period { from, prices }),
        }
    }

    /// The period that contains `at`; `None` before the first.
    fn in_effect(&self, at: OffsetDateTime) -> Option<&Period> {
        self.0.iter().rev().find(|period| period.from <= at)
    }

    /// The prices on which at least `least` of `histories` agree, at each of their changes, while all that have begun agree.
    pub(super) fn agreed(histories: &[&Self], least: usize) -> Self {
        let mut changes: Vec<_> = histories.iter().flat_map(|history| &history.0).map(|period| period.from).collect();
        changes.sort_unstable();
        changes.dedup();
        let agreed = |from| Period { from, prices: Self::agreed_at(histories, least, from) };
        Self(changes.into_iter().map(agreed).collect())
    }

    fn agreed_at(histories: &[&Self], least: usize, at: OffsetDateTime) -> Option<Prices> {
        let (begun, later): (Vec<&Self>, Vec<&Self>) =
            histories.iter().partition(|history| history.in_effect(at).is_some());
        let mut prices = begun.iter().filter_map(|history| history.in_effect(at)).map(|period| &period.prices);
        let first = prices.next()?;
        // A price that begins later also covers the time before, if it is needed to reach the number.
        let like_it = later.iter().filter(|history| history.0.first().is_some_and(|period| period.prices == *first));
        let agree = prices.all(|other| other == first) && begun.len() + like_it.count() >= least;
        agree.then(|| first.clone()).flatten()
    }

    pub(super) fn has_any_price(&self) -> bool {
        self.0.iter().any(|period| period.prices.is_some())
    }
}

/// A model with known prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedModel<'a> {
    /// The prices of the tables; empty if they do not list the model.
    history: Cow<'a, History>,
    /// The decisions of administrators: for the given provider, then for any.
    decided: [Option<&'a History>; 2],
    cache_writes: CacheWrites,
    /// Whether the prices are those on which resellers agree.
    is_resold: bool,
}

impl<'a> PricedModel<'a> {
    /// A model with the prices on which all `histories` of one seller agree; `None` if they never do.
    pub(super) fn sold(histories: &[&'a History], cache_writes: CacheWrites) -> Option<Self> {
        let history = match histories {
            [only] => Cow::Borrowed(*only),
            several => Cow::Owned(History::agreed(several, 1)),
        };
        history.has_any_price().then_some(Self { history, decided: [None; 2], cache_writes, is_resold: false })
    }

    /// A model that its maker does not sell, with the prices on which all resellers, and at least two, agree; `None` if they
    /// never do. `sellers` has a history for each. Such a price is an estimate.
    pub(super) fn resold(sellers: &[&History], cache_writes: CacheWrites) -> Option<Self> {
        let history: Cow<'a, History> = Cow::Owned(History::agreed(sellers, 2));
        history.has_any_price().then_some(Self { history, decided: [None; 2], cache_writes, is_resold: true })
    }

    /// A model that no table lists, with the decisions of administrators; `None` without any.
    pub(super) fn decided(decided: [Option<&'a History>; 2], cache_writes: CacheWrites) -> Option<Self> {
        let any = decided.iter().flatten().next().is_some();
        any.then(|| Self { history: Cow::Owned(History::default()), decided, cache_writes, is_resold: false })
    }

    /// The same model with `decided` before the tables.
    pub(super) fn overridden(self, decided: [Option<&'a History>; 2]) -> Self {
        Self { decided, ..self }
    }

    /// Whether the tables have a price at every time.
    pub(super) fn is_never_in_doubt(&self) -> bool {
        self.history.0.iter().all(|period| period.prices.is_some())
    }

    /// The cost of a message at its instant. Before the first row, that row's prices are assumed and the cost is an estimate. A
    /// cost by prices of resellers is an estimate too.
    pub fn cost(&self, tokens: &TokenCounts, at: OffsetDateTime) -> Cost {
        let Some((prices, is_assumed)) = self.prices(at) else { return Cost::Unpriced };
        let (amount, filled_in) = cost(prices, self.cache_writes, tokens, at);
        if filled_in || is_assumed { Cost::Estimated(amount) } else { Cost::Priced(amount) }
    }

    /// The prices at `at`, and whether they are assumed: taken from a later time or from resellers.
    fn prices(&self, at: OffsetDateTime) -> Option<(&Prices, bool)> {
        let decided = || self.decided.iter().flatten();
        let in_effect = |history: &'a History| history.in_effect(at)?.prices.as_ref();
        if let Some(prices) = decided().copied().find_map(in_effect) {
            return Some((prices, false));
        }
        if self.history.0.is_empty() {
            // Only a decision that begins later; one that has ended does not count.
            let first = |history: &&'a History| history.0.first().filter(|first| first.from > at)?.prices.as_ref();
            return decided().find_map(first).map(|prices| (prices, true));
        }
        let period = self.history.in_effect(at);
        let prices = period.or(self.history.0.first())?.prices.as_ref()?;
        Some((prices, self.is_resold || period.is_none()))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::price::Price;
    use super::super::rates::Rates;
    use super::*;
    use crate::money::Usd;

    const JANUARY: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
    const MARCH: OffsetDateTime = datetime!(2026-03-01 0:00 UTC);
    const MAY: OffsetDateTime = datetime!(2026-05-01 0:00 UTC);
    const ONE_INPUT: TokenCounts = TokenCounts {
        input: 1,
        output: 0,
        cache_read: 0,
        cache_write: 0,
        cache_write_1h: 0,
        reasoning: 0,
        reasoning_in_output: false,
    };

    fn history(periods: &[(OffsetDateTime, u64)]) -> History {
        let mut history = History::default();
        for (from, femto) in periods {
            let price = Price::from_femto(*femto);
            history.add(*from, Prices::new(Rates::new(price, price), vec![]));
        }
        history
    }

    fn model<'a>(histories: &[&'a History]) -> PricedModel<'a> {
        PricedModel::sold(histories, CacheWrites::AsInput).expect("a model")
    }

    fn priced(femto: i128) -> Cost {
        Cost::Priced(Usd::from_atto(femto * 1_000))
    }

    fn estimated(femto: i128) -> Cost {
        Cost::Estimated(Usd::from_atto(femto * 1_000))
    }

    #[test]
    fn cost_uses_price_at_instant_of_message() {
        let history = history(&[(MARCH, 2), (JANUARY, 1)]);
        let model = model(&[&history]);
        let second = time::Duration::SECOND;
        let table = [
            (JANUARY - second, estimated(1)),
            (JANUARY, priced(1)),
            (MARCH - second, priced(1)),
            (MARCH, priced(2)),
            (datetime!(2026-03-01 0:30 +1), priced(1)),
            (datetime!(9999-12-31 23:59:59 UTC), priced(2)),
            (datetime!(-9999-01-01 0:00 UTC), estimated(1)),
        ];
        for (at, cost) in table {
            assert_eq!(model.cost(&ONE_INPUT, at), cost, "{at}");
        }
    }

    #[test]
    fn cost_filled_in_is_estimate_and_no_tokens_cost_nothing() {
        let history = history(&[(JANUARY, 1)]);
        let model = model(&[&history]);
        assert_eq!(model.cost(&TokenCounts { cache_read: 1, ..ONE_INPUT }, MARCH), estimated(2));
        assert_eq!(model.cost(&TokenCounts::default(), MARCH), priced(0));
    }

    #[test]
    fn history_same_instant_is_replaced() {
        let history = history(&[(JANUARY, 1), (MARCH, 2), (JANUARY, 3)]);
        assert_eq!(model(&[&history]).cost(&ONE_INPUT, JANUARY), priced(3));
        assert_eq!(history.0.len(), 2);
    }

    fn resold<'a>(sellers: &[&History]) -> Option<PricedModel<'a>> {
        PricedModel::resold(sellers, CacheWrites::AsInput)
    }

    #[test]
    fn resold_price_is_estimate_while_resellers_agree() {
        let one = history(&[(JANUARY, 1), (MAY, 5)]);
        let other = history(&[(MARCH, 1)]);
        let model = resold(&[&one, &other]).expect("a model");
        let table = [
            (JANUARY - time::Duration::DAY, estimated(1)),
            (JANUARY, estimated(1)),
            (MARCH, estimated(1)),
            (MAY, Cost::Unpriced),
        ];
        for (at, cost) in table {
            assert_eq!(model.cost(&ONE_INPUT, at), cost, "{at}");
        }
    }

    #[test]
    fn resold_single_reseller_prices_nothing() {
        let (one, other) = (history(&[(JANUARY, 1), (MAY, 5)]), history(&[(MAY, 5)]));
        assert_eq!(resold(&[&one]), None);
        let model = resold(&[&one, &other]).expect("a model");
        assert_eq!(model.cost(&ONE_INPUT, MARCH), Cost::Unpriced);
        assert_eq!(model.cost(&ONE_INPUT, MAY), estimated(5));
    }

    #[test]
    fn resold_later_different_price_keeps_earlier_agreement() {
        let (one, other, late) = (history(&[(JANUARY, 1)]), history(&[(JANUARY, 1)]), history(&[(MAY, 5)]));
        let model = resold(&[&one, &other, &late]).expect("a model");
        assert_eq!(model.cost(&ONE_INPUT, MARCH), estimated(1));
        assert_eq!(model.cost(&ONE_INPUT, MAY), Cost::Unpriced);
    }

    #[test]
    fn resold_never_agreeing_sellers_price_nothing() {
        let (one, other) = (history(&[(JANUARY, 1)]), history(&[(JANUARY, 2)]));
        assert_eq!(resold(&[&one, &other]), None);
        assert_eq!(PricedModel::sold(&[&one, &other], CacheWrites::AsInput), None);
        assert_eq!(PricedModel::sold(&[], CacheWrites::AsInput), None);
    }

    #[test]
    fn resold_time_before_disagreement_has_no_price() {
        let (one, other) = (history(&[(MARCH, 1), (MAY, 3)]), history(&[(MARCH, 2), (MAY, 3)]));
        let model = model(&[&one, &other]);
        assert_eq!(model.cost(&ONE_INPUT, JANUARY), Cost::Unpriced);
        assert_eq!(model.cost(&ONE_INPUT, MAY), priced(3));
    }

    /// The decisions of administrators in order; 0 is an end.
    fn decisions(periods: &[(OffsetDateTime, u64)]) -> History {
        let mut history = History::default();
        for (from, femto) in periods {
            let price = Price::from_femto(*femto);
            history.decide(*from, (*femto > 0).then(|| Prices::new(Rates::new(price, price), vec![])));
        }
        history
    }

    #[test]
    fn decision_precedes_tables_while_in_effect() {
        let table = history(&[(JANUARY, 1)]);
        let (here, anywhere) = (decisions(&[(MARCH, 7), (MAY, 0)]), decisions(&[(JANUARY, 9)]));
        let second = time::Duration::SECOND;
        let with = |decided| model(&[&table]).overridden(decided);
        let cases = [
            ([Some(&here), None], JANUARY - second, estimated(1)),
            ([Some(&here), None], MARCH - second, priced(1)),
            ([Some(&here), None], MARCH, priced(7)),
            ([Some(&here), None], MAY, priced(1)),
            ([Some(&here), Some(&anywhere)], MARCH - second, priced(9)),
            ([Some(&here), Some(&anywhere)], MARCH, priced(7)),
            ([Some(&here), Some(&anywhere)], MAY, priced(9)),
            ([None, Some(&anywhere)], JANUARY - second, estimated(1)),
        ];
        for (decided, at, cost) in cases {
            assert_eq!(with(decided).cost(&ONE_INPUT, at), cost, "{at}");
        }
    }

    #[test]
    fn decision_on_unlisted_model_covers_time_before() {
        let (ended, later) = (decisions(&[(MARCH, 7), (MAY, 0)]), decisions(&[(MAY, 9)]));
        let alone = |decided| PricedModel::decided(decided, CacheWrites::AsInput).expect("a model");
        let cases = [
            ([Some(&ended), None], JANUARY, estimated(7)),
            ([Some(&ended), None], MARCH, priced(7)),
            ([Some(&ended), None], MAY, Cost::Unpriced),
            ([None, Some(&later)], MARCH, estimated(9)),
            ([None, Some(&later)], MAY, priced(9)),
        ];
        for (decided, at, cost) in cases {
            assert_eq!(alone(decided).cost(&ONE_INPUT, at), cost, "{at}");
        }
        assert_eq!(PricedModel::decided([None, None], CacheWrites::AsInput), None);
    }

    #[test]
    fn decision_replaces_earlier_ones_from_its_instant() {
        assert_eq!(decisions(&[(MARCH, 7), (MAY, 0), (JANUARY, 9)]), decisions(&[(JANUARY, 9)]));
        assert_eq!(decisions(&[(JANUARY, 9), (MARCH, 7), (MARCH, 8)]), decisions(&[(JANUARY, 9), (MARCH, 8)]));
    }
}
