//! `api-server migrate`: migrates the schema up or down, or shows its state.

use adapters_postgres::{MigrationError, Migrations, create_database};
use bootstrap::database::Database;
use bootstrap::out::say;
use bootstrap::store::migration_failed;
use bootstrap::{Settings, StartupError};

use crate::cli::{Migrate, MigrateCommand};
use crate::serve::runtime;

/// Runs the command. An embedded database that a server runs is attached to.
pub(crate) fn migrate(settings: &Settings, asked: &Migrate) -> Result<(), StartupError> {
    let database = Database::attach_or_open(settings)?;
    let url = database.url();
    let done = runtime()?.block_on(run(url, asked)).map_err(|error| migration_failed(url, error));
    done.and(database.stop())
}

async fn run(url: &str, asked: &Migrate) -> Result<(), MigrationError> {
    if let Some(MigrateCommand::Status) = asked.command {
        for migration in Migrations::at(url).status().await? {
            say(format_args!("{} {}", if migration.applied { "applied" } else { "pending" }, migration.name));
        }
        return Ok(());
    }
    if let Some(steps) = asked.down {
        report("reverted", &Migrations::at(url).down(steps).await?);
        return Ok(());
    }
    if asked.create_database && create_database(url).await? {
        say("created the database");
    }
    report("applied", &Migrations::at(url).up().await?);
    Ok(())
}

fn report(did: &str, migrations: &[String]) {
    for migration in migrations {
        say(format_args!("{did} {migration}"));
    }
    if migrations.is_empty() {
        say("nothing to do");
    }
}
