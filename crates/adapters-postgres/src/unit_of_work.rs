//! One transaction, which is every repository at once (one `impl` per file).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};
use domain::accounts::ports::AccountRepository;
use domain::achievements::ports::ProgressRepository;
use domain::administration::ports::AdministrationRepository;
use domain::dashboard::ports::PlatformRepository;
use domain::error::StoreError;
use domain::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, InvitationRepository, LoginAttemptRepository,
    SessionRepository,
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
use domain::usage::MachineId;
use domain::usage::ports::LedgerRepository;
use domain::users::ports::{PurgeRepository, UserRepository};
use uuid::Uuid;

use crate::dictionary::{CreatedKeys, Dictionary, SharedName};
use crate::error::store_error;
use crate::ledger::account_names::AccountNames;
use crate::ledger::projects::AccountProjects;
use crate::pool::Pooled;
use crate::query::RunQuery;
use crate::statement::statement;

/// A transaction on a connection of its own.
pub(crate) struct PgUnitOfWork {
    /// Taken when the transaction ends.
    connection: Option<Pooled>,
    dictionary: Arc<Dictionary>,
    /// The names whose keys this transaction made.
    made: CreatedKeys,
    /// The names that the account uses which this transaction changes.
    pub(crate) account_names: AccountNames,
    /// Machines known to this transaction, by key.
    pub(crate) machines: HashMap<i32, MachineId>,
    /// The projects of the account that this transaction changes.
    pub(crate) projects: AccountProjects,
    /// Whether notifications are also queued as emails.
    pub(crate) sends_email: bool,
}

impl PgUnitOfWork {
    pub(crate) async fn begin(connection: Pooled, dictionary: Arc<Dictionary>) -> Result<Self, StoreError> {
        Self::begin_with(connection, dictionary, "BEGIN").await
    }

    /// Begins one with the statement `begin`, which states its isolation.
    pub(crate) async fn begin_with(
        mut connection: Pooled,
        dictionary: Arc<Dictionary>,
        begin: &str,
    ) -> Result<Self, StoreError> {
        connection.forget_failures();
        AnsiTransactionManager::begin_transaction_sql(&mut connection.pg, begin).await.map_err(store_error)?;
        Ok(Self {
            connection: Some(connection),
            dictionary,
            made: CreatedKeys::default(),
            account_names: AccountNames::default(),
            machines: HashMap::new(),
            projects: AccountProjects::default(),
            sends_email: false,
        })
    }

    pub(crate) fn connection(&self) -> Result<&AsyncPgConnection, StoreError> {
        open(self.connection.as_ref())
    }

    /// Runs statements that have no parameters, from `text`.
    pub(crate) async fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        (&mut self.connection()?).batch_execute(text).await.map_err(store_error)
    }

    /// Takes the advisory lock `name` until the transaction ends.
    pub(crate) async fn advisory_lock(&mut self, name: &'static str) -> Result<(), StoreError> {
        let lock = statement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<Text>(name);
        lock.exec(self.connection()?).await
    }

    /// Runs the statement `text`, which leaves accounts out of a computation over all accounts, and logs their ids.
    pub(crate) async fn leave_out(&mut self, text: &'static str, job: &'static str) -> Result<(), StoreError> {
        for user in statement(text).values::<SqlUuid, Uuid>(self.connection()?).await? {
            tracing::warn!(job, user_id = %user, "account left out: its sums are out of range; rebuild it");
        }
        Ok(())
    }

    /// Raises the memory of each sort of this transaction, for statements over all accounts.
    pub(crate) async fn make_room(&mut self) -> Result<(), StoreError> {
        self.batch("SET LOCAL work_mem = '64MB'").await
    }

    /// The names of `keys`.
    pub(crate) async fn names<N: SharedName>(&mut self, keys: BTreeSet<i32>) -> Result<HashMap<i32, N>, StoreError> {
        self.dictionary.names(open(self.connection.as_ref())?, keys).await
    }

    /// The keys of those of `wanted` that have one.
    pub(crate) async fn known_keys<N: SharedName>(
        &mut self,
        wanted: BTreeSet<N>,
    ) -> Result<HashMap<N, i32>, StoreError> {
        self.dictionary
            .known_keys(open(self.connection.as_ref())?, &mut self.made, wanted)
            .await
            .map(|(known, _)| known)
    }

    /// Makes those of `wanted` that [`known_keys`](Self::known_keys) did not find.
    pub(crate) async fn make<N: SharedName>(&mut self, wanted: BTreeSet<N>) -> Result<(), StoreError> {
        self.dictionary.make(open(self.connection.as_ref())?, &mut self.made, wanted).await
    }

    /// The keys of `wanted`, made where there are none.
    pub(crate) async fn keys<N: SharedName>(&mut self, wanted: BTreeSet<N>) -> Result<HashMap<N, i32>, StoreError> {
        self.dictionary.keys(open(self.connection.as_ref())?, &mut self.made, wanted).await
    }
}

fn open(connection: Option<&Pooled>) -> Result<&AsyncPgConnection, StoreError> {
    connection.map(|connection| &connection.pg).ok_or_else(ended)
}

fn ended() -> StoreError {
    StoreError::Internal("the transaction has ended".to_owned())
}

/// Accessors that return this object as the repository.
macro_rules! repositories {
    ($($accessor:ident: $repository:ident,)+) => {
        $(fn $accessor(&mut self) -> &mut dyn $repository {
            self
        })+
    };
}

#[async_trait]
impl UnitOfWork for PgUnitOfWork {
    repositories! {
        users: UserRepository,
        purge: PurgeRepository,
        sessions: SessionRepository,
        device_logins: DeviceLoginRepository,
        api_tokens: ApiTokenRepository,
        invitations: InvitationRepository,
        login_attempts: LoginAttemptRepository,
        external_accounts: ExternalAccountRepository,
        follows: FollowRepository,
        accounts: AccountRepository,
        ledger: LedgerRepository,
        progress: ProgressRepository,
        jobs: JobQueue,
        weekly: WeeklyRepository,
        benchmarks: BenchmarkRepository,
        platform: PlatformRepository,
        plausibility: PlausibilityRepository,
        referrals: ReferralRepository,
        leaderboard: LeaderboardRepository,
        prices: PriceRepository,
        imports: ImportRepository,
        projects: ProjectRepository,
        administration: AdministrationRepository,
        notifications: NotificationRepository,
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
    /// Rolls back in the background, so that the connection returns to the pool clean, also after a client hung up.
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
