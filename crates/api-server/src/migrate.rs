//! `api-server migrate`: migrates the schema up or down, or shows its state.

use adapters_postgres::{DroppedData, MigrationError, Migrations, Reversal, create_database};
use bootstrap::database::Database;
use bootstrap::out::{note, print_line};
use bootstrap::store::{inspect, migration_failed};
use bootstrap::{Settings, StartupError};

use crate::cli::{Migrate, MigrateCommand};
use crate::serve::runtime;

/// Runs the command. An embedded database is attached to or started, and never created.
pub(crate) fn migrate(settings: &Settings, args: &Migrate) -> Result<(), StartupError> {
    let database = Database::attach_or_start(settings)?;
    let done = runtime()?.block_on(run(database.url(), args));
    done.and(database.stop())
}

async fn run(url: &str, args: &Migrate) -> Result<(), StartupError> {
    let failed = |error: MigrationError| migration_failed(url, error);
    let is_new = args.create_database && create_database(url).await.map_err(failed)?;
    note(format_args!("database {}", inspect(url).await?.address));
    if is_new {
        print_line("created the database");
    }
    let migrations = Migrations::at(url);
    if let Some(MigrateCommand::Status) = args.command {
        for migration in migrations.status().await.map_err(failed)? {
            let state = match (migration.is_known, migration.applied) {
                (false, _) => "unknown",
                (true, true) => "applied",
                (true, false) => "pending",
            };
            print_line(format_args!("{state} {}", migration.name));
        }
        return Ok(());
    }
    if let Some(steps) = args.down {
        let plan = migrations.plan_down(steps).await.map_err(failed)?;
        print(&plan);
        if !args.yes {
            return Err(StartupError::Unconfirmed { doing: "revert these migrations and lose this data" });
        }
        report("reverted", &migrations.down(steps).await.map_err(failed)?);
        return Ok(());
    }
    report("applied", &migrations.up().await.map_err(failed)?);
    Ok(())
}

/// Prints what a reversal does.
fn print(plan: &Reversal) {
    for migration in &plan.migrations {
        print_line(format_args!("reverts {migration}"));
    }
    for DroppedData { table, column, rows } in &plan.dropped {
        match column {
            Some(column) => print_line(format_args!("drops column {column} of {table} ({rows} rows)")),
            None => print_line(format_args!("drops table {table} ({rows} rows)")),
        }
    }
    if plan.other_sessions > 0 {
        note(format_args!(
            "warning: other sessions in the database: {}; stop servers and workers before you revert migrations",
            plan.other_sessions
        ));
    }
}

fn report(did: &str, migrations: &[String]) {
    for migration in migrations {
        print_line(format_args!("{did} {migration}"));
    }
    if migrations.is_empty() {
        print_line("nothing to do");
    }
}
