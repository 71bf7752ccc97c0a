//! Transactions: a [`Store`] opens a [`UnitOfWork`], which hands out every repository.

use std::time::Duration;

use async_trait::async_trait;

use crate::accounts::ports::AccountRepository;
use crate::achievements::ports::ProgressRepository;
use crate::administration::ports::AdministrationRepository;
use crate::dashboard::ports::PlatformRepository;
use crate::error::{DomainError, StoreError};
use crate::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, LoginAttemptRepository, SessionRepository,
};
use crate::insights::ports::{BenchmarkRepository, WeeklyRepository};
use crate::jobs::JobQueue;
use crate::leaderboard::ports::LeaderboardRepository;
use crate::notifications::ports::NotificationRepository;
use crate::plausibility::ports::PlausibilityRepository;
use crate::portability::ports::ImportRepository;
use crate::pricing::ports::PriceRepository;
use crate::projects::ports::ProjectRepository;
use crate::referrals::ports::ReferralRepository;
use crate::social::ports::FollowRepository;
use crate::usage::ports::LedgerRepository;
use crate::users::ports::{PurgeRepository, UserRepository};

/// Begins transactions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a transaction on a connection of its own.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// Waits for a random time between half of `longest` and all of it, so that collided transactions do not collide again.
    async fn pause(&self, longest: Duration);
}

/// The most attempts of a use case that collides with others.
const ATTEMPTS: u32 = 6;

/// The longest pause after the first collision; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Runs the use case `attempt`, which begins its transactions in `store`. If the database aborts one of them because of others
/// ([`StoreError::Collided`]), it runs again from the beginning, up to six times; then the collision is returned as an
/// unavailable store.
///
/// Every use case that writes runs in it (I10), because a use case cannot foresee which transactions meet.
pub(crate) async fn retried<T, E: DomainError, F: Future<Output = Result<T, E>>>(
    store: &dyn Store,
    attempt: impl Fn() -> F,
) -> Result<T, E> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if error.code() == StoreError::COLLIDED => store.pause(pause).await,
            done => return done,
        }
        pause *= 2;
    }
    attempt().await
}

/// One transaction. Dropping it without [`commit`](Self::commit) undoes everything.
#[async_trait]
pub trait UnitOfWork: Send {
    fn users(&mut self) -> &mut dyn UserRepository;
    fn purge(&mut self) -> &mut dyn PurgeRepository;
    fn sessions(&mut self) -> &mut dyn SessionRepository;
    fn device_logins(&mut self) -> &mut dyn DeviceLoginRepository;
    fn api_tokens(&mut self) -> &mut dyn ApiTokenRepository;
    fn login_attempts(&mut self) -> &mut dyn LoginAttemptRepository;
    fn external_accounts(&mut self) -> &mut dyn ExternalAccountRepository;
    fn follows(&mut self) -> &mut dyn FollowRepository;
    fn accounts(&mut self) -> &mut dyn AccountRepository;
    fn ledger(&mut self) -> &mut dyn LedgerRepository;
    fn progress(&mut self) -> &mut dyn ProgressRepository;
    fn leaderboard(&mut self) -> &mut dyn LeaderboardRepository;
    fn notifications(&mut self) -> &mut dyn NotificationRepository;
    fn jobs(&mut self) -> &mut dyn JobQueue;
    fn weekly(&mut self) -> &mut dyn WeeklyRepository;
    fn benchmarks(&mut self) -> &mut dyn BenchmarkRepository;
    fn platform(&mut self) -> &mut dyn PlatformRepository;
    fn plausibility(&mut self) -> &mut dyn PlausibilityRepository;
    fn referrals(&mut self) -> &mut dyn ReferralRepository;
    fn prices(&mut self) -> &mut dyn PriceRepository;
    fn imports(&mut self) -> &mut dyn ImportRepository;
    fn projects(&mut self) -> &mut dyn ProjectRepository;
    fn administration(&mut self) -> &mut dyn AdministrationRepository;
    /// Makes all changes visible to others, or fails and undoes them.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::{Arc, Mutex};

    use pollster::block_on;

    use super::*;
    use crate::error::ErrorKind;

    /// The result of a use case that collides `collisions` times, the number of attempts, and the pauses in milliseconds.
    fn collide(collisions: u32) -> (Result<&'static str, StoreError>, u32, Vec<u128>) {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let noted = pauses.clone();
        let mut store = MockStore::new();
        store.expect_pause().returning(move |longest| noted.lock().expect("pauses").push(longest.as_millis()));
        let attempts = Cell::new(0);
        let done = block_on(retried(&store, || async {
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
    fn retried_repeated_collision_is_unavailable() {
        let (done, attempted, _) = collide(100);
        let error = done.expect_err("it collided");
        assert_eq!((error.kind(), error.code(), attempted), (ErrorKind::Unavailable, "store_collided", 6));
    }

    #[test]
    fn retried_other_failure_is_attempted_once() {
        for failure in [
            StoreError::Unavailable("away".into()),
            StoreError::Internal("no such column".into()),
            StoreError::Conflict { constraint: "users_email_key".into() },
        ] {
            let attempts = Cell::new(0);
            let code = failure.code();
            let failed = block_on(retried::<(), _, _>(&MockStore::new(), || async {
                attempts.set(attempts.get() + 1);
                Err(failure.clone())
            }));
            assert_eq!((failed.expect_err("it failed").code(), attempts.get()), (code, 1));
        }
    }
}
