//! Runs a worker: queues scheduled jobs, runs queued jobs, and requeues unfinished ones at shutdown.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{Database, wake_on_jobs};
use apalis_core::error::WorkerError;
use apalis_core::worker::builder::WorkerBuilder;
use bootstrap::store::deps;
use bootstrap::{Settings, StartupError};
use domain::clock::Clock;
use domain::error::StoreError;
use domain::ids::{Ids, JobId};
use domain::jobs::ports::{JobOutcome, TakenJob};
use domain::jobs::{JobStore, NewJob};
use time::OffsetDateTime;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::attempt::attempt;
use crate::handlers::{Handlers, JobRunner};
use crate::queue::{JobLeases, LeaseConfig, Queue};
use crate::schedule;

/// The interval at which the schedule is checked.
const SCHEDULE_INTERVAL: Duration = Duration::from_mins(1);

/// The delay before the schedule is checked again after a failure.
const SCHEDULE_RETRY_DELAY: Duration = Duration::from_secs(5);

/// The time limit for requeueing jobs at shutdown.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// A worker that is ready to run.
pub struct Worker {
    pub database: Database,
    /// The database's URL, for a connection that listens for new jobs.
    pub url: String,
    pub work: Arc<dyn JobRunner>,
    /// The jobs of the periods that an instant is in.
    pub schedule: fn(OffsetDateTime) -> Vec<NewJob>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub leases: LeaseConfig,
    /// How long running jobs may take to finish at shutdown.
    pub drain: Duration,
}

impl Worker {
    /// A worker on `database`, whose URL is `url`, with the system's clock and the built-in schedule. Its jobs end early once
    /// `cancellation` is cancelled. A TLS implementation must be installed for rustls.
    pub fn of(
        settings: &Settings,
        database: &Database,
        url: &str,
        cancellation: &CancellationToken,
    ) -> Result<Self, StartupError> {
        let deps = deps(database);
        Ok(Self {
            database: database.clone(),
            url: url.to_owned(),
            work: Arc::new(Handlers::new(settings, database, &deps, cancellation.clone())?),
            schedule: schedule::due,
            clock: deps.clock,
            ids: deps.ids,
            leases: LeaseConfig::of(settings),
            drain: Duration::from_secs(settings.server.shutdown_timeout_seconds),
        })
    }

    /// Runs jobs until `end` completes. Then cancels `cancellation`, waits for running jobs for the time [`drain`](Self::drain),
    /// and requeues the unfinished ones. Fails if the worker ends before `end`.
    pub async fn run(self, cancellation: CancellationToken, end: impl Future<Output = ()>) -> Result<(), StartupError> {
        // A new name after each start: jobs of the process before belong to another worker, and return when their leases expire.
        let name = format!("{}-{}", std::process::id(), self.ids.fresh());
        let store: Arc<dyn JobStore> = Arc::new(self.database.clone());
        let held = JobLeases::new(store.clone(), self.clock.clone(), name.clone(), self.leases);
        let (work, clock, room) = (self.work.clone(), self.clock.clone(), held.clone());
        let attempts = move |taken: TakenJob| {
            let (work, clock) = (work.clone(), clock.clone());
            let held = room.clone();
            async move {
                let outcome = attempt(work, clock, taken).await;
                held.wake();
                Ok::<JobOutcome, Infallible>(outcome)
            }
        };
        let cancelled = cancellation.clone().cancelled_owned();
        let worker = WorkerBuilder::new(name.as_str()).backend(Queue::new(held.clone())).build(attempts);
        let mut working = tokio::spawn(worker.run_until(async move {
            cancelled.await;
            Ok::<(), std::io::Error>(())
        }));
        let ticking = self.tick(&*store);
        let waking = wake_on_jobs(&self.url, || held.wake());
        tokio::pin!(end);
        let outcome = tokio::select! {
            () = &mut end => Ok(()),
            early = &mut working => Err(StartupError::Other { doing: "running the worker", reason: reason(early) }),
            never = ticking => match never {},
            never = waking => match never {},
        };
        cancellation.cancel();
        if !working.is_finished() && !self.drained(&mut working, &held).await {
            tracing::warn!("shutdown timeout reached; requeueing running jobs");
            working.abort();
            let _ = working.await;
        }
        match tokio::time::timeout(RELEASE_TIMEOUT, store.release(&name)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(jobs)) => tracing::info!(jobs, "running jobs requeued"),
            Ok(Err(error)) => tracing::warn!(%error, "requeueing jobs failed; their leases expire"),
            Err(_) => tracing::warn!("requeueing jobs timed out; their leases expire"),
        }
        outcome
    }

    /// Waits for running jobs; returns whether they finished in time. A stopping apalis worker sends no heartbeats, so the leases
    /// are renewed here and no other worker takes the jobs.
    async fn drained<T>(&self, working: &mut JoinHandle<T>, held: &JobLeases) -> bool {
        let renewing = async {
            loop {
                tokio::time::sleep(self.leases.round).await;
                held.renew().await;
            }
        };
        tokio::select! {
            _ = working => true,
            () = tokio::time::sleep(self.drain) => false,
            never = renewing => never,
        }
    }

    /// Queues the scheduled jobs now and every minute.
    async fn tick(&self, store: &dyn JobStore) -> Infallible {
        self.work.start().await;
        loop {
            let wait = match self.queue_due(store).await {
                Ok(jobs) => {
                    tracing::debug!(jobs, "schedule checked");
                    SCHEDULE_INTERVAL
                }
                Err(error) => {
                    tracing::warn!(%error, "queueing scheduled jobs failed; retrying");
                    SCHEDULE_RETRY_DELAY
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Queues the scheduled jobs whose key is unknown; returns their number.
    async fn queue_due(&self, store: &dyn JobStore) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let jobs: Vec<_> = (self.schedule)(now).into_iter().map(|job| (JobId(self.ids.fresh()), job)).collect();
        store.enqueue_now(&jobs, now).await
    }
}

/// Why a worker ended before it was stopped.
fn reason(ended: Result<Result<(), WorkerError>, JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "the queue ended by itself".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}
