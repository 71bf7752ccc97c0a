//! What jobs need from outside: a queue to put them in, within a transaction, and a store that workers take them from.

use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::job::{Job, NewJob, UnknownJob};
use super::kind::JobKind;
use super::status::JobStatus;
use crate::error::StoreError;
use crate::ids::JobId;

/// Queues jobs in a transaction: they are there once it is committed.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait JobQueue: Send {
    /// Queues those of `jobs` whose key is not known yet; says how many that were. One statement.
    async fn enqueue(&mut self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError>;

    /// How many of `keys` name a job of `kind` that is known, whatever became of it.
    async fn count_known(&mut self, kind: JobKind, keys: &[String]) -> Result<u64, StoreError>;

    /// A job of `kind` that nobody has begun yet and that is due by `due`. It is not begun before the end of the transaction, so
    /// it finds what that changes.
    async fn waiting(&mut self, kind: JobKind, due: OffsetDateTime) -> Result<Option<JobId>, StoreError>;

    /// The job `id`, which nobody takes, changes or removes until the end of the transaction.
    async fn hold(&mut self, id: JobId) -> Result<Option<HeldJob>, StoreError>;

    /// Makes a job that is held due at `now`, with all its attempts.
    async fn retry(&mut self, id: JobId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Removes a job that is held.
    async fn remove(&mut self, id: JobId) -> Result<(), StoreError>;
}

/// A job that a transaction holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldJob {
    /// The name of its kind.
    pub queue: String,
    /// Names the piece of work within its kind.
    pub key: String,
    /// What state it is in.
    pub status: JobStatus,
}

/// A job that a worker has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    /// Names the job.
    pub id: JobId,
    /// What sort of work it is.
    pub kind: JobKind,
    /// What is to be done; an error where this version of the program does not know.
    pub job: Result<Job, UnknownJob>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// After which attempt it is given up.
    pub attempts: u32,
}

/// What a worker takes at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Jobs altogether.
    pub total: usize,
    /// Jobs of each kind.
    pub by_kind: Vec<(JobKind, usize)>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// The work is done.
    Done,
    /// It was asked to stop and goes on at once, wherever: the attempt does not count.
    Interrupted,
    /// It is to be tried again.
    Retry {
        /// Not before.
        run_at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedJob {
    /// Names the job.
    pub id: JobId,
    /// The name of its kind.
    pub queue: String,
    /// Names the piece of work within its kind.
    pub key: String,
    /// What state it is in.
    pub status: JobStatus,
    /// How often it was begun.
    pub attempts: u32,
    /// Not before.
    pub run_at: OffsetDateTime,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// How many jobs of a kind are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// The name of the kind.
    pub queue: String,
    /// In what state they are.
    pub status: JobStatus,
    /// How many.
    pub jobs: u64,
    /// When the first of those that are pending is due.
    pub next_at: Option<OffsetDateTime>,
}

/// Gives jobs to workers, and keeps what becomes of them. Leases are measured by the database's own clock, so the clocks of
/// the workers' machines need not agree.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Queues those of `jobs` whose key is not known yet; says how many that were.
    async fn enqueue_now(&self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Gives `worker` jobs that are due at `now`, the most important first, for as long as `lease`. No job is given to two.
    async fn take(
        &self,
        worker: &str,
        capacity: &Capacity,
        now: OffsetDateTime,
        lease: Duration,
    ) -> Result<Vec<TakenJob>, StoreError>;

    /// Renews the leases of `worker`, and puts back the jobs whose lease is over (given up, after their last attempt); says
    /// how many were put back or given up.
    async fn renew(&self, worker: &str, now: OffsetDateTime, lease: Duration) -> Result<u64, StoreError>;

    /// Notes how attempts of `worker` ended. What `worker` does not hold any more is left as it is.
    async fn finish(
        &self,
        worker: &str,
        outcomes: &[(JobId, JobOutcome)],
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Puts back what `worker` holds, as if it had not been begun; says how many.
    async fn release(&self, worker: &str) -> Result<u64, StoreError>;

    /// How many jobs there are, by kind and state.
    async fn states(&self) -> Result<Vec<QueueState>, StoreError>;

    /// Up to `most` jobs in the state `status` (all, when `None`), what is due or ended last first.
    async fn list(&self, status: Option<JobStatus>, most: u32) -> Result<Vec<ListedJob>, StoreError>;

    /// Makes a job that was given up, or waits, due at `now`, with all its attempts; says whether there is one.
    async fn retry(&self, id: JobId, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Makes every job that was given up, of `kind` or of any, due at `now` with all its attempts; says how many.
    async fn retry_dead(&self, kind: Option<JobKind>, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Removes a job that is not running; says whether there was one.
    async fn remove(&self, id: JobId) -> Result<bool, StoreError>;

    /// Removes up to `most` jobs that were done before `done` or given up before `dead`; says how many.
    async fn prune(&self, done: OffsetDateTime, dead: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}
