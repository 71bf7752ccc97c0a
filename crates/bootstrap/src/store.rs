//! Opens the connection pools on a migrated database.

use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{ConnectError, Database, MigrationError, Migrations, PoolSettings, WorkClass};
use domain::deps::Deps;

use crate::settings::Settings;
use crate::startup::StartupError;
use crate::system::{SystemClock, SystemIds};

/// Connections of the server for looking up the caller of a request. Look-ups share statements, so one connection runs them at a
/// time; the other stores when sessions were last used.
const LOOK_UP_CONNECTIONS: usize = 2;

/// Connections of the server for sign-in and registration.
const SIGN_IN_CONNECTIONS: usize = 4;

/// Connections of the server for its health checks, and one that reads values for metrics.
const HEALTH_CONNECTIONS: usize = 2;

/// Connections of a worker besides those of its jobs, for the queue, the schedule and leases.
const QUEUE_CONNECTIONS: usize = 3;

/// The connection pools of the server: one per class of work, so that none waits for another.
#[derive(Clone)]
pub struct ServerDatabase {
    pub requests: Database,
    /// For looking up the caller of a request.
    pub look_ups: Database,
    /// For sign-in and registration.
    pub sign_in: Database,
    /// For health checks and metrics.
    pub health: Database,
    /// For the jobs of a worker in this process.
    pub jobs: Database,
}

impl ServerDatabase {
    /// Opens the pools for the database at `url`, and migrates the schema if the settings say so.
    pub async fn open(settings: &Settings, url: &str) -> Result<Self, StartupError> {
        let requests = pool(settings, "requests", settings.database.max_connections(), WorkClass::Requests);
        let requests = open(settings, url, requests).await?;
        let with = |name, connections, work| {
            let settings = pool(settings, name, connections, work);
            requests.with_pool(url, settings).map_err(|error| unreachable(url, &error))
        };
        Ok(Self {
            look_ups: with("look_ups", LOOK_UP_CONNECTIONS, WorkClass::SignIn)?,
            sign_in: with("sign_in", SIGN_IN_CONNECTIONS, WorkClass::SignIn)?,
            health: with("health", HEALTH_CONNECTIONS, WorkClass::Health)?,
            jobs: with("jobs", settings.worker.jobs_at_once + QUEUE_CONNECTIONS, WorkClass::Jobs)?,
            requests,
        })
    }

    /// All pools.
    pub fn pools(&self) -> [&Database; 5] {
        [&self.requests, &self.look_ups, &self.sign_in, &self.health, &self.jobs]
    }

    /// Closes each connection as it returns to its pool; further requests for a connection fail.
    pub fn close(&self) {
        for pool in self.pools() {
            pool.close();
        }
    }
}

/// The dependencies of use cases on `database`, with the system's clock and randomness.
pub fn deps(database: &Database) -> Deps {
    Deps { store: Arc::new(database.clone()), clock: Arc::new(SystemClock), ids: Arc::new(SystemIds) }
}

/// Opens the pool of a worker or a command for the database at `url`, and migrates the schema if the settings say so. The
/// connections belong to the current runtime.
pub async fn open_for_jobs(settings: &Settings, url: &str) -> Result<Database, StartupError> {
    open(settings, url, pool(settings, "jobs", settings.database.max_connections(), WorkClass::Jobs)).await
}

fn pool(settings: &Settings, name: &'static str, max_connections: usize, work: WorkClass) -> PoolSettings {
    PoolSettings { max_connections, wait: Duration::from_secs(settings.database.wait_timeout_seconds), work, name }
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

/// The error for the operator after a failed connection.
pub fn unreachable(url: &str, error: &ConnectError) -> StartupError {
    StartupError::database(url, error.sqlstate.as_deref(), &error.message)
}

/// The error for the operator after a failed migration.
pub fn migration_failed(url: &str, error: MigrationError) -> StartupError {
    match error {
        MigrationError::Connect(error) => unreachable(url, &error),
        MigrationError::Newer(version) => StartupError::NewerMigrations { version },
        MigrationError::Failed(reason) => StartupError::Other { doing: "migrating", reason },
    }
}
