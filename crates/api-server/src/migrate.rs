//! `api-server migrate`: brings the schema up, down, or tells where it is.

use bootstrap::database::Database;
use bootstrap::{Settings, StartupError};

use crate::cli::{Migrate, MigrateCommand};

/// Does what the command line asks for, on the embedded database also while a server runs it.
pub(crate) fn migrate(settings: &Settings, asked: &Migrate) -> Result<(), StartupError> {
    let database = Database::attach_or_open(settings)?;
    let done = match (&asked.command, asked.down) {
        (Some(MigrateCommand::Status), _) => status(database.url()),
        (None, Some(steps)) => down(database.url(), steps),
        (None, None) => {
            let created = if asked.create_database { create_database(database.url()) } else { Ok(()) };
            created.and_then(|()| up(database.url()))
        }
    };
    done.and(database.stop())
}

/// Runs the migrations that are missing.
fn up(_url: &str) -> Result<(), StartupError> {
    Err(unavailable())
}

/// Undoes the last `steps` migrations.
fn down(_url: &str, _steps: u32) -> Result<(), StartupError> {
    Err(unavailable())
}

/// Prints the migrations and which of them the database has.
fn status(_url: &str) -> Result<(), StartupError> {
    Err(unavailable())
}

/// Creates the database that the URL names, unless it exists.
fn create_database(_url: &str) -> Result<(), StartupError> {
    Err(unavailable())
}

fn unavailable() -> StartupError {
    StartupError::Other { doing: "migrating", reason: "this build has no migrations".to_owned() }
}
