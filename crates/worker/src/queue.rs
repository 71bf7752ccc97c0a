//! The queue of jobs as apalis takes from it: leased, renewed, and told how each attempt ended.
//!
//! apalis drives the [`Persistence`] below through [`Persisted`]. Whatever the database does, nothing here fails: an error
//! would end the worker for good, so it is logged and the next round tries again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::codec::Codec;
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::persistence::{Persisted, Persistence, State, TaskEvent, TaskPersistLayer};
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use bootstrap::Settings;
use domain::clock::Clock;
use domain::ids::JobId;
use domain::jobs::ports::{Capacity, JobOutcome, TakenJob};
use domain::jobs::{JobKind, JobStore};
use futures_util::task::AtomicWaker;

/// How a worker holds its jobs.
#[derive(Debug, Clone, Copy)]
pub struct LeaseConfig {
    /// How long a job is held without a sign of life.
    pub lease: Duration,
    /// How often the leases are renewed, and the queue is looked at when nobody says that there is something.
    pub round: Duration,
    /// Jobs that are worked on at the same time.
    pub concurrency: usize,
}

impl LeaseConfig {
    /// As it is configured.
    pub fn of(settings: &Settings) -> Self {
        let worker = &settings.worker;
        Self {
            lease: Duration::from_secs(worker.lease_seconds),
            round: Duration::from_secs(worker.poll_seconds),
            concurrency: worker.jobs_at_once,
        }
    }
}

/// The jobs of one worker. Clones share everything.
#[derive(Clone)]
pub(crate) struct JobLeases {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn JobStore>,
    clock: Arc<dyn Clock>,
    /// Names this worker among all.
    worker: String,
    leases: LeaseConfig,
    under_way: Mutex<HashMap<JobId, JobKind>>,
    /// How attempts ended that the database has not been told yet.
    unreported: Mutex<Vec<(JobId, JobOutcome)>>,
    /// Whether something happened since the queue was looked at last.
    news: AtomicBool,
    waker: AtomicWaker,
}

impl JobLeases {
    /// The jobs that `worker`, a name nobody else has, takes from `store`.
    pub(crate) fn new(store: Arc<dyn JobStore>, clock: Arc<dyn Clock>, worker: String, leases: LeaseConfig) -> Self {
        let (under_way, unreported) = (Mutex::default(), Mutex::default());
        let (news, waker) = (AtomicBool::new(false), AtomicWaker::new());
        Self { shared: Arc::new(Shared { store, clock, worker, leases, under_way, unreported, news, waker }) }
    }

    /// Has the queue looked at now: a job was queued, or there is room for another.
    pub(crate) fn wake(&self) {
        self.shared.news.store(true, Ordering::Release);
        self.shared.waker.wake();
    }

    /// Tells the database how attempts ended; what it cannot be told now is told in the next round.
    async fn report(&self) {
        let outcomes = std::mem::take(&mut *lock(&self.shared.unreported));
        if outcomes.is_empty() {
            return;
        }
        let Shared { store, worker, clock, .. } = &*self.shared;
        match store.finish(worker, &outcomes, clock.now()).await {
            Ok(()) => {
                let mut under_way = lock(&self.shared.under_way);
                for (id, _) in &outcomes {
                    under_way.remove(id);
                }
            }
            Err(error) => {
                tracing::warn!(%error, jobs = outcomes.len(), "job results could not be stored; retrying on the next poll");
                lock(&self.shared.unreported).extend(outcomes);
            }
        }
    }

    /// Gives a sign of life for everything that is held, and takes back what others left behind.
    pub(crate) async fn renew(&self) {
        let Shared { store, worker, clock, leases, .. } = &*self.shared;
        match store.renew(worker, clock.now(), leases.lease).await {
            Ok(0) => {}
            Ok(jobs) => tracing::warn!(jobs, "jobs of expired leases requeued"),
            Err(error) => tracing::warn!(%error, "renewing leases failed"),
        }
    }

