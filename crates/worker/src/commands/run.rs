//! `worker run`: works until it is told to end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::Database;
use bootstrap::service::{self, State};
use bootstrap::system::{SystemClock, SystemIds};
use bootstrap::{Settings, StartupError};
use domain::clock::Clock;
use domain::ids::Ids;
use worker::{Handlers, Pace, Stop, Worker, schedule};

use super::End;
use crate::cli::Run;
use crate::failed;

pub(crate) async fn run(settings: &Settings, store: &Database, url: &str, asked: Run) -> Result<(), StartupError> {
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let (stop, mut end) = (Stop::default(), End::listen()?);
    let worker = Worker {
        database: store.clone(),
        url: url.to_owned(),
        work: Arc::new(Handlers::new(settings, store, &clock, &ids, stop.clone())?),
        schedule: schedule::due,
        clock,
        ids,
        pace: Pace::of(settings),
        drain: Duration::from_secs(settings.server.shutdown_timeout_seconds),
    };
    let ready = asked.ready_file.map(ReadyFile::new).transpose()?;
    tracing::info!("ready");
    service::notify(State::Ready);
    worker
        .run(stop, async {
            end.comes().await;
            tracing::info!("stopping: what is under way finishes");
            service::notify(State::Stopping);
        })
        .await;
    drop(ready);
    Ok(())
}

/// A file that is there while the worker works.
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
            tracing::warn!(path = %Path::display(path), %error, "the readiness file stays");
        }
    }
}
