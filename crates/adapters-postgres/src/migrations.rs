//! Migrations of the schema.

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

use crate::connect::ConnectTarget;
use crate::database::Database;
use crate::error::ConnectError;
use crate::pool::{Connector, QueryCount};
use crate::statement::statement;

/// The migrations in this program.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Names our advisory lock among those of other programs: the bytes of `burntop`.
const LOCK: i64 = 0x62_7572_6e74_6f70;

/// Why the schema could not be read or changed.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// The database cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database has migrations that this program does not know: it was used by a newer version.
    #[error("the database has migration {0}, which this version does not know")]
    Newer(String),
    /// A migration failed; it was undone.
    #[error("{0}")]
    Failed(String),
}

/// One migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// The schema of the database at some URL. Needs a multi-thread runtime.
pub struct Migrations {
    url: String,
}

fn failed(error: impl std::fmt::Display) -> MigrationError {
    MigrationError::Failed(error.to_string())
}

impl Migrations {
    /// The schema of the database at `url`.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// Runs what is missing, and returns its names. A second process waits for the first and then finds nothing to do.
    pub async fn up(&self) -> Result<Vec<String>, MigrationError> {
        self.locked(|harness| {
            refuse_newer(harness)?;
            let ran = harness.run_pending_migrations(MIGRATIONS).map_err(failed)?;
            Ok(ran.iter().map(ToString::to_string).collect())
        })
        .await
    }

    /// Undoes the last `steps` migrations, and returns their versions.
    pub async fn down(&self, steps: u32) -> Result<Vec<String>, MigrationError> {
        self.locked(|harness| {
            refuse_newer(harness)?;
            let left = harness.applied_migrations().map_err(failed)?.len().min(steps as usize);
            (0..left)
                .map(|_| harness.revert_last_migration(MIGRATIONS).map(|v| v.to_string()).map_err(failed))
                .collect()
        })
        .await
    }

    /// Every migration of this program and whether the database has it, oldest first.
    pub async fn status(&self) -> Result<Vec<MigrationState>, MigrationError> {
        self.locked(|harness| {
            let applied: Vec<String> =
                harness.applied_migrations().map_err(failed)?.iter().map(ToString::to_string).collect();
            let known = known()?;
            Ok(known
                .into_iter()
                .map(|(version, name)| MigrationState { applied: applied.contains(&version), name })
                .collect())
        })
        .await
    }

    /// Runs `work` under the advisory lock of migrations.
    async fn locked<T>(
        &self,
        work: impl FnOnce(&mut Harness) -> Result<T, MigrationError>,
    ) -> Result<T, MigrationError> {
        let mut connection = Connector::new(&self.url, None, QueryCount::default()).connect().await?.pg;
        connection.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(failed)?;
        // The lock ends with the connection.
        let mut harness = AsyncMigrationHarness::new(connection);
        work(&mut harness)
    }
}

type Harness = AsyncMigrationHarness<diesel_async::AsyncPgConnection>;

/// Version and name of every migration of this program, oldest first.
fn known() -> Result<Vec<(String, String)>, MigrationError> {
    let mut known: Vec<(String, String)> = MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map_err(failed)?
        .iter()
        .map(|migration| (migration.name().version().to_string(), migration.name().to_string()))
        .collect();
    known.sort();
    Ok(known)
}

impl Database {
    /// Whether the database has every migration of this program. False also when it does not answer.
    pub async fn schema_is_current(&self) -> bool {
        let Ok(connection) = self.connection().await else { return false };
        let query = statement("SELECT version::text AS value FROM __diesel_schema_migrations");
        let applied: Vec<String> = query.values::<Text, _>(&connection.pg).await.unwrap_or_default();
        known().is_ok_and(|known| known.iter().all(|(version, _)| applied.contains(version)))
    }
}

fn refuse_newer(harness: &mut Harness) -> Result<(), MigrationError> {
    let known = known()?;
    let applied = harness.applied_migrations().map_err(failed)?;
    match applied.iter().map(ToString::to_string).find(|version| known.iter().all(|(known, _)| known != version)) {
        Some(newer) => Err(MigrationError::Newer(newer)),
        None => Ok(()),
    }
}

/// Creates the database of `url` through the server's `postgres` database. Returns whether it was missing.
pub async fn create_database(url: &str) -> Result<bool, MigrationError> {
    let target = ConnectTarget::parse(url)?;
    let name = target.database().to_owned();
    let (client, driver) = target.with_database("postgres").connect().await.map_err(ConnectError::from)?;
    let driving = tokio::spawn(driver);
    let exists = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.map_err(failed)?;
    if exists.is_none() {
        let quoted = name.replace('"', "\"\"");
        client.batch_execute(&format!("CREATE DATABASE \"{quoted}\"")).await.map_err(failed)?;
    }
    drop(client);
    // The driver ends with its client; its result does not matter.
    let _ = driving.await;
    Ok(exists.is_none())
}
