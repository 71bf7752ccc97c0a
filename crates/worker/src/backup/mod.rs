//! Backups: consistent dumps of the database in a directory, of which the newest are kept.
//!
//! A dump is written under a temporary name, checked, and renamed when it is complete. A file under a final name is therefore
//! always a complete backup, whatever ends this process.

mod directory;
mod dump;
mod error;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use adapters_postgres::{ExportedSnapshot, InspectedDatabase, LibpqConnection};
use domain::clock::Clock;
use domain::text::{grouped, plural};
use embedded_postgres::Binaries;
use tokio_util::sync::CancellationToken;

use directory::BackupDir;
use dump::ClientPrograms;
pub use error::BackupError;

/// What is backed up, and where.
#[derive(Debug)]
pub struct BackupRequest<'a> {
    /// The URL of the database.
    pub url: &'a str,
    /// An existing directory.
    pub dir: &'a Path,
    /// The number of backups to keep, the new one included; at least 1. `None` removes none.
    pub keep: Option<u32>,
    /// The data directory of burntop, in which no backup may be. PostgreSQL's programs may be there.
    pub data_dir: &'a Path,
}

/// A complete backup.
#[derive(Debug, PartialEq)]
pub struct BackupReport {
    pub path: PathBuf,
    pub bytes: u64,
    pub seconds: f64,
    pub accounts: i64,
    pub messages: i64,
    pub tables: usize,
    /// Older backups that were removed.
    pub removed: usize,
}

/// Writes a backup. If it fails or `cancelled` is cancelled, no file remains of it and no older backup is removed.
pub async fn back_up(
    request: &BackupRequest<'_>,
    clock: &dyn Clock,
    cancelled: &CancellationToken,
) -> Result<BackupReport, BackupError> {
    let start = Instant::now();
    let dir = BackupDir::open(request.dir, request.data_dir)?;
    dir.remove_partial_files()?;
    let server = InspectedDatabase::read(request.url).await?.server_major.unsigned_abs();
    let binaries = Binaries::find_client(server, request.data_dir)?;
    let connection = LibpqConnection::from_url(request.url, binaries.major())?;
    let programs = ClientPrograms { binaries: &binaries, connection: &connection };

    let snapshot = ExportedSnapshot::begin(request.url).await?;
    let partial = dir.create_partial(clock).await?;
    // Both read the same snapshot at the same time. The first failure ends both.
    let count = async { Ok(snapshot.count().await?) };
    let dump = programs.dump(snapshot.id(), partial.output()?, cancelled);
    let ((), (accounts, messages)) = tokio::try_join!(dump, count)?;
    let tables = snapshot.tables().await?;
    snapshot.end().await;

    let listed = programs.list(partial.path()).await?;
    if let Some(missing) = tables.iter().find(|table| !listed.contains(*table)) {
        return Err(BackupError::Incomplete { table: missing.clone() });
    }
    let (path, bytes) = partial.publish()?;
    let removed = match request.keep {
        Some(keep) => dir.remove_older(keep, &path)?,
        None => 0,
    };
    Ok(BackupReport {
        path,
        bytes,
        seconds: start.elapsed().as_secs_f64(),
        accounts,
        messages,
        tables: tables.len(),
        removed,
    })
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, bytes, seconds, accounts, messages, tables, removed } = self;
        let bytes = grouped(i64::try_from(*bytes).unwrap_or(i64::MAX));
        write!(
            f,
            "{}: {bytes} bytes in {seconds:.1} s, {}, {}, {}",
            path.display(),
            plural(accounts.unsigned_abs(), "account"),
            plural(messages.unsigned_abs(), "message"),
            plural(*tables as u64, "table"),
        )?;
        if *removed > 0 {
            write!(f, "; removed {}", plural(*removed as u64, "older backup"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backup_report_names_path_size_time_and_rows() {
        let report = BackupReport {
            path: "/backups/burntop-20261122T120000Z.dump".into(),
            bytes: 1_234_567,
            seconds: 3.44,
            accounts: 1,
            messages: 229,
            tables: 47,
            removed: 0,
        };
        let line =
            "/backups/burntop-20261122T120000Z.dump: 1,234,567 bytes in 3.4 s, 1 account, 229 messages, 47 tables";
        assert_eq!(report.to_string(), line);
        let report = BackupReport { removed: 2, ..report };
        assert_eq!(report.to_string(), format!("{line}; removed 2 older backups"));
    }
}
