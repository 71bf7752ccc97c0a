//! Wakes a worker when a job is queued, by whichever process.

use std::convert::Infallible;
use std::time::Duration;

use domain::error::StoreError;

use crate::listening::Listening;

/// How long to wait before connecting anew.
const WAIT: Duration = Duration::from_secs(2);

/// How many notifications are taken at once: one look at the queue serves them all.
const BATCH: usize = 1_000;

/// Calls `wake` whenever jobs were queued in the database at `url`, and whenever it began to listen, for what was queued
/// before. Never ends; while the database is away nobody is woken. Drop it to end it.
pub async fn wake_on_jobs(url: &str, wake: impl Fn()) -> Infallible {
    loop {
        let Err(error) = listen(url, &wake).await;
        tracing::debug!(%error, "LISTEN connection lost; jobs are polled for");
        tokio::time::sleep(WAIT).await;
    }
}

async fn listen(url: &str, wake: &impl Fn()) -> Result<Infallible, StoreError> {
    let mut listening = Listening::start(url, "jobs").await?;
    loop {
        wake();
        listening.next(BATCH).await?;
    }
}
