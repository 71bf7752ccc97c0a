//! Overrides: prices that an administrator decides, which come before whatever a table says.

use std::sync::Arc;

use time::OffsetDateTime;

use super::error::PricingError;
use super::ports::PriceReader;
use super::rates::Prices;
use crate::clock::Clock;
use crate::ids::UserId;
use crate::store::Store;
use crate::usage::{ModelName, Provider};

/// What a model costs by decision, from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The model, exactly as tools name it; no normalisation applies.
    pub model: ModelName,
    /// Whose price it is; `None` is anybody's, also where the client names no provider.
    pub provider: Option<Provider>,
    /// From when on, whatever was decided before for the time after it.
    pub valid_from: OffsetDateTime,
    /// The prices, of which zeros are meant; `None` ends the override, and the tables count again.
    pub prices: Option<Prices>,
}

/// An override with who decided it, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub decided: Override,
    /// By whom; `None` once that account is gone for good.
    pub by: Option<UserId>,
    /// When.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: Reason,
}

/// Why somebody decided something: 1 to 500 characters, not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The most characters of a reason.
    pub const LONGEST: usize = 500;

    /// Takes a reason without the blanks around it; `None` where nothing is left, it is too long, or it has a NUL.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count()) && !text.contains('\0');
        fits.then(|| Self(text.to_owned()))
    }

    /// Takes a reason that was checked before, such as one read back from the database.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The use cases of overrides, for administrators: whoever calls has checked that `by` is one.
///
/// An override prices messages that come after it is stored, and, with the next [`Repricing`](crate::usage::Repricing), those
/// that have no price yet. What has a price keeps it: costs are facts of the time they were priced at. Nothing is ever deleted:
/// each decision is a row of its own.
#[derive(Clone)]
pub struct PriceOverrides {
    store: Arc<dyn Store>,
    reader: Arc<dyn PriceReader>,
    clock: Arc<dyn Clock>,
}

impl PriceOverrides {
    /// Keeps overrides in `store`.
    pub fn new(store: Arc<dyn Store>, reader: Arc<dyn PriceReader>, clock: Arc<dyn Clock>) -> Self {
        Self { store, reader, clock }
    }

    /// Decides `decided`, which has prices. Its instant may be in the past or in the future; it is the end of what was decided
    /// for the time after it. Other processes follow within moments.
    pub async fn set(&self, by: UserId, decided: Override, reason: Reason) -> Result<Decision, PricingError> {
        if !decided.prices.as_ref().is_some_and(Prices::are_plausible) {
            return Err(PricingError::Implausible);
        }
        let decision = Decision { decided, by: Some(by), at: self.clock.now(), reason };
        let mut tx = self.store.begin().await?;
        tx.prices().lock().await?;
        tx.prices().insert_decision(&decision).await?;
        tx.prices().next_edition().await?;
        tx.commit().await?;
        Ok(decision)
    }

    /// Ends the override of exactly this model and provider, now and for all time after; what is decided for a later time
    /// goes with it. Fails where none stands or is to come.
    pub async fn remove(
        &self,
        by: UserId,
        model: ModelName,
        provider: Option<Provider>,
        reason: Reason,
    ) -> Result<Decision, PricingError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.prices().lock().await?;
        let last = tx.prices().last_decision(&model, provider.clone()).await?;
        if last.is_none_or(|last| last.prices.is_none()) {
            return Err(PricingError::NotOverridden(model));
        }
        let decided = Override { model, provider, valid_from: now, prices: None };
        let decision = Decision { decided, by: Some(by), at: now, reason };
        tx.prices().insert_decision(&decision).await?;
        tx.prices().next_edition().await?;
        tx.commit().await?;
        Ok(decision)
    }

    /// Every decision there ever was, the latest first.
    pub async fn list(&self) -> Result<Vec<Decision>, PricingError> {
        let mut decisions = self.reader.decisions().await?;
        decisions.reverse();
        Ok(decisions)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::current::Edition;
    use super::super::line;
    use super::super::ports::MockPriceReader;
    use super::*;
    use crate::clock::FixedClock;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;
    use uuid::Uuid;

    const ADMIN: UserId = UserId(Uuid::from_u128(7));

    fn decided(prices: Option<&str>) -> Override {
        Override {
            model: ModelName::trusted("house-model"),
            provider: None,
            valid_from: NOW,
            prices: prices.map(|prices| line::prices(prices).expect("prices")),
        }
    }

    fn because() -> Reason {
        Reason::parse(" by contract ").expect("a reason")
    }

    /// The use cases where `last` is the last decision, and how often they committed.
    fn overrides(last: Option<Override>) -> (PriceOverrides, Arc<AtomicUsize>) {
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&commits);
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: Arc::clone(&counted), ..TestUnitOfWork::default() };
            let last = last.clone();
            tx.prices.expect_lock().returning(|| Ok(super::super::ports::Origin::default()));
            tx.prices.expect_last_decision().returning(move |_, _| Ok(last.clone()));
            tx.prices.expect_insert_decision().returning(|_| Ok(()));
            tx.prices.expect_next_edition().returning(|| Ok(Edition(1)));
            tx
        });
        let reader = Arc::new(MockPriceReader::new());
        (PriceOverrides::new(Arc::new(store), reader, Arc::new(FixedClock(NOW))), commits)
    }

    #[test]
    fn a_decision_says_who_when_and_why() {
        let (overrides, commits) = overrides(None);
        let decision = pollster::block_on(overrides.set(ADMIN, decided(Some("in=0 out=0")), because()));
        let decision = decision.expect("a decision");
        assert_eq!((decision.by, decision.at, decision.reason.as_str()), (Some(ADMIN), NOW, "by contract"));
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_price_beyond_reason_or_none_is_refused() {
        for prices in [Some("in=1001 out=1"), None] {
            let (overrides, commits) = overrides(None);
            let refused = pollster::block_on(overrides.set(ADMIN, decided(prices), because()));
            assert!(matches!(refused, Err(PricingError::Implausible)), "{refused:?}");
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn only_what_stands_is_ended() {
        for (last, ends) in [(None, false), (Some(decided(None)), false), (Some(decided(Some("in=1 out=1"))), true)] {
            let (overrides, commits) = overrides(last);
            let model = ModelName::trusted("house-model");
            let ended = pollster::block_on(overrides.remove(ADMIN, model, None, because()));
            assert_eq!(ended.as_ref().is_ok_and(|ended| ended.decided == decided(None)), ends, "{ended:?}");
            assert_eq!(matches!(ended, Err(PricingError::NotOverridden(_))), !ends);
            assert_eq!(commits.load(Ordering::SeqCst), usize::from(ends));
        }
    }

    #[test]
    fn a_reason_says_something() {
        for (text, is_one) in [("x", true), ("  ", false), ("", false), ("a\0b", false)] {
            assert_eq!(Reason::parse(text).is_some(), is_one, "{text:?}");
        }
        assert!(Reason::parse(&"ü".repeat(500)).is_some() && Reason::parse(&"ü".repeat(501)).is_none());
    }
}
