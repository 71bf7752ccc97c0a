//! The worker's jobs, done in the server's own process.

use std::time::Duration;

use adapters_postgres::Database;
use bootstrap::{Settings, StartupError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use worker::{Stop, Worker};

/// How soon after it died another worker begins.
const AGAIN: Duration = Duration::from_secs(5);

/// A worker beside the server.
pub(crate) struct Working {
    keeping: JoinHandle<()>,
    end: watch::Sender<bool>,
}

impl Working {
    /// Does the jobs of `database`, which is at `url`, on the current runtime.
    pub(crate) fn start(settings: &Settings, database: &Database, url: &str) -> Result<Self, StartupError> {
        let (settings, database, url) = (settings.clone(), database.clone(), url.to_owned());
        let worker = move || {
            let stop = Stop::default();
            Ok::<_, StartupError>((Worker::of(&settings, &database, &url, &stop)?, stop))
        };
        // What is wrong with the settings is found here, and not in the log.
        worker()?;
        let (end, ended) = watch::channel(false);
        let keeping = tokio::spawn(keep(ended, AGAIN, move |ended| {
            let worker = worker();
            async move {
                let (worker, stop) = worker?;
                worker.run(stop, until(ended)).await
            }
        }));
        Ok(Self { keeping, end })
    }

    /// Lets what is under way finish. People are served to the end whatever became of the jobs, so that is only logged.
    pub(crate) async fn end(self) {
        self.end.send_replace(true);
        if let Err(error) = self.keeping.await {
            tracing::error!(%error, "worker failed");
        }
    }
}

/// Waits until `ended` says so, or nobody is left to say it.
async fn until(mut ended: watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

/// Has a worker `run` until it is `ended`, and another, `again` later, whenever one dies before: the server would go on without
/// boards and emails, and nobody would notice.
async fn keep<F>(ended: watch::Receiver<bool>, again: Duration, mut run: impl FnMut(watch::Receiver<bool>) -> F)
where
    F: Future<Output = Result<(), StartupError>> + Send + 'static,
{
    loop {
        // A task of its own, so that a panic ends nothing else.
        let reason = match tokio::spawn(run(ended.clone())).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = &reason {
            tracing::error!(reason, "worker failed");
        }
        if *ended.borrow() || reason.is_none() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(again) => tracing::info!("restarting the worker"),
            () = until(ended.clone()) => return,
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
    async fn a_worker_that_dies_is_followed_by_another_until_the_server_ends() {
        let (end, ended) = watch::channel(false);
        let (begun, works) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (count, working) = (begun.clone(), works.clone());
        let keeping = tokio::spawn(keep(ended, Duration::ZERO, move |ended| {
            let (nth, working) = (count.fetch_add(1, Ordering::SeqCst), working.clone());
            async move {
                match nth {
                    0 => Err(StartupError::Other { doing: "working", reason: "the queue ended by itself".to_owned() }),
                    1 => panic!("a worker that panics"),
                    _ => {
                        working.notify_one();
                        until(ended).await;
                        Ok(())
                    }
                }
            }
        }));
        works.notified().await;
        end.send_replace(true);
        keeping.await.expect("an end");
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn who_ends_waits_for_no_other_worker() {
        let (end, ended) = watch::channel(false);
        let died = Arc::new(Notify::new());
        let tells = died.clone();
        let keeping = tokio::spawn(keep(ended, Duration::from_hours(1), move |_| {
            tells.notify_one();
            async { Err(StartupError::Other { doing: "working", reason: "no more".to_owned() }) }
        }));
        died.notified().await;
        end.send_replace(true);
        keeping.await.expect("an end");
    }
}
