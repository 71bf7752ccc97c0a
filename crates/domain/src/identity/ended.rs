//! Removes ended sessions, API tokens and device logins, and expired invitations.

use time::Duration;

use super::error::IdentityError;
use crate::deps::Deps;

/// The most sessions, and the most tokens, that one transaction removes: its locks must not delay requests.
const BATCH: u32 = 5_000;

/// Removes what has ended.
#[derive(Clone)]
pub struct EndedSignIns {
    deps: Deps,
}

impl EndedSignIns {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Removes what ended at least `kept` ago in batches, each in its own transaction, until none is left or `stop` returns true.
    /// Returns the number of removed sessions and tokens.
    ///
    /// Device logins are not kept: their user codes are short, so that an ended one must become free.
    pub async fn forget(&self, kept: Duration, stop: impl Fn() -> bool) -> Result<u64, IdentityError> {
        let mut forgotten = 0;
        while !stop() {
            let mut tx = self.deps.begin().await?;
            let now = self.deps.now();
            let sessions = tx.sessions().forget_ended(now - kept, BATCH).await?;
            let tokens = tx.api_tokens().forget_ended(now - kept, BATCH).await?;
            tx.device_logins().forget_ended(now).await?;
            tx.invitations().forget_expired(now - kept).await?;
            tx.commit().await?;
            forgotten += sessions + tokens;
            if sessions.max(tokens) < u64::from(BATCH) {
                break;
            }
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use pollster::block_on;

    use super::*;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;

    const KEPT: Duration = Duration::days(3);

    /// The removed rows and the number of transactions, if the batches remove these sessions and tokens.
    fn forget(batches: &[(u64, u64)], stop: impl Fn() -> bool) -> (u64, usize) {
        let left = Arc::new(Mutex::new(batches.iter().rev().copied().collect::<Vec<_>>()));
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            let (sessions, tokens) = left.lock().expect("batches").pop().expect("a batch more");
            tx.sessions.expect_forget_ended().returning(move |now, most| {
                assert_eq!((now, most), (NOW - KEPT, 5_000));
                Ok(sessions)
            });
            tx.api_tokens.expect_forget_ended().returning(move |now, _| {
                assert_eq!(now, NOW - KEPT);
                Ok(tokens)
            });
            tx.invitations.expect_forget_expired().withf(|now| *now == NOW - KEPT).returning(|_| Ok(()));
            tx.device_logins.expect_forget_ended().times(1).withf(|now| *now == NOW).returning(|_| Ok(()));
            tx
        });
        let ended = EndedSignIns::new(store.deps());
        (block_on(ended.forget(KEPT, stop)).expect("forgotten"), commits.load(Ordering::SeqCst))
    }

    #[test]
    fn ended_sign_ins_are_removed_in_batches() {
        assert_eq!(forget(&[(0, 0)], || false), (0, 1));
        assert_eq!(forget(&[(5_000, 1), (2, 5_000), (0, 3)], || false), (10_006, 3));
        assert_eq!(forget(&[(5_000, 1)], || true), (0, 0));
    }
}
