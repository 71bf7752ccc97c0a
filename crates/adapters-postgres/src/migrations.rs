//! Migrations of the schema.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{
    AnsiTransactionManager, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    TransactionManager,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use domain::error::StoreError;
use thiserror::Error;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connect::ConnectTarget;
use crate::database::Database;
use crate::error::ConnectError;
use crate::error_codes::split_code;
use crate::inspection::{InspectedDatabase, SchemaState};
use crate::pool::{Connector, QueryCount};
use crate::statement::{Value, statement};

/// The migrations in this program.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Names the connections in PostgreSQL.
const PURPOSE: &str = "migrations";

/// Names our advisory lock among those of other programs: the bytes of `burntop`.
const LOCK: i64 = 0x62_7572_6e74_6f70;

/// How long a reversal waits for a lock: an open session holds locks as long as it likes.
const REVERSAL_LOCK_TIMEOUT: &str = "SET lock_timeout = '10s'";

/// Why the schema could not be read or changed.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// The database cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database could not be created.
    #[error(transparent)]
    Creating(ConnectError),
    /// The database has tables and no migration of burntop: it belongs to another program.
    #[error("the database has {relations} tables, such as {example}, and no migration of burntop")]
    Foreign { relations: i64, example: String },
    /// The database does not keep texts as UTF-8.
    #[error("the database has the encoding {encoding}")]
    NotUtf8 { encoding: String },
    /// The release of PostgreSQL is not supported.
    #[error("the server is PostgreSQL {major}, which is older than {minimum}")]
    ServerTooOld { major: i32, minimum: i32 },
    /// The database has migrations that this program does not know: it was used by a newer version.
    #[error("the database has migration {0}, which this version does not know")]
    Newer(String),
    /// More migrations were to be reverted than the database has.
    #[error("{steps} migrations cannot be reverted, because the database has {applied}")]
    TooManySteps { steps: u32, applied: usize },
    /// A migration failed; it was undone.
    #[error("{0}")]
    Failed(ConnectError),
}

/// One migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
    /// Whether this program has it; otherwise the name is its version.
    pub is_known: bool,
}

/// What reverting migrations would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// The migrations, in the order in which they are reverted.
    pub migrations: Vec<String>,
    /// What is dropped with them, by name.
    pub dropped: Vec<DroppedData>,
    /// Other sessions of clients in the database.
    pub other_sessions: i64,
}

/// A table or column that a reversal drops, and the rows of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedData {
    pub table: String,
    /// `None` for the whole table.
    pub column: Option<String>,
    pub rows: i64,
}

/// The schema of the database at some URL. Needs a multi-thread runtime.
pub struct Migrations {
    url: String,
}

/// The failure of a migration, with its name and PostgreSQL's code. diesel has both in a text: `Failed to run NAME with: ERROR`.
fn failed(error: impl std::fmt::Display) -> MigrationError {
    let text = error.to_string();
    let (name, cause) = text.split_once(" with: ").map_or((None, &*text), |(name, cause)| (Some(name), cause));
    let (sqlstate, cause) = split_code(cause);
    let message = name.map_or_else(|| cause.to_owned(), |name| format!("{name}: {cause}"));
    MigrationError::Failed(ConnectError { sqlstate: sqlstate.map(str::to_owned), message })
}

fn query_failed(error: impl Borrow<diesel::result::Error>) -> MigrationError {
    MigrationError::Failed(ConnectError::from(error.borrow()))
}

impl Migrations {
    /// The schema of the database at `url`.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// Runs what is missing, and returns its names. A second process waits for the first and then finds nothing to do. Refuses a
    /// database that is not usable or was migrated by a newer release.
    pub async fn up(&self) -> Result<Vec<String>, MigrationError> {
        InspectedDatabase::read(&self.url).await?.require_usable()?;
        let mut harness = AsyncMigrationHarness::new(self.locked().await?);
        refuse_newer(&mut harness)?;
        let ran = harness.run_pending_migrations(MIGRATIONS).map_err(failed)?;
        Ok(ran.iter().map(|version| name_of(&version.to_string())).collect())
    }

