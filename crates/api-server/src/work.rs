//! Runs the worker's jobs in the server's process.

use std::time::Duration;

use adapters_postgres::Database;
use bootstrap::{Settings, StartupError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::Worker;

/// The delay before a failed worker is restarted.
const RESTART_DELAY: Duration = Duration::from_secs(5);

/// A worker beside the server.
pub(crate) struct WorkerTask {
    keeping: JoinHandle<()>,
    end: CancellationToken,
}

impl WorkerTask {
    /// Runs the jobs of `database`, whose URL is `url`, on the current runtime.
    pub(crate) fn start(settings: &Settings, database: &Database, url: &str) -> Result<Self, StartupError> {
        let (settings, database, url) = (settings.clone(), database.clone(), url.to_owned());
        let worker = move || {
            let cancellation = CancellationToken::new();
            Ok::<_, StartupError>((Worker::of(&settings, &database, &url, &cancellation)?, cancellation))
        };
        // Invalid settings fail the start here, instead of a line in the log.
        worker()?;
        let end = CancellationToken::new();
        let keeping = tokio::spawn(keep(end.clone(), RESTART_DELAY, move |end| {
            let worker = worker();
            async move {
                let (worker, cancellation) = worker?;
                worker.run(cancellation, end.cancelled_owned()).await
            }
        }));
        Ok(Self { keeping, end })
    }

    /// Waits until running jobs finish. Failures are only logged, because the server goes on serving without a worker.
    pub(crate) async fn end(self) {
        self.end.cancel();
        if let Err(error) = self.keeping.await {
            tracing::error!(%error, "worker failed");
        }
    }
}

/// Runs a worker with `run` until `end` is cancelled. A worker that fails before is restarted after `again`: without one the server
/// would serve outdated boards and send no emails.
async fn keep<F>(end: CancellationToken, again: Duration, mut run: impl FnMut(CancellationToken) -> F)
where
    F: Future<Output = Result<(), StartupError>> + Send + 'static,
{
    loop {
        // In a task of its own, a panic ends only the worker.
        let reason = match tokio::spawn(run(end.clone())).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = &reason {
            tracing::error!(reason, "worker failed");
        }
        if end.is_cancelled() || reason.is_none() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(again) => tracing::info!("restarting the worker"),
            () = end.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn worker_that_fails_or_panics_is_restarted_until_shutdown() {
        let end = CancellationToken::new();
        let (begun, works) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (count, working) = (begun.clone(), works.clone());
        let keeping = tokio::spawn(keep(end.clone(), Duration::ZERO, move |end| {
            let (nth, working) = (count.fetch_add(1, Ordering::SeqCst), working.clone());
            async move {
                match nth {
                    0 => Err(StartupError::Other {
                        doing: "running the worker",
                        reason: "the queue ended by itself".to_owned(),
                    }),
                    1 => panic!("a worker that panics"),
                    _ => {
                        working.notify_one();
                        end.cancelled().await;
                        Ok(())
                    }
                }
            }
        }));
        works.notified().await;
        end.cancel();
        keeping.await.expect("an end");
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn shutdown_does_not_wait_for_worker_restart() {
        let end = CancellationToken::new();
        let died = Arc::new(Notify::new());
        let notifier = died.clone();
        let keeping = tokio::spawn(keep(end.clone(), Duration::from_hours(1), move |_| {
            notifier.notify_one();
            async { Err(StartupError::Other { doing: "running the worker", reason: "no more".to_owned() }) }
        }));
        died.notified().await;
        end.cancel();
        keeping.await.expect("an end");
    }
}
