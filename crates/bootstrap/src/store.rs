//! The database with our schema, ready for use.

use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{ConnectError, Database, MigrationError, Migrations, PoolSettings, WorkClass};
use domain::deps::Deps;

use crate::settings::Settings;
use crate::startup::StartupError;
use crate::system::{SystemClock, SystemIds};

/// Connections of the server for finding out who calls: look-ups share statements, so one is busy with them at a time, and another
/// notes when sessions were used.
const LOOK_UP_CONNECTIONS: usize = 2;

/// Connections of the server for signing in and registering.
const SIGN_IN_CONNECTIONS: usize = 4;

/// Connections of the server for its health checks.
const HEALTH_CONNECTIONS: usize = 1;

/// Connections of a worker beside those of its jobs: for the queue, the schedule and leases.
const QUEUE_CONNECTIONS: usize = 3;

/// The database as the server holds it: a pool for each class of work, so that none waits for another.
#[derive(Clone)]
pub struct ServerDatabase {
    /// For what requests ask.
    pub requests: Database,
    /// For finding out who calls.
    pub look_ups: Database,
    /// For signing in and registering.
    pub sign_in: Database,
    /// For health checks.
    pub health: Database,
    /// For the jobs of a worker in this process.
    pub jobs: Database,
}

impl ServerDatabase {
    /// Opens the pools for the database at `url`, with its schema up to date where the settings say so.
    pub async fn open(settings: &Settings, url: &str) -> Result<Self, StartupError> {
        let requests = pool(settings, settings.database.max_connections(), WorkClass::Requests);
        let requests = open(settings, url, requests).await?;
        let with = |connections, work| {
            let settings = pool(settings, connections, work);
            requests.with_pool(url, settings).map_err(|error| unreachable(url, &error))
        };
        Ok(Self {
            look_ups: with(LOOK_UP_CONNECTIONS, WorkClass::SignIn)?,
            sign_in: with(SIGN_IN_CONNECTIONS, WorkClass::SignIn)?,
            health: with(HEALTH_CONNECTIONS, WorkClass::Health)?,
            jobs: with(settings.worker.jobs_at_once + QUEUE_CONNECTIONS, WorkClass::Jobs)?,
            requests,
        })
    }

    /// Closes every connection as it comes back; no caller gets one any more.
    pub fn close(&self) {
        for pool in [&self.requests, &self.look_ups, &self.sign_in, &self.health, &self.jobs] {
            pool.close();
        }
    }
}

/// What use cases on `database` are built from, with the clock and the randomness of this machine.
pub fn deps(database: &Database) -> Deps {
    Deps { store: Arc::new(database.clone()), clock: Arc::new(SystemClock), ids: Arc::new(SystemIds) }
}

/// Opens the pool of a worker or a command for the database at `url`, with its schema up to date where the settings say so. The
/// connections live on the current runtime.
pub async fn open_for_jobs(settings: &Settings, url: &str) -> Result<Database, StartupError> {
    open(settings, url, pool(settings, settings.database.max_connections(), WorkClass::Jobs)).await
}

fn pool(settings: &Settings, max_connections: usize, work: WorkClass) -> PoolSettings {
    PoolSettings { max_connections, wait: Duration::from_secs(settings.database.wait_timeout_seconds), work }
}

async fn open(settings: &Settings, url: &str, pool: PoolSettings) -> Result<Database, StartupError> {
    let database = Database::new(url, pool).map_err(|error| unreachable(url, &error))?;
    let database = database.with_email(settings.mail.is_on());
    database.check().await.map_err(|error| unreachable(url, &error))?;
    if settings.database.migrate_on_start {
        let ran = Migrations::at(url).up().await.map_err(|error| migration_failed(url, error))?;
        if !ran.is_empty() {
            tracing::info!(migrations = ran.len(), "schema migrated");
        }
    }
    Ok(database)
}

/// What a failed connection means to the operator.
pub fn unreachable(url: &str, error: &ConnectError) -> StartupError {
    StartupError::database(url, error.sqlstate.as_deref(), &error.message)
}

/// What a failed migration means to the operator.
pub fn migration_failed(url: &str, error: MigrationError) -> StartupError {
    match error {
        MigrationError::Connect(error) => unreachable(url, &error),
        MigrationError::Newer(version) => StartupError::NewerMigrations { version },
        MigrationError::Failed(reason) => StartupError::Other { doing: "migrating", reason },
    }
}