    /// What [`down`](Self::down) would do. Reverts the migrations in a transaction that is rolled back, so it takes the same locks.
    pub async fn plan_down(&self, steps: u32) -> Result<Reversal, MigrationError> {
        let connection = self.locked_for_reversal(steps).await?;
        let before = columns(&connection).await?;
        let (mut connection, migrations) = revert(connection, steps).await?;
        let after = columns(&connection).await?;
        AnsiTransactionManager::rollback_transaction(&mut connection).await.map_err(query_failed)?;
        let mut dropped = Vec::new();
        for (table, columns) in &before {
            let left = after.get(table);
            let lost = columns.iter().filter(|column| left.is_some_and(|left| !left.contains(column)));
            let lost: Vec<_> = if left.is_none() { vec![None] } else { lost.cloned().map(Some).collect() };
            if !lost.is_empty() {
                let rows = count_rows(&connection, table).await?;
                dropped.extend(lost.into_iter().map(|column| DroppedData { table: table.clone(), column, rows }));
            }
        }
        Ok(Reversal { migrations, dropped, other_sessions: other_sessions(&connection).await? })
    }

    /// Undoes the last `steps` migrations together, and returns their names. If one fails, none is undone.
    pub async fn down(&self, steps: u32) -> Result<Vec<String>, MigrationError> {
        let connection = self.locked_for_reversal(steps).await?;
        let (mut connection, reverted) = revert(connection, steps).await?;
        AnsiTransactionManager::commit_transaction(&mut connection).await.map_err(query_failed)?;
        Ok(reverted)
    }

    /// Every migration of this program and whether the database has it, oldest first; then those that only the database has. Changes
    /// nothing.
    pub async fn status(&self) -> Result<Vec<MigrationState>, MigrationError> {
        let found = InspectedDatabase::read(&self.url).await?;
        found.require_usable()?;
        let (is_empty, pending, unknown) = match found.schema {
            SchemaState::Known { pending, unknown } => (false, pending, unknown),
            SchemaState::Empty | SchemaState::Foreign { .. } => (true, Vec::new(), Vec::new()),
        };
        let known = known().into_iter().map(|(_, name)| MigrationState {
            applied: !is_empty && !pending.contains(&name),
            is_known: true,
            name,
        });
        let unknown = unknown.into_iter().map(|name| MigrationState { applied: true, is_known: false, name });
        Ok(known.chain(unknown).collect())
    }

    /// A connection with the advisory lock of migrations, which ends with it.
    async fn locked(&self) -> Result<AsyncPgConnection, MigrationError> {
        let mut connection = Connector::new(&self.url, PURPOSE, None, QueryCount::default()).connect().await?.pg;
        connection.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(query_failed)?;
        Ok(connection)
    }

    /// A connection that can revert `steps` migrations.
    async fn locked_for_reversal(&self, steps: u32) -> Result<AsyncPgConnection, MigrationError> {
        let found = InspectedDatabase::read(&self.url).await?;
        found.require_usable()?;
        let applied = match found.schema {
            SchemaState::Known { unknown, .. } if !unknown.is_empty() => {
                return Err(MigrationError::Newer(unknown.join(", ")));
            }
            SchemaState::Known { pending, .. } => known().len() - pending.len(),
            SchemaState::Empty | SchemaState::Foreign { .. } => 0,
        };
        if applied < steps as usize {
            return Err(MigrationError::TooManySteps { steps, applied });
        }
        let mut connection = self.locked().await?;
        connection.batch_execute(REVERSAL_LOCK_TIMEOUT).await.map_err(query_failed)?;
        Ok(connection)
    }
}

/// Begins a transaction and reverts the last `steps` migrations in it.
async fn revert(
    mut connection: AsyncPgConnection,
    steps: u32,
) -> Result<(AsyncPgConnection, Vec<String>), MigrationError> {
    AnsiTransactionManager::begin_transaction(&mut connection).await.map_err(query_failed)?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let reverted = (0..steps)
        .map(|_| harness.revert_last_migration(MIGRATIONS).map(|version| name_of(&version.to_string())).map_err(failed))
        .collect::<Result<_, _>>()?;
    Ok((harness.into_inner(), reverted))
}

