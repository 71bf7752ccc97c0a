//! Price overrides: prices set by administrators, which precede the tables.

use std::collections::HashSet;

use super::error::PricingError;
use super::price_override::{ListedPriceDecision, PriceDecision, PriceDecisionId, PriceOverride};
use super::rates::Prices;
use crate::administration::{AdminAction, AdminActionKind, Administrator, AuditReason, AuditTarget};
use crate::deps::Deps;
use crate::ids::JobId;
use crate::jobs::{Job, NewJob};
use crate::payload::Value;
use crate::store::UnitOfWork;
use crate::text::rfc3339;
use crate::usage::Provider;

/// The use cases of overrides, for administrators.
///
/// An override prices messages that arrive after it. The [`Repricing`](crate::usage::Repricing) that is queued with it prices
/// messages without a price. A stored cost stays (I8). Each decision is a row of its own; none is deleted.
#[derive(Clone)]
pub struct PriceOverrides {
    deps: Deps,
}

impl PriceOverrides {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Sets the override `decided`, which has prices. Its instant may be in the past or the future; it ends earlier decisions
    /// for the time after it. Other processes follow within 30 s.
    pub async fn set(
        &self,
        by: &Administrator,
        decided: PriceOverride,
        reason: AuditReason,
    ) -> Result<PriceDecision, PricingError> {
        self.deps.retried(|| self.set_once(by, decided.clone(), reason.clone())).await
    }

    async fn set_once(
        &self,
        by: &Administrator,
        decided: PriceOverride,
        reason: AuditReason,
    ) -> Result<PriceDecision, PricingError> {
        if !decided.prices.as_ref().is_some_and(Prices::are_plausible) {
            return Err(PricingError::Implausible);
        }
        let mut tx = self.deps.begin().await?;
        tx.prices().lock().await?;
        self.decide(tx, by, decided, reason).await
    }

    /// Ends the override of the decision `id` from now on. Fails if it is not in effect: it was ended, or a later decision on
    /// the same model and provider replaced it.
    pub async fn remove(
        &self,
        by: &Administrator,
        id: PriceDecisionId,
        reason: AuditReason,
    ) -> Result<PriceDecision, PricingError> {
        self.deps.retried(|| self.remove_once(by, id, reason.clone())).await
    }

    async fn remove_once(
        &self,
        by: &Administrator,
        id: PriceDecisionId,
        reason: AuditReason,
    ) -> Result<PriceDecision, PricingError> {
        let mut tx = self.deps.begin().await?;
        tx.prices().lock().await?;
        let decided = tx.prices().decision(id).await?.ok_or(PricingError::NotOverridden(id))?;
        let last = tx.prices().last_decision(&decided.model, decided.provider.clone()).await?;
        if last != Some(id) || decided.prices.is_none() {
            return Err(PricingError::NotOverridden(id));
        }
        let end = PriceOverride { valid_from: self.deps.now(), prices: None, ..decided };
        self.decide(tx, by, end, reason).await
    }

    /// Stores the decision with its log entry, and queues the pricing of messages without a price.
    async fn decide(
        &self,
        mut tx: Box<dyn UnitOfWork>,
        by: &Administrator,
        decided: PriceOverride,
        reason: AuditReason,
    ) -> Result<PriceDecision, PricingError> {
        let now = self.deps.now();
        let id = tx.prices().insert_decision(&decided, by.id(), now, &reason).await?;
        tx.prices().next_edition().await?;
        let job = NewJob { job: Job::Reprice, key: format!("override:{id}"), run_at: now };
        tx.jobs().enqueue(&[(JobId(self.deps.ids.fresh()), job)], now).await?;
        admin_action(id, &decided, &reason).record(tx.administration(), &*self.deps.ids, by, now).await?;
        tx.commit().await?;
        Ok(PriceDecision { id, decided, by: Some(by.id()), at: now, reason })
    }

