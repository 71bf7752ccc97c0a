//! The worker's jobs, done in the server's own process.

use adapters_postgres::Database;
use bootstrap::{Settings, StartupError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use worker::{Stop, Worker};

/// A worker beside the server.
pub(crate) struct Working {
    worker: JoinHandle<Result<(), StartupError>>,
    end: oneshot::Sender<()>,
}

impl Working {
    /// Does the jobs of `database`, which is at `url`, on the current runtime.
    pub(crate) fn start(settings: &Settings, database: &Database, url: &str) -> Result<Self, StartupError> {
        let stop = Stop::default();
        let worker = Worker::of(settings, database, url, &stop)?;
        let (end, ended) = oneshot::channel();
        let worker = tokio::spawn(worker.run(stop, async {
            let _ = ended.await;
        }));
        Ok(Self { worker, end })
    }

    /// Lets what is under way finish. People are served to the end whatever became of the jobs, so that is only logged.
    pub(crate) async fn end(self) {
        let _ = self.end.send(());
        match self.worker.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the worker ended badly"),
            Err(error) => tracing::error!(%error, "the worker ended badly"),
        }
    }
}
