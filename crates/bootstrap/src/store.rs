//! Opens the connection pools on a database whose schema is current.

use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{
    ConnectError, Database, InspectedDatabase, MigrationError, Migrations, PoolSettings, SchemaState, WorkClass,
};
use domain::deps::Deps;

use crate::out;
use crate::settings::{Settings, without_password};
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
    ///
    /// Fails if the database cannot be used; see [`InspectedDatabase::require_usable`].
    pub async fn open(settings: &Settings, url: &str) -> Result<Self, StartupError> {
        let requests = pool(settings, "requests", settings.database.max_connections(), WorkClass::Requests);
        migrate_if_set(settings, url).await?;
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

/// Opens the pool of `worker run` for the database at `url`, and migrates the schema if the settings say so. The connections belong
/// to the current runtime.
pub async fn open_for_jobs(settings: &Settings, url: &str) -> Result<Database, StartupError> {
    migrate_if_set(settings, url).await?;
    open_pool_for_jobs(settings, url).await
}

/// Opens the pool of a command for the database at `url`, which it names on standard error. Changes nothing: fails if the schema is
/// not that of this program.
pub async fn open_for_command(settings: &Settings, url: &str) -> Result<Database, StartupError> {
    let found = inspect(url).await?;
    out::note(format_args!("database {}", found.address));
    if let Some(error) = outdated(&found) {
        return Err(error);
    }
    open_pool_for_jobs(settings, url).await
}

async fn open_pool_for_jobs(settings: &Settings, url: &str) -> Result<Database, StartupError> {
    open(settings, url, pool(settings, "jobs", settings.database.max_connections(), WorkClass::Jobs)).await
}

fn pool(settings: &Settings, name: &'static str, max_connections: usize, work: WorkClass) -> PoolSettings {
    PoolSettings { max_connections, wait: Duration::from_secs(settings.database.wait_timeout_seconds), work, name }
}

async fn open(settings: &Settings, url: &str, pool: PoolSettings) -> Result<Database, StartupError> {
    let database = Database::new(url, pool).map_err(|error| unreachable(url, &error))?;
    let database = database.with_email(settings.mail.is_on());
    database.check().await.map_err(|error| unreachable(url, &error))?;
    Ok(database)
}

/// Reads the state of the database at `url`; fails if burntop cannot use it.
pub async fn inspect(url: &str) -> Result<InspectedDatabase, StartupError> {
    let found = InspectedDatabase::read(url).await.map_err(|error| unreachable(url, &error))?;
    found.require_usable().map_err(|error| migration_failed(url, error))?;
    Ok(found)
}

/// Migrates the schema, or warns if it is not current and the settings forbid it.
async fn migrate_if_set(settings: &Settings, url: &str) -> Result<(), StartupError> {
    let found = inspect(url).await?;
    tracing::info!(database = %found.address, "database found");
    if settings.database.replica_url.is_some() {
        tracing::warn!(
            setting = "DATABASE_REPLICA_URL",
            "setting has no effect yet: every statement goes to DATABASE_URL"
        );
    }
    if settings.database.migrate_on_start {
        let ran = Migrations::at(url).up().await.map_err(|error| migration_failed(url, error))?;
        if !ran.is_empty() {
            tracing::info!(migrations = ran.len(), "schema migrated");
        }
    } else if let Some(error) = outdated(&found) {
        tracing::warn!(reason = %error, "schema is not current");
    }
    Ok(())
}

/// The error for a database whose schema is not that of this program.
pub fn outdated(found: &InspectedDatabase) -> Option<StartupError> {
    let database = found.address.to_string();
    match &found.schema {
        SchemaState::Known { unknown, .. } if !unknown.is_empty() => {
            Some(StartupError::NewerMigrations { version: unknown.join(", ") })
        }
        SchemaState::Known { pending, .. } => {
            let first = pending.first()?.clone();
            Some(StartupError::OlderSchema { database, migrations: pending.len(), first })
        }
        SchemaState::Empty | SchemaState::Foreign { .. } => Some(StartupError::NoSchema { database }),
    }
}

/// The error for the operator after a failed connection.
pub fn unreachable(url: &str, error: &ConnectError) -> StartupError {
    StartupError::database("opening the database", url, error.sqlstate.as_deref(), &error.message)
}

/// The error for the operator after a failed migration.
pub fn migration_failed(url: &str, error: MigrationError) -> StartupError {
    let shown = || without_password(url);
    match error {
        MigrationError::Connect(error) => unreachable(url, &error),
        MigrationError::Creating(ConnectError { sqlstate, message }) => {
            StartupError::creating_database(url, sqlstate.as_deref(), &message)
        }
        MigrationError::Foreign { relations, example } => {
            StartupError::ForeignDatabase { url: shown(), relations, example }
        }
        MigrationError::NotUtf8 { encoding } => StartupError::NotUtf8 { url: shown(), encoding },
        MigrationError::ServerTooOld { major, minimum } => StartupError::ServerTooOld { url: shown(), major, minimum },
        MigrationError::Newer(version) => StartupError::NewerMigrations { version },
        MigrationError::TooManySteps { steps, applied } => StartupError::TooManySteps { steps, applied },
        MigrationError::Failed(ConnectError { sqlstate, message }) => {
            StartupError::database("migrating", url, sqlstate.as_deref(), &message)
        }
    }
}
