//! Removes old audit records.

use time::Duration;

use super::error::AdministrationError;
use crate::deps::Deps;

/// The records that one transaction removes.
const BATCH: u32 = 5_000;

/// Removes audit records by age. Records are never changed, and nothing else removes them (I8).
#[derive(Clone)]
pub struct AuditRetention {
    deps: Deps,
}

impl AuditRetention {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Removes records older than `kept` in batches, each in a transaction of its own, until none is left or `stop` returns true.
    /// Returns their number.
    pub async fn prune(&self, kept: Duration, stop: impl Fn() -> bool) -> Result<u64, AdministrationError> {
        let mut pruned = 0;
        while !stop() {
            let mut tx = self.deps.begin().await?;
            let batch = tx.administration().prune_audit_log(self.deps.now() - kept, BATCH).await?;
            tx.commit().await?;
            pruned += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
        Ok(pruned)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use pollster::block_on;

    use super::*;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;

    /// The removed records and the number of transactions, if the batches remove these records.
    fn prune(batches: &[u64], stop: impl Fn() -> bool) -> (u64, usize) {
        let left = Arc::new(Mutex::new(batches.iter().rev().copied().collect::<Vec<_>>()));
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            let batch = left.lock().expect("batches").pop().expect("a batch more");
            tx.administration.expect_prune_audit_log().returning(move |before, most| {
                assert_eq!((before, most), (NOW - Duration::days(90), 5_000));
                Ok(batch)
            });
            tx
        });
        let audit = AuditRetention::new(store.deps());
        (block_on(audit.prune(Duration::days(90), stop)).expect("pruned"), commits.load(Ordering::SeqCst))
    }

    #[test]
    fn audit_records_are_removed_in_batches() {
        assert_eq!(prune(&[0], || false), (0, 1));
        assert_eq!(prune(&[5_000, 5_000, 7], || false), (10_007, 3));
        assert_eq!(prune(&[5_000], || true), (0, 0));
        let looks = Cell::new(0);
        assert_eq!(prune(&[5_000, 5_000], || looks.replace(looks.get() + 1) == 1), (5_000, 1));
    }
}
