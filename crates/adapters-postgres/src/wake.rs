//! Wakes a worker when any process queues a job.

use std::convert::Infallible;
use std::time::Duration;

use domain::error::StoreError;

use crate::listening::ListenConnection;

/// The pause before a new connection.
const RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// Notifications that are handled by one look at the queue.
const BATCH: usize = 1_000;

/// Calls `wake` when jobs are queued in the database at `url`, and after each reconnection, for jobs that were queued before. Runs
/// until it is dropped.
pub async fn wake_on_jobs(url: &str, wake: impl Fn()) -> Infallible {
    loop {
        let Err(error) = listen(url, &wake).await;
        tracing::debug!(%error, "LISTEN connection lost; jobs are polled for");
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

async fn listen(url: &str, wake: &impl Fn()) -> Result<Infallible, StoreError> {
    let mut listening = ListenConnection::start(url, "jobs").await?;
    loop {
        wake();
        listening.next(BATCH).await?;
    }
}
