//! The worker's jobs, done in the server's own process.

use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::Database;
use bootstrap::system::{SystemClock, SystemIds};
use bootstrap::{Settings, StartupError};
use domain::clock::Clock;
use domain::ids::Ids;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use worker::{Handlers, Pace, Stop, Worker, schedule};

/// A worker beside the server.
pub(crate) struct Working {
    worker: JoinHandle<()>,
    end: oneshot::Sender<()>,
}

impl Working {
    /// Does the jobs of `database`, which is at `url`, on the current runtime.
    pub(crate) fn start(settings: &Settings, database: &Database, url: &str) -> Result<Self, StartupError> {
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let stop = Stop::default();
        let worker = Worker {
            database: database.clone(),
            url: url.to_owned(),
            work: Arc::new(Handlers::new(settings, database, &clock, &ids, stop.clone())?),
            schedule: schedule::due,
            clock,
            ids,
            pace: Pace::of(settings),
            drain: Duration::from_secs(settings.server.shutdown_timeout_seconds),
        };
        let (end, ended) = oneshot::channel();
        let worker = tokio::spawn(worker.run(stop, async {
            let _ = ended.await;
        }));
        Ok(Self { worker, end })
    }

    /// Lets what is under way finish.
    pub(crate) async fn end(self) {
        let _ = self.end.send(());
        if let Err(error) = self.worker.await {
            tracing::error!(%error, "the worker ended badly");
        }
    }
}
