//! One transaction, which is every repository at once (one `impl` per file).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use diesel::sql_types::Uuid;
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use domain::accounts::ports::AccountRepository;
use domain::achievements::ports::ProgressRepository;
use domain::administration::ports::AdministrationRepository;
use domain::dashboard::ports::PlatformRepository;
use domain::error::StoreError;
use domain::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, LoginAttemptRepository, SessionRepository,
};
use domain::insights::ports::{BenchmarkRepository, WeeklyRepository};
use domain::jobs::JobQueue;
use domain::leaderboard::ports::LeaderboardRepository;
use domain::notifications::ports::NotificationRepository;
use domain::plausibility::ports::PlausibilityRepository;
use domain::portability::ports::ImportRepository;
use domain::pricing::ports::PriceRepository;
use domain::projects::ports::ProjectRepository;
use domain::referrals::ports::ReferralRepository;
use domain::social::ports::FollowRepository;
use domain::store::UnitOfWork;
use domain::usage::ports::LedgerRepository;
use domain::usage::{MachineId, Model, Source};
use domain::users::ports::{PurgeRepository, UserRepository};

use crate::dictionary::{Dictionary, Made, Shared};
use crate::error::store_error;
use crate::ledger::account_names::AccountNames;
use crate::pool::Pooled;
use crate::statement::{Statement, statement};

/// A transaction on a connection of its own.
pub(crate) struct PgUnitOfWork {
    /// Taken when the transaction ends.
    connection: Option<Pooled>,
    dictionary: Arc<Dictionary>,
    /// The names whose keys this transaction made.
    made: Made,
    /// The names that an account uses which this transaction changes.
    pub(crate) account_names: AccountNames,
    /// The machines this transaction met, by their key.
    pub(crate) machines: HashMap<i32, MachineId>,
    /// Whether what people are told is queued for their e-mail addresses, too.
    pub(crate) sends_email: bool,
}

impl PgUnitOfWork {
    pub(crate) async fn begin(connection: Pooled, dictionary: Arc<Dictionary>) -> Result<Self, StoreError> {
        Self::begin_with(connection, dictionary, "BEGIN").await
    }

    /// Begins one with the statement `begin`, which says how it sees what others change.
    pub(crate) async fn begin_with(
        mut connection: Pooled,
        dictionary: Arc<Dictionary>,
        begin: &str,
    ) -> Result<Self, StoreError> {
        connection.forget_failures();
        AnsiTransactionManager::begin_transaction_sql(&mut connection.pg, begin).await.map_err(store_error)?;
        let (made, machines, account_names) = (Made::default(), HashMap::new(), AccountNames::default());
        Ok(Self { connection: Some(connection), dictionary, made, account_names, machines, sends_email: false })
    }

    /// The connection, for one statement after the other.
    pub(crate) fn connection(&mut self) -> Result<&mut AsyncPgConnection, StoreError> {
        self.connection.as_mut().map(|connection| &mut connection.pg).ok_or_else(ended)
    }

    /// The connection, for statements that may be under way at once.
    pub(crate) fn shared(&self) -> Result<&AsyncPgConnection, StoreError> {
        self.connection.as_ref().map(|connection| &connection.pg).ok_or_else(ended)
    }

    /// Runs `statement`; returns how many rows it wrote.
    pub(crate) async fn run<Columns>(&mut self, statement: Statement<'_, Columns>) -> Result<u64, StoreError>
    where
        Columns: Send,
    {
        Ok(statement.execute(self.connection()?).await.map_err(store_error)? as u64)
    }

    /// Runs statements that have no parameters, from `text`.
    pub(crate) async fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.connection()?.batch_execute(text).await.map_err(store_error)
    }

    /// Runs the statement `text`, which leaves accounts out of what `job` computes over everybody, and logs each of them.
    pub(crate) async fn leave_out(&mut self, text: &'static str, job: &'static str) -> Result<(), StoreError> {
        let accounts: Vec<uuid::Uuid> = statement::<Uuid>(text).load(self.connection()?).await.map_err(store_error)?;
        for user in accounts {
            tracing::warn!(job, user_id = %user, "account left out: its sums are out of range; rebuild it");
        }
        Ok(())
    }

    /// Gives the sorts of this transaction the room that everybody's rows need; one person's need less.
    pub(crate) async fn make_room(&mut self) -> Result<(), StoreError> {
        self.batch("SET LOCAL work_mem = '64MB'").await
    }

    /// The keys of these sources, made where there are none.
    pub(crate) async fn source_keys(&mut self, wanted: BTreeSet<Source>) -> Result<HashMap<Source, i32>, StoreError> {
        self.keys(wanted).await
    }

