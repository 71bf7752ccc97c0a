//! Checks accounts, and reads the findings.

use thiserror::Error;

use super::evidence::{Finding, Limits};
use super::ports::{Flags, Suspect};
use crate::administration::Administrator;
use crate::days::window_start;
use crate::deps::Deps;
use crate::error::{DomainError, ErrorDetails, StoreError};
use crate::ids::UserId;
use crate::page::{Page, PageRequest};

/// The use cases of plausibility.
#[derive(Clone)]
pub struct Plausibility {
    deps: Deps,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckReport {
    pub accounts: u64,
    pub reasons: u64,
}

#[derive(Debug, Error)]
pub enum PlausibilityError {
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for PlausibilityError {
    fn details(&self) -> ErrorDetails {
        let Self::Store(error) = self;
        error.details()
    }
}

impl Plausibility {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Checks all accounts and replaces the previous findings.
    pub async fn check(&self) -> Result<CheckReport, PlausibilityError> {
        let mut tx = self.deps.begin().await?;
        tx.plausibility().lock().await?;
        let now = self.deps.now();
        let limits = Limits::ALL;
        let found = tx.plausibility().look(&limits, window_start(now.date(), limits.days_back)).await?;
        let findings: Vec<Finding> = found.iter().filter_map(|(user, evidence)| evidence.judge(*user)).collect();
        let accounts = tx.plausibility().replace(&findings, now).await?;
        tx.commit().await?;
        Ok(CheckReport { accounts, reasons: findings.len() as u64 })
    }

    /// The reasons and the flag of `user`, for the owner.
    pub async fn flags(&self, user: UserId) -> Result<Flags, PlausibilityError> {
        Ok(self.deps.reads().plausibility().flags(user, self.deps.now()).await?)
    }

    /// The accounts whose highest score is at least `score`, the highest first.
    pub async fn suspects(
        &self,
        _: &Administrator,
        score: u8,
        request: PageRequest,
    ) -> Result<Page<Suspect>, PlausibilityError> {
        Ok(self.deps.reads().plausibility().suspects(score, self.deps.now(), request).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pollster::block_on;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    use super::super::ports::{MockPlausibilityReader, StandingFlag};
    use super::super::{Evidence, EvidenceKind, FlagReason};
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::{TestReads, TestStore, TestUnitOfWork};
    use crate::users::Username;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));

    #[test]
    fn check_stores_only_evidence_beyond_limits() {
        let now = datetime!(2026-11-22 12:30 UTC);
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork::default();
            tx.plausibility.expect_lock().times(1).returning(|| Ok(()));
            tx.plausibility.expect_look().times(1).returning(|limits, since| {
                assert_eq!((limits, since), (&Limits::ALL, date!(2026 - 08 - 25)));
                let day = date!(2026 - 11 - 22);
                Ok(vec![
                    (ADA, Evidence::Written { day, tokens: 864_000_001 }),
                    (BOB, Evidence::Written { day, tokens: 864_000_000 }),
                ])
            });
            tx.plausibility.expect_replace().times(1).returning(move |findings, at| {
                let kept: Vec<_> = findings.iter().map(|finding| (finding.user, finding.kind, finding.score)).collect();
                assert_eq!((kept, at), (vec![(ADA, EvidenceKind::OutputRate, 40)], now));
                Ok(1)
            });
            tx
        });
        let checked = block_on(Plausibility::new(store.deps_at(now)).check());
        assert_eq!(checked.expect("a check"), CheckReport { accounts: 1, reasons: 1 });
    }

    fn reading(reader: MockPlausibilityReader) -> Plausibility {
        let reads = TestReads { plausibility: reader, ..TestReads::default() };
        Plausibility::new(TestStore::reading(reads).deps_at(datetime!(2026-11-22 12:30 UTC)))
    }

    #[test]
    fn check_failure_replaces_nothing() {
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            tx.plausibility.expect_lock().returning(|| Ok(()));
            tx.plausibility.expect_look().returning(|_, _| Ok(Vec::new()));
            tx.plausibility.expect_replace().returning(|_, _| Err(StoreError::Unavailable("away".to_owned())));
            tx
        });
        let error = block_on(Plausibility::new(store.deps()).check()).expect_err("away");
        assert_eq!((error.kind(), commits.load(Ordering::SeqCst)), (ErrorKind::Unavailable, 0));
    }

    #[test]
    fn flags_are_read_as_of_now_for_owner() {
        let mut reader = MockPlausibilityReader::new();
        let now = datetime!(2026-11-22 12:30 UTC);
        let flag = StandingFlag { reason: "made up".to_owned(), created_at: now, expires_at: None };
        let standing = Some(flag);
        let shown_flags = Flags { reasons: Vec::new(), standing };
        let hers = shown_flags.clone();
        reader.expect_flags().withf(move |user, at| (*user, *at) == (ADA, now)).returning(move |_, _| Ok(hers.clone()));
        assert_eq!(block_on(reading(reader).flags(ADA)).expect("flags"), shown_flags);
    }

    #[test]
    fn suspects_have_requested_score() {
        let request = PageRequest { page: 2, size: 50 };
        let mut reader = MockPlausibilityReader::new();
        reader
            .expect_suspects()
            .withf(move |score, at, page| (*score, *at, *page) == (40, datetime!(2026-11-22 12:30 UTC), request))
            .returning(|_, _, request| Ok(Page { items: Vec::new(), total: 51, request }));
        let page = block_on(reading(reader).suspects(&Administrator::unchecked(BOB), 40, request)).expect("a page");
        assert_eq!((page.total, page.request), (51, request));
    }

    #[test]
    fn flags_score_is_that_of_strongest_reason() {
        let at = datetime!(2026-11-22 12:30 UTC);
        let reason = |score| FlagReason {
            kind: EvidenceKind::SameDays,
            score,
            message: String::new(),
            first_seen: at,
            last_seen: at,
        };
        let flags = |scores: &[u8]| Flags { reasons: scores.iter().map(|s| reason(*s)).collect(), standing: None };
        assert_eq!([flags(&[]), flags(&[7]), flags(&[30, 55, 40])].map(|flags| flags.score()), [0, 7, 55]);
        let suspect = |scores: &[u8]| Suspect {
            user: ADA,
            username: Username::trusted("ada"),
            reasons: scores.iter().map(|s| (reason(*s), None)).collect(),
            is_flagged: false,
        };
        assert_eq!([suspect(&[]), suspect(&[30, 55, 40])].map(|suspect| suspect.score()), [0, 55]);
    }
}
