//! A transaction for tests: every repository is a mock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::identity::ports::{
    ExternalAccountRepository, MockExternalAccountRepository, MockSessionRepository, SessionRepository,
};
use crate::social::ports::{FollowRepository, MockFollowRepository};
use crate::store::{MockStore, StoreError, UnitOfWork};
use crate::usage::ports::{LedgerRepository, MockLedgerRepository};
use crate::users::ports::{MockUserRepository, UserRepository};

/// One transaction whose repositories do what a test tells them.
#[derive(Default)]
pub struct TestUnitOfWork {
    /// The accounts.
    pub users: MockUserRepository,
    /// The signed-in sessions.
    pub sessions: MockSessionRepository,
    /// The accounts at providers.
    pub external_accounts: MockExternalAccountRepository,
    /// Who follows whom.
    pub follows: MockFollowRepository,
    /// The ledger.
    pub ledger: MockLedgerRepository,
    /// How many transactions were committed; share one counter to count several.
    pub commits: Arc<AtomicUsize>,
}

impl TestUnitOfWork {
    /// A store each of whose transactions comes from `open`.
    pub fn store(open: impl Fn() -> Self + Send + Sync + 'static) -> MockStore {
        let mut store = MockStore::new();
        store.expect_begin().returning(move || Ok(Box::new(open())));
        store
    }
}

#[async_trait]
impl UnitOfWork for TestUnitOfWork {
    fn users(&mut self) -> &mut dyn UserRepository {
        &mut self.users
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        &mut self.sessions
    }

    fn external_accounts(&mut self) -> &mut dyn ExternalAccountRepository {
        &mut self.external_accounts
    }

    fn follows(&mut self) -> &mut dyn FollowRepository {
        &mut self.follows
    }

    fn ledger(&mut self) -> &mut dyn LedgerRepository {
        &mut self.ledger
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