    /// What else there is room for.
    fn capacity(&self) -> Capacity {
        let under_way = lock(&self.shared.under_way);
        let running = |kind: JobKind| under_way.values().filter(|other| **other == kind).count();
        Capacity {
            total: self.shared.leases.concurrency.saturating_sub(under_way.len()),
            by_kind: JobKind::ALL
                .into_iter()
                .map(|kind| (kind, kind.concurrency().saturating_sub(running(kind))))
                .collect(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Persistence for JobLeases {
    type Compact = TakenJob;
    type Response = JobOutcome;
    type Error = Infallible;

    async fn register(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        self.heartbeat(worker).await
    }

    async fn heartbeat(&mut self, _: &WorkerContext) -> Result<(), Infallible> {
        self.report().await;
        self.renew().await;
        Ok(())
    }

    async fn fetch_next(&mut self, _: &WorkerContext) -> Result<Vec<Task<TakenJob>>, Infallible> {
        self.shared.news.store(false, Ordering::Release);
        let capacity = self.capacity();
        if capacity.total == 0 {
            return Ok(Vec::new());
        }
        let Shared { store, worker, clock, leases, .. } = &*self.shared;
        let taken = store.take(worker, &capacity, clock.now(), leases.lease).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "claiming jobs failed");
            Vec::new()
        });
        lock(&self.shared.under_way).extend(taken.iter().map(|job| (job.id, job.kind)));
        let task = |job: TakenJob| {
            let id = TaskId::from_string(job.id.to_string());
            TaskBuilder::new(job).task_id(id).build()
        };
        Ok(taken.into_iter().map(task).collect())
    }

    /// They are put back together with everything else when the worker has ended.
    async fn reenqueue_abandoned(&mut self, tasks: Vec<Task<TakenJob>>, _: &WorkerContext) -> Result<u64, Infallible> {
        Ok(tasks.len() as u64)
    }

    async fn handle_events(&mut self, events: Vec<TaskEvent<JobOutcome>>, _: &WorkerContext) -> Result<(), Infallible> {
        let outcomes = events.into_iter().filter_map(|event| match event {
            TaskEvent::Complete(result) => {
                let id = result.task_id.as_string()?.parse().ok().map(JobId)?;
                Some((id, result.result.unwrap_or_else(|error| JobOutcome::Dead { error })))
            }
            _ => None,
        });
        lock(&self.shared.unreported).extend(outcomes);
        self.report().await;
        Ok(())
    }

    /// Nothing comes this way: jobs are queued in the transactions that want them, through the domain's port.
    async fn push_tasks(&mut self, tasks: Vec<Task<TakenJob>>) -> Result<(), Infallible> {
        tracing::error!(tasks = tasks.len(), "jobs are queued in transactions, not here");
        Ok(())
    }
}

/// What apalis polls.
pub(crate) struct Queue {
    persisted: Persisted<JobLeases>,
    held: JobLeases,
}

impl Queue {
    /// Takes jobs as `held` says.
    pub(crate) fn new(held: JobLeases) -> Self {
        Self { persisted: Persisted::new(held.clone()), held }
    }
}

impl Backend for Queue {
    type Task = Task<TakenJob>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        // Before the look at the queue, so that whoever wakes during it is not missed.
        self.held.shared.waker.register(cx.waker());
        self.persisted.poll_ready(cx, worker, self.held.shared.leases.round)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<TakenJob>, Infallible>>> {
        let next = self.persisted.poll_next(cx, worker);
        // What happened during the look at the queue may not be in what it saw.
        let looked = matches!(self.persisted.state(), State::Ready);
        if next.is_pending() && looked && self.held.shared.news.load(Ordering::Acquire) {
            cx.waker().wake_by_ref();
        }
        next
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        self.persisted.poll_close(cx, worker)
    }
}

impl BackendConfig for Queue {
    type Args = TakenJob;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = TaskPersistLayer<AsItIs, JobOutcome>;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        self.persisted.layer(AsItIs, self.held.shared.leases.concurrency).persist_results(true)
    }
}

/// An ending needs no other form on its way to the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsItIs;

impl Codec<JobOutcome> for AsItIs {
    type Error = Infallible;
    type Compact = JobOutcome;

    fn encode(&self, outcome: &JobOutcome) -> Result<JobOutcome, Infallible> {
        Ok(outcome.clone())
    }

    fn decode(&self, outcome: &JobOutcome) -> Result<JobOutcome, Infallible> {
        Ok(outcome.clone())
    }
}