/// The columns of each table, by name.
async fn columns(connection: &AsyncPgConnection) -> Result<BTreeMap<String, Vec<String>>, MigrationError> {
    let query = "SELECT attrelid::regclass::text || ' ' || attname AS value
                 FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                 WHERE relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0 AND NOT attisdropped
                   AND relnamespace::regnamespace::text NOT LIKE 'pg\\_%' AND relnamespace <> 'information_schema'::regnamespace
                   AND relname <> '__diesel_schema_migrations'
                 ORDER BY attrelid::regclass::text, attnum";
    let names: Vec<String> = statement(query).values::<Text, _>(connection).await.map_err(unreadable)?;
    let mut columns = BTreeMap::<String, Vec<String>>::new();
    for (table, column) in names.iter().filter_map(|name| name.rsplit_once(' ')) {
        columns.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    Ok(columns)
}

/// The rows of `table`, whose name is quoted as SQL needs it.
async fn count_rows(mut connection: &AsyncPgConnection, table: &str) -> Result<i64, MigrationError> {
    let query = diesel::sql_query(format!("SELECT count(*) AS value FROM {table}"));
    let rows: Value<BigInt, i64> = query.get_result(&mut connection).await.map_err(query_failed)?;
    Ok(rows.value)
}

async fn other_sessions(connection: &AsyncPgConnection) -> Result<i64, MigrationError> {
    let query = "SELECT count(*) AS value FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    statement(query).value::<BigInt, _>(connection).await.map_err(unreadable)
}

fn unreadable(error: impl Borrow<StoreError>) -> MigrationError {
    MigrationError::Failed(ConnectError { sqlstate: None, message: error.borrow().to_string() })
}

type Harness = AsyncMigrationHarness<diesel_async::AsyncPgConnection>;

/// The name of the migration `version` of this program.
fn name_of(version: &str) -> String {
    known().into_iter().find(|(known, _)| known == version).map_or_else(|| version.to_owned(), |(_, name)| name)
}

/// Version and name of every migration of this program, oldest first.
pub(crate) fn known() -> Vec<(String, String)> {
    // Embedded migrations are read from memory, which cannot fail.
    let migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS).unwrap_or_default();
    let name = |migration: &dyn Migration<Pg>| (migration.name().version().to_string(), migration.name().to_string());
    let mut known: Vec<(String, String)> = migrations.iter().map(|migration| name(&**migration)).collect();
    known.sort();
    known
}

impl Database {
    /// Whether the database has every migration of this program. False also when it does not answer.
    pub async fn schema_is_current(&self) -> bool {
        let Ok(connection) = self.connection().await else { return false };
        let query = statement("SELECT version::text AS value FROM __diesel_schema_migrations");
        let applied: Vec<String> = query.values::<Text, _>(&connection.pg).await.unwrap_or_default();
        known().iter().all(|(version, _)| applied.contains(version))
    }
}

fn refuse_newer(harness: &mut Harness) -> Result<(), MigrationError> {
    let known = known();
    let applied = harness.applied_migrations().map_err(failed)?;
    match applied.iter().map(ToString::to_string).find(|version| known.iter().all(|(known, _)| known != version)) {
        Some(newer) => Err(MigrationError::Newer(newer)),
        None => Ok(()),
    }
}

/// The databases over which another one can be created. Every server has the second; the first can be missing.
const MAINTENANCE_DATABASES: [&str; 2] = ["postgres", "template1"];

/// Creates the database of `url` if it is missing; returns whether it was. Its texts are UTF-8.
pub async fn create_database(url: &str) -> Result<bool, MigrationError> {
    let target = ConnectTarget::parse(url)?.for_purpose(PURPOSE);
    let missing = |error: &ConnectError| error.sqlstate.as_deref() == Some("3D000");
    match target.connect().await {
        Ok(_) => return Ok(false),
        Err(error) if missing(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let [first, second] = MAINTENANCE_DATABASES;
    let opened = match target.clone().with_database(first).connect().await {
        Err(error) if missing(&error) => target.clone().with_database(second).connect().await,
        opened => opened,
    };
    let (client, driver) = opened.map_err(|error| {
        MigrationError::Creating(ConnectError {
            message: format!("connecting to the database `{first}`: {}", error.message),
            ..error
        })
    })?;
    let driving = tokio::spawn(driver);
    let created = create_with(&client, target.database()).await.map_err(MigrationError::Creating);
    drop(client);
    // The driver ends with its client; its result does not matter.
    let _ = driving.await;
    created
}

/// Creates the database `name`; returns false if another process was faster.
async fn create_with(client: &Client, name: &str) -> Result<bool, ConnectError> {
    let quoted = name.replace('"', "\"\"");
    let create = format!("CREATE DATABASE \"{quoted}\" ENCODING 'UTF8' TEMPLATE template0");
    let created = match client.batch_execute(&create).await {
        // The server's locale is for another encoding; C is for each.
        Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => {
            client.batch_execute(&format!("{create} LC_COLLATE 'C' LC_CTYPE 'C'")).await
        }
        created => created,
    };
    match created {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.code(), Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
