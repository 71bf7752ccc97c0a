//! `worker backup`.

use bootstrap::out::{note, print_line};
use bootstrap::store::{inspect, unreachable};
use bootstrap::system::SystemClock;
use bootstrap::{Settings, StartupError};
use worker::backup::{BackupError, BackupRequest, back_up};

use super::interrupted;
use crate::cli::Backup;
use crate::failed;

/// Backs up a database of burntop of any release: the backup before an upgrade is made with either program.
pub(crate) async fn backup(settings: &Settings, url: &str, args: Backup) -> Result<(), StartupError> {
    let found = inspect(url).await?;
    note(format_args!("database {}", found.address));
    if matches!(found.schema, adapters_postgres::SchemaState::Empty) {
        return Err(StartupError::NoSchema { database: found.address.to_string() });
    }
    let data_dir = bootstrap::database::data_dir(settings).map(|dir| dir.path().to_owned());
    let request = BackupRequest {
        url,
        dir: &args.dir,
        keep: args.keep,
        data_dir: &data_dir.unwrap_or_else(|_| settings.app.data_dir.clone()),
    };
    let report = back_up(&request, &SystemClock, &interrupted()?).await;
    print_line(report.map_err(|error| match error {
        BackupError::AlreadyRunning { dir } => StartupError::BackupRunning { dir },
        BackupError::Database(error) => unreachable(url, &error),
        other => failed("backing up", other.to_string()),
    })?);
    Ok(())
}
