//! The database with our schema, ready for use.

use std::time::Duration;

use adapters_postgres::{ConnectError, Database, MigrationError, Migrations, PoolSettings};

use crate::settings::Settings;
use crate::startup::StartupError;

/// Connects to the database at `url`, brings its schema up to date where the settings say so, and opens the pool. The
/// connections live on the current runtime.
pub async fn open(settings: &Settings, url: &str) -> Result<Database, StartupError> {
    let pool = PoolSettings {
        max_connections: settings.database.max_connections(),
        wait: Duration::from_secs(settings.database.wait_timeout_seconds),
    };
    let database = Database::new(url, pool).map_err(|error| unreachable(url, &error))?;
    let database = database.with_letters(settings.mail.is_on());
    database.check().await.map_err(|error| unreachable(url, &error))?;
    if settings.database.migrate_on_start {
        let ran = Migrations::at(url).up().await.map_err(|error| migration_failed(url, error))?;
        if !ran.is_empty() {
            tracing::info!(migrations = ran.len(), "the schema is up to date");
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
