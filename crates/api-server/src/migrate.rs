//! `api-server migrate`: migrates the schema up or down, or shows its state.

use adapters_postgres::{MigrationError, Migrations, create_database};
use bootstrap::database::Database;
use bootstrap::out::print_line;
use bootstrap::store::migration_failed;
use bootstrap::{Settings, StartupError};

use crate::cli::{Migrate, MigrateCommand};
use crate::serve::runtime;

/// Runs the command. An embedded database that a server runs is attached to.
pub(crate) fn migrate(settings: &Settings, args: &Migrate) -> Result<(), StartupError> {
    let database = Database::attach_or_open(settings)?;
    let url = database.url();
    let done = runtime()?.block_on(run(url, args)).map_err(|error| migration_failed(url, error));
    done.and(database.stop())
}

async fn run(url: &str, args: &Migrate) -> Result<(), MigrationError> {
    if let Some(MigrateCommand::Status) = args.command {
        for migration in Migrations::at(url).status().await? {
            print_line(format_args!("{} {}", if migration.applied { "applied" } else { "pending" }, migration.name));
        }
        return Ok(());
    }
    if let Some(steps) = args.down {
        report("reverted", &Migrations::at(url).down(steps).await?);
        return Ok(());
    }
    if args.create_database && create_database(url).await? {
        print_line("created the database");
    }
    report("applied", &Migrations::at(url).up().await?);
    Ok(())
}

fn report(did: &str, migrations: &[String]) {
    for migration in migrations {
        print_line(format_args!("{did} {migration}"));
    }
    if migrations.is_empty() {
        print_line("nothing to do");
    }
}
