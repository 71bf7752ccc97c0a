//! What every use case is built from.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::clock::Clock;
use crate::error::{DomainError, ErrorKind, StoreError};
use crate::ids::Ids;
use crate::store::{Reads, Store, UnitOfWork};

/// The most attempts of a use case that collides with others.
const ATTEMPTS: u32 = 6;

/// The longest pause after the first collision. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The store, the clock and the source of identifiers. Clones share them.
#[derive(Clone)]
pub struct Deps {
    /// Opens transactions and reads projections.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New identifiers and secrets.
    pub ids: Arc<dyn Ids>,
}

impl Deps {
    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.store.begin().await
    }

    /// The projections of the store.
    pub(crate) fn reads(&self) -> &dyn Reads {
        self.store.reads()
    }

    /// The current instant.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Runs the use case `attempt`, and runs it again from the beginning where the database ended one of its transactions in
    /// favour of another ([`StoreError::Collided`]). After six attempts the collision is the answer.
    ///
    /// Every use case that writes runs in it (I10), because a use case cannot foresee which transactions meet.
    pub(crate) async fn retried<T, E: DomainError, F: Future<Output = Result<T, E>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, E> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match attempt().await {
                Err(error) if error.kind() == ErrorKind::Collided => self.store.pause(pause).await,
                done => return done,
            }
            pause *= 2;
        }
        attempt().await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::{Arc, Mutex};

    use pollster::block_on;

    use super::*;
    use crate::testing::TestUnitOfWork;

    /// The result of a use case that collides `collisions` times, the number of attempts, and the pauses in milliseconds.
    fn collide(collisions: u32) -> (Result<&'static str, StoreError>, u32, Vec<u128>) {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let recorded = pauses.clone();
        let deps = TestUnitOfWork::store(TestUnitOfWork::default)
            .with_pauses(move |longest| recorded.lock().expect("pauses").push(longest.as_millis()))
            .deps();
        let attempts = Cell::new(0);
        let done = block_on(deps.retried(|| async {
            attempts.set(attempts.get() + 1);
            if attempts.get() > collisions { Ok("done") } else { Err(StoreError::Collided("deadlock".into())) }
        }));
        let pauses = pauses.lock().expect("pauses").clone();
        (done, attempts.get(), pauses)
    }

    #[test]
    fn retried_collision_is_attempted_after_growing_pauses() {
        for (collisions, attempts, pauses) in
            [(0, 1, vec![]), (1, 2, vec![20]), (2, 3, vec![20, 40]), (5, 6, vec![20, 40, 80, 160, 320])]
        {
            let (done, attempted, paused) = collide(collisions);
            assert_eq!((done.expect("it succeeds"), attempted, paused), ("done", attempts, pauses), "{collisions}");
        }
    }

    #[test]
    fn retried_repeated_collision_fails_after_six_attempts() {
        let (done, attempted, _) = collide(100);
        let error = done.expect_err("it collided");
        assert_eq!((error.kind(), attempted), (ErrorKind::Collided, 6));
    }

    #[test]
    fn retried_other_failure_is_attempted_once() {
        for failure in [
            StoreError::Unavailable("away".into()),
            StoreError::Internal("no such column".into()),
            StoreError::Conflict { constraint: "users_email_key".into() },
        ] {
            let (deps, attempts) = (TestUnitOfWork::store(TestUnitOfWork::default).deps(), Cell::new(0));
            let failed = block_on(deps.retried::<(), _, _>(|| async {
                attempts.set(attempts.get() + 1);
                Err(failure.clone())
            }));
            assert_eq!((failed.expect_err("it failed").kind(), attempts.get()), (failure.kind(), 1));
        }
    }
}
