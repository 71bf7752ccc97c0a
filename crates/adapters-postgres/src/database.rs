//! The database: a pool of connections and the names that this process caches.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deadpool::Runtime;
use deadpool::managed::QueueMode;
use domain::dashboard::ports::ProfileFigures;
use domain::error::StoreError;
use domain::pricing::CurrentBook;
use domain::store::{Reads, Store, UnitOfWork};

use crate::dashboard::look_up::ProfileLookUp;
use crate::dictionary::Dictionary;
use crate::error::ConnectError;
use crate::metrics::PoolMetrics;
use crate::pool::{Connector, Pool, Pooled, QueryCount};
use crate::query::RunQuery;
use crate::shared_look_ups::SharedLookUps;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;
use crate::work_class::WorkClass;

/// How connections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// The most connections at a time.
    pub max_connections: usize,
    /// How long a request waits for a connection before it fails.
    pub wait: Duration,
    /// What they are for.
    pub work: WorkClass,
    /// Names the pool in metrics, and its connections in PostgreSQL.
    pub name: &'static str,
}

/// A PostgreSQL database with our schema. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pub(crate) pool: Pool,
    pub(crate) metrics: PoolMetrics,
    dictionary: Arc<Dictionary>,
    queries: QueryCount,
    sends_email: bool,
    /// Look-ups of profiles, if they share statements.
    pub(crate) profiles: Option<SharedLookUps<ProfileLookUp, Option<ProfileFigures>>>,
}

impl Database {
    /// Prepares connections to `url`; none is opened yet. Call it on the runtime that will live longest: connections
    /// are driven by the runtime they were opened on.
    pub fn new(url: &str, settings: PoolSettings) -> Result<Self, ConnectError> {
        let queries = QueryCount::default();
        let pool = Pool::builder(Connector::new(url, settings.name, Some(settings.work), queries.clone()))
            .max_size(settings.max_connections)
            .wait_timeout(Some(settings.wait))
            .create_timeout(Some(settings.wait))
            .runtime(Runtime::Tokio1)
            // The connection that was used last has the statements and tables in its caches.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| ConnectError { sqlstate: None, message: error.to_string() })?;
        let metrics = PoolMetrics::new(settings.name);
        Ok(Self { pool, metrics, dictionary: Arc::default(), queries, sends_email: false, profiles: None })
    }

    /// The same database over a pool of its own, so that its load does not delay others.
    pub fn with_pool(&self, url: &str, settings: PoolSettings) -> Result<Self, ConnectError> {
        let other = Self::new(url, settings)?;
        Ok(Self { dictionary: Arc::clone(&self.dictionary), sends_email: self.sends_email, ..other })
    }

    /// The same database; notifications are also queued as emails if `sends`.
    #[must_use]
    pub fn with_email(self, sends: bool) -> Self {
        Self { sends_email: sends, ..self }
    }

    /// Takes the canonical names of new models from `prices` and not from the shipped book, in all clones; the first call counts.
    pub fn name_models_by(&self, prices: Arc<CurrentBook>) {
        self.dictionary.name_models_by(prices);
    }

    /// Opens a connection, to check that the database can be reached.
    pub async fn check(&self) -> Result<(), ConnectError> {
        use deadpool::managed::PoolError;
        match self.pool.get().await {
            Ok(_) => Ok(()),
            Err(PoolError::Backend(error)) => Err(error),
            Err(other) => Err(ConnectError { sqlstate: None, message: other.to_string() }),
        }
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        let Ok(connection) = self.connection().await else { return false };
        statement("SELECT 1").run(&connection.pg).await.is_ok()
    }

    /// Counts the statements of this database's connections.
    pub fn queries(&self) -> QueryCount {
        self.queries.clone()
    }

    /// Closes every connection as it comes back, and gives out no more.
    pub fn close(&self) {
        self.pool.close();
    }

    pub(crate) fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }

    pub(crate) async fn connection(&self) -> Result<Pooled, StoreError> {
        let began = Instant::now();
        let connection = self.pool.get().await;
        self.metrics.record_wait(began.elapsed(), connection.is_ok());
        connection.map(Pooled::new).map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

impl Database {
    pub(crate) async fn begin_unit_of_work(&self) -> Result<PgUnitOfWork, StoreError> {
        let connection = self.connection().await?;
        let mut tx = PgUnitOfWork::begin(connection, Arc::clone(&self.dictionary)).await?;
        tx.sends_email = self.sends_email;
        Ok(tx)
    }
}

#[async_trait]
impl Store for Database {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(self.begin_unit_of_work().await?))
    }

    fn reads(&self) -> &dyn Reads {
        self
    }

    async fn pause(&self, longest: Duration) {
        // Each hasher state is random.
        let random = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default();
        let share = 0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX);
        tokio::time::sleep(longest.mul_f64(share)).await;
    }
}
