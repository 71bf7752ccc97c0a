//! What a model costs over time: the rows of one listing, or what several agree on.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::cost::{Cost, cost};
use super::makers::CacheWrites;
use super::rates::Prices;
use crate::usage::TokenCounts;

/// The prices of a model, each from an instant on, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct History(Vec<Period>);

/// What a model costs from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Period {
    from: OffsetDateTime,
    /// `None` while those who sell the model do not agree.
    prices: Option<Prices>,
}

impl History {
    /// Adds the prices from an instant on; they replace those of the same instant.
    pub(super) fn add(&mut self, from: OffsetDateTime, prices: Prices) {
        let prices = Some(prices);
        match self.0.binary_search_by_key(&from, |period| period.from) {
            Ok(same) => self.0[same].prices = prices,
            Err(place) => self.0.insert(place, Period { from, prices }),
        }
    }

    /// The period that holds `at`; `None` before the first.
    fn in_effect(&self, at: OffsetDateTime) -> Option<&Period> {
        self.0.iter().rev().find(|period| period.from <= at)
    }

    /// What all `histories` that have begun agree on at each change of one of them.
    fn agreed(histories: &[&Self]) -> Self {
        let mut changes: Vec<_> = histories.iter().flat_map(|history| &history.0).map(|period| period.from).collect();
        changes.sort_unstable();
        changes.dedup();
        Self(changes.into_iter().map(|from| Period { from, prices: Self::agreed_at(histories, from) }).collect())
    }

    fn agreed_at(histories: &[&Self], at: OffsetDateTime) -> Option<Prices> {
        let mut prices = histories.iter().filter_map(|history| history.in_effect(at)).map(|period| &period.prices);
        let first = prices.next()?;
        prices.all(|other| other == first).then(|| first.clone()).flatten()
    }
}

/// A model whose prices were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedModel<'a> {
    history: Cow<'a, History>,
    cache_writes: CacheWrites,
}

impl<'a> PricedModel<'a> {
    /// A model with the prices on which all `histories` agree; `None` where they never do.
    pub(super) fn agreed(histories: &[&'a History], cache_writes: CacheWrites) -> Option<Self> {
        let history = match histories {
            [only] => Cow::Borrowed(*only),
            several => Cow::Owned(History::agreed(several)),
        };
        let ever = history.0.iter().any(|period| period.prices.is_some());
        ever.then_some(Self { history, cache_writes })
    }

    /// What a message of these tokens costs at its instant. Before the first row of the model its prices are assumed, and the
    /// cost is estimated.
    pub fn cost(&self, tokens: &TokenCounts, at: OffsetDateTime) -> Cost {
        let period = self.history.in_effect(at);
        let Some(prices) = period.or(self.history.0.first()).and_then(|period| period.prices.as_ref()) else {
            return Cost::Unpriced;
        };
        let (amount, filled_in) = cost(prices, self.cache_writes, tokens);
        if filled_in || period.is_none() { Cost::Estimated(amount) } else { Cost::Priced(amount) }
    }
}
