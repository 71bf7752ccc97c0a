//! The backend of apalis on the job queue: takes jobs under a lease, renews leases, and stores outcomes.
//!
//! apalis drives the [`Persistence`] below through [`Persisted`]. No method here returns an error, because an error ends an
//! apalis worker for good. Errors are logged, and the next poll tries again.

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

/// How a worker takes and keeps jobs.
#[derive(Debug, Clone, Copy)]
pub struct LeaseConfig {
    /// The time after which a job without renewal returns to the queue.
    pub lease: Duration,
    /// The interval at which leases are renewed and the queue is polled if no notification arrives.
    pub round: Duration,
    /// The most concurrent jobs.
    pub concurrency: usize,
}

impl LeaseConfig {
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
    /// Unique among all workers.
    worker: String,
    leases: LeaseConfig,
    under_way: Mutex<HashMap<JobId, JobKind>>,
    /// Outcomes that are not stored yet.
    unreported: Mutex<Vec<(JobId, JobOutcome)>>,
    /// Whether [`JobLeases::wake`] was called since the last poll of the queue.
    news: AtomicBool,
    waker: AtomicWaker,
}

impl JobLeases {
    /// The jobs that `worker`, a unique name, takes from `store`.
    pub(crate) fn new(store: Arc<dyn JobStore>, clock: Arc<dyn Clock>, worker: String, leases: LeaseConfig) -> Self {
        let (under_way, unreported) = (Mutex::default(), Mutex::default());
        let (news, waker) = (AtomicBool::new(false), AtomicWaker::new());
        Self { shared: Arc::new(Shared { store, clock, worker, leases, under_way, unreported, news, waker }) }
    }

    /// Polls the queue now, because a job was queued or a running one has ended.
    pub(crate) fn wake(&self) {
        self.shared.news.store(true, Ordering::Release);
        self.shared.waker.wake();
    }

    /// Stores the outcomes of attempts. Outcomes that cannot be stored are kept for the next poll.
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

    /// Renews the leases of this worker, and requeues jobs of other workers whose leases have expired.
    pub(crate) async fn renew(&self) {
        let Shared { store, worker, clock, leases, .. } = &*self.shared;
        match store.renew(worker, clock.now(), leases.lease).await {
            Ok(0) => {}
            Ok(jobs) => tracing::warn!(jobs, "jobs of expired leases requeued"),
            Err(error) => tracing::warn!(%error, "renewing leases failed"),
        }
    }

    /// How many more jobs can run.
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

    /// Abandoned tasks are requeued with all others when the worker has ended.
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

    /// Never called: jobs are queued in the transactions that cause them, through the domain's port (I12).
    async fn push_tasks(&mut self, tasks: Vec<Task<TakenJob>>) -> Result<(), Infallible> {
        tracing::error!(tasks = tasks.len(), "jobs cannot be queued through apalis; they were dropped");
        Ok(())
    }
}

/// What apalis polls.
pub(crate) struct Queue {
    persisted: Persisted<JobLeases>,
    held: JobLeases,
}

impl Queue {
    pub(crate) fn new(held: JobLeases) -> Self {
        Self { persisted: Persisted::new(held.clone()), held }
    }
}

impl Backend for Queue {
    type Task = Task<TakenJob>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        // Registered before the queue is polled, so that no wake during the poll is lost.
        self.held.shared.waker.register(cx.waker());
        self.persisted.poll_ready(cx, worker, self.held.shared.leases.round)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<TakenJob>, Infallible>>> {
        let next = self.persisted.poll_next(cx, worker);
        // The poll may have missed a job that was queued while it ran.
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
    type Layer = TaskPersistLayer<PassThroughCodec, JobOutcome>;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        self.persisted.layer(PassThroughCodec, self.held.shared.leases.concurrency).persist_results(true)
    }
}

/// Passes an outcome on unchanged: the database adapter encodes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PassThroughCodec;

impl Codec<JobOutcome> for PassThroughCodec {
    type Error = Infallible;
    type Compact = JobOutcome;

    fn encode(&self, outcome: &JobOutcome) -> Result<JobOutcome, Infallible> {
        Ok(outcome.clone())
    }

    fn decode(&self, outcome: &JobOutcome) -> Result<JobOutcome, Infallible> {
        Ok(outcome.clone())
    }
}