    /// All decisions, the latest first.
    pub async fn list(&self, _: &Administrator) -> Result<Vec<ListedPriceDecision>, PricingError> {
        let mut decisions = self.deps.reads().prices().decisions().await?;
        decisions.reverse();
        Ok(standing(decisions))
    }
}

/// Marks the decisions in effect among `decisions`, the latest first.
fn standing(decisions: Vec<PriceDecision>) -> Vec<ListedPriceDecision> {
    let mut later = HashSet::new();
    let listed = |decision: PriceDecision| {
        let PriceOverride { model, provider, prices, .. } = &decision.decided;
        let is_last = later.insert((model.clone(), provider.clone()));
        ListedPriceDecision { stands: is_last && prices.is_some(), decision }
    };
    decisions.into_iter().map(listed).collect()
}

/// The log entry of the decision `id`.
fn admin_action(id: PriceDecisionId, decided: &PriceOverride, reason: &AuditReason) -> AdminAction {
    let PriceOverride { model, provider, valid_from, prices } = decided;
    let action = if prices.is_some() { AdminActionKind::SetPrice } else { AdminActionKind::EndPrice };
    let details = vec![
        ("decision", Value::Integer(id.0)),
        ("provider", provider.as_ref().map(Provider::as_str).into()),
        ("valid_from", rfc3339(*valid_from).into()),
        ("prices", prices.as_ref().map(ToString::to_string).into()),
        ("reason", reason.as_str().into()),
    ];
    AdminAction::new(action, AuditTarget::Model(model.clone()), details)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use uuid::Uuid;

    use super::super::current::Edition;
    use super::super::line;
    use super::*;
    use crate::administration::{AuditActor, AuditRecord};
    use crate::ids::UserId;
    use crate::testing::TestUnitOfWork;
    use crate::usage::ModelName;
    use crate::usage::testing::NOW;

    const ADMIN: UserId = UserId(Uuid::from_u128(7));
    const LAST: PriceDecisionId = PriceDecisionId(4);
    const NEXT: PriceDecisionId = PriceDecisionId(5);

    fn admin() -> Administrator {
        Administrator::unchecked(ADMIN)
    }

    fn decided(prices: Option<&str>) -> PriceOverride {
        PriceOverride {
            model: ModelName::trusted("house-model"),
            provider: None,
            valid_from: NOW,
            prices: prices.map(|prices| line::prices(prices).expect("prices")),
        }
    }

    fn because() -> AuditReason {
        AuditReason::parse(" by contract ").expect("a reason")
    }

    /// The recorded changes of a test.
    #[derive(Clone, Default)]
    struct Done {
        commits: Arc<AtomicUsize>,
        jobs: Arc<Mutex<Vec<String>>>,
        recorded: Arc<Mutex<Vec<AuditRecord>>>,
    }

    /// The use cases with `last` as decision 4, the last one.
    fn overrides(last: Option<PriceOverride>) -> (PriceOverrides, Done) {
        let done = Done::default();
        let kept = done.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: Arc::clone(&kept.commits), ..TestUnitOfWork::default() };
            let (last, jobs, recorded) = (last.clone(), kept.jobs.clone(), kept.recorded.clone());
            let is_there = last.is_some();
            tx.prices.expect_lock().returning(|| Ok(super::super::ports::TableOrigin::default()));
            tx.prices.expect_decision().returning(move |id| Ok(last.clone().filter(|_| id <= LAST)));
            tx.prices.expect_last_decision().returning(move |_, _| Ok(is_there.then_some(LAST)));
            tx.prices.expect_insert_decision().returning(|_, _, _, _| Ok(NEXT));
            tx.prices.expect_next_edition().returning(|| Ok(Edition(1)));
            tx.jobs.expect_enqueue().returning(move |queued, now| {
                let names = queued.iter().map(|(_, job)| format!("{} {}", job.job.kind().name(), job.key));
                jobs.lock().expect("a list").extend(names);
                assert!(queued.iter().all(|(_, job)| job.run_at == now));
                Ok(1)
            });
            tx.administration.expect_record().returning(move |entry| {
                recorded.lock().expect("a list").push(entry.clone());
                Ok(())
            });
            tx
        });
        (PriceOverrides::new(store.deps()), done)
    }

    #[test]
    fn override_records_author_and_queues_repricing() {
        let (overrides, done) = overrides(None);
        let decision = pollster::block_on(overrides.set(&admin(), decided(Some("in=0 out=0")), because()));
        let decision = decision.expect("a decision");
        assert_eq!((decision.id, decision.by, decision.at), (NEXT, Some(ADMIN), NOW));
        assert_eq!(decision.reason.as_str(), "by contract");
        assert_eq!(done.commits.load(Ordering::SeqCst), 1);
        assert_eq!(*done.jobs.lock().expect("a list"), ["reprice override:5"]);
        let recorded = done.recorded.lock().expect("a list");
        assert_eq!((recorded.len(), &recorded[0].actor, recorded[0].at), (1, &AuditActor::Administrator(admin()), NOW));
        assert_eq!(
            (recorded[0].action.kind, recorded[0].action.target.name().as_str()),
            (AdminActionKind::SetPrice, "house-model")
        );
        let expected: Vec<(&str, Value)> = vec![
            ("decision", Value::Integer(5)),
            ("provider", Value::Nothing),
            ("valid_from", rfc3339(NOW).into()),
            ("prices", "in=0 out=0".into()),
            ("reason", "by contract".into()),
        ];
        assert_eq!(recorded[0].action.details, expected);
    }

    #[test]
    fn override_without_or_with_implausible_price_is_refused() {
        for prices in [Some("in=1001 out=1"), None] {
            let (overrides, done) = overrides(None);
            let refused = pollster::block_on(overrides.set(&admin(), decided(prices), because()));
            assert!(matches!(refused, Err(PricingError::Implausible)), "{refused:?}");
            assert_eq!(done.commits.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn override_only_last_one_can_be_ended() {
        let stands = || Some(decided(Some("in=1 out=1")));
        for (last, id, ends) in [
            (None, LAST, false),
            (Some(decided(None)), LAST, false),
            (stands(), PriceDecisionId(3), false),
            (stands(), NEXT, false),
            (stands(), LAST, true),
        ] {
            let (overrides, done) = overrides(last);
            let ended = pollster::block_on(overrides.remove(&admin(), id, because()));
            assert_eq!(ended.as_ref().is_ok_and(|ended| ended.decided == decided(None)), ends, "{ended:?}");
            assert_eq!(matches!(ended, Err(PricingError::NotOverridden(missing)) if missing == id), !ends);
            assert_eq!(done.commits.load(Ordering::SeqCst), usize::from(ends));
            assert_eq!(done.jobs.lock().expect("a list").len(), usize::from(ends));
            let actions: Vec<AdminActionKind> =
                done.recorded.lock().expect("a list").iter().map(|recorded| recorded.action.kind).collect();
            assert_eq!(actions, vec![AdminActionKind::EndPrice; usize::from(ends)]);
        }
    }

    #[test]
    fn override_last_one_with_prices_stands() {
        let of = |id, model: &str, provider: Option<&str>, prices| PriceDecision {
            id: PriceDecisionId(id),
            decided: PriceOverride {
                model: ModelName::trusted(model),
                provider: provider.map(Provider::trusted),
                ..decided(prices)
            },
            by: None,
            at: NOW,
            reason: because(),
        };
        let some = Some("in=1 out=1");
        let all = [
            of(6, "a", None, some),
            of(5, "b", None, None),
            of(4, "b", Some("house"), some),
            of(3, "b", None, some),
            of(2, "a", None, None),
            of(1, "a", None, some),
        ];
        let stand: Vec<bool> = standing(all.into()).iter().map(|listed| listed.stands).collect();
        assert_eq!(stand, [true, false, true, false, false, false]);
    }
}
