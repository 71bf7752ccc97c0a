//! `worker run`: runs jobs until a signal ends it.

use std::path::{Path, PathBuf};

use adapters_postgres::Database;
use bootstrap::service::{self, ServiceState};
use bootstrap::signals::ShutdownSignals;
use bootstrap::{Settings, StartupError};
use tokio_util::sync::CancellationToken;
use worker::Worker;

use crate::cli::Run;
use crate::failed;

pub(crate) async fn run(settings: &Settings, store: &Database, url: &str, args: Run) -> Result<(), StartupError> {
    let (cancellation, mut end) = (CancellationToken::new(), ShutdownSignals::listen()?);
    let worker = Worker::of(settings, store, url, &cancellation)?;
    let ready = args.ready_file.map(ReadyFile::new).transpose()?;
    tracing::info!("ready");
    service::notify(ServiceState::Ready);
    let outcome = worker
        .run(cancellation, async {
            let reason = end.comes().await;
            tracing::info!(reason, "shutting down; running jobs finish");
            service::notify(ServiceState::Stopping);
        })
        .await;
    drop(ready);
    outcome
}

/// A file that exists while the worker runs.
struct ReadyFile(PathBuf);

impl ReadyFile {
    fn new(path: PathBuf) -> Result<Self, StartupError> {
        let text = format!("{}\n", std::process::id());
        let unwritable = |error| failed("writing the readiness file", format!("{}: {error}", path.display()));
        std::fs::write(&path, text).map_err(unwritable)?;
        Ok(Self(path))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let Self(path) = self;
        if let Err(error) = std::fs::remove_file(&*path) {
            tracing::warn!(path = %Path::display(path), %error, "removing the readiness file failed");
        }
    }
}