    /// The keys of these models, made where there are none.
    pub(crate) async fn model_keys(&mut self, wanted: BTreeSet<Model>) -> Result<HashMap<Model, i32>, StoreError> {
        self.keys(wanted).await
    }

    /// The names that `keys` stand for.
    pub(crate) async fn names<N: Shared>(&mut self, keys: BTreeSet<i32>) -> Result<HashMap<i32, N>, StoreError> {
        let connection = self.connection.as_mut().ok_or_else(ended)?;
        self.dictionary.names(&mut connection.pg, keys).await
    }

    /// The keys of those of `wanted` that have one.
    pub(crate) async fn known_keys<N: Shared>(&mut self, wanted: BTreeSet<N>) -> Result<HashMap<N, i32>, StoreError> {
        let connection = self.connection.as_mut().ok_or_else(ended)?;
        self.dictionary.known_keys(&mut connection.pg, &mut self.made, wanted).await.map(|(known, _)| known)
    }

    /// Makes those of `wanted` that [`known_keys`](Self::known_keys) did not find.
    pub(crate) async fn make<N: Shared>(&mut self, wanted: BTreeSet<N>) -> Result<(), StoreError> {
        let connection = self.connection.as_mut().ok_or_else(ended)?;
        self.dictionary.make(&mut connection.pg, &mut self.made, wanted).await
    }

    async fn keys<N: Shared>(&mut self, wanted: BTreeSet<N>) -> Result<HashMap<N, i32>, StoreError> {
        let connection = self.connection.as_mut().ok_or_else(ended)?;
        self.dictionary.keys(&mut connection.pg, &mut self.made, wanted).await
    }
}

fn ended() -> StoreError {
    StoreError::Internal("the transaction has ended".to_owned())
}

#[async_trait]
impl UnitOfWork for PgUnitOfWork {
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn purge(&mut self) -> &mut dyn PurgeRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn device_logins(&mut self) -> &mut dyn DeviceLoginRepository {
        self
    }

    fn api_tokens(&mut self) -> &mut dyn ApiTokenRepository {
        self
    }

    fn login_attempts(&mut self) -> &mut dyn LoginAttemptRepository {
        self
    }

    fn external_accounts(&mut self) -> &mut dyn ExternalAccountRepository {
        self
    }

    fn follows(&mut self) -> &mut dyn FollowRepository {
        self
    }

    fn accounts(&mut self) -> &mut dyn AccountRepository {
        self
    }

    fn ledger(&mut self) -> &mut dyn LedgerRepository {
        self
    }

    fn progress(&mut self) -> &mut dyn ProgressRepository {
        self
    }

    fn jobs(&mut self) -> &mut dyn JobQueue {
        self
    }

    fn weekly(&mut self) -> &mut dyn WeeklyRepository {
        self
    }

    fn benchmarks(&mut self) -> &mut dyn BenchmarkRepository {
        self
    }

    fn platform(&mut self) -> &mut dyn PlatformRepository {
        self
    }

    fn plausibility(&mut self) -> &mut dyn PlausibilityRepository {
        self
    }

    fn referrals(&mut self) -> &mut dyn ReferralRepository {
        self
    }

    fn leaderboard(&mut self) -> &mut dyn LeaderboardRepository {
        self
    }

    fn prices(&mut self) -> &mut dyn PriceRepository {
        self
    }

    fn imports(&mut self) -> &mut dyn ImportRepository {
        self
    }

    fn projects(&mut self) -> &mut dyn ProjectRepository {
        self
    }

    fn administration(&mut self) -> &mut dyn AdministrationRepository {
        self
    }

    fn notifications(&mut self) -> &mut dyn NotificationRepository {
        self
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        // PostgreSQL answers COMMIT after a failed statement with ROLLBACK, which diesel takes for success.
        if self.connection.as_ref().is_none_or(|connection| connection.has_failed()) {
            return Err(StoreError::Internal("a statement of this transaction failed".to_owned()));
        }
        let mut connection = self.connection.take().ok_or_else(ended)?;
        AnsiTransactionManager::commit_transaction(&mut connection.pg).await.map_err(store_error)
    }
}

impl Drop for PgUnitOfWork {
    /// Rolls back in the background, so that the connection goes back to the pool clean: also when a client hung up.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if !connection.end_abandoned().await {
                return;
            }
            if let Err(error) = AnsiTransactionManager::rollback_transaction(&mut connection.pg).await {
                tracing::debug!(%error, "rollback failed; connection discarded");
            }
        });
    }
}
