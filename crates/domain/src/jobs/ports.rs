//! Ports of jobs: the queue within a transaction, and the store that workers take jobs from.

use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::job::{Job, NewJob, UnknownJob};
use super::kind::JobKind;
use super::status::JobStatus;
use crate::error::StoreError;
use crate::ids::JobId;

/// Queues jobs in a transaction (I12).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait JobQueue: Send {
    /// Queues those of `jobs` whose key is unknown; returns their number. One statement.
    async fn enqueue(&mut self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError>;

    /// How many of `keys` belong to a stored job of `kind`, in any state.
    async fn count_known(&mut self, kind: JobKind, keys: &[String]) -> Result<u64, StoreError>;

    /// A pending job of `kind` that is due by `due`. It does not start before the end of the transaction, so it sees the
    /// transaction's changes.
    async fn waiting(&mut self, kind: JobKind, due: OffsetDateTime) -> Result<Option<JobId>, StoreError>;

    /// The job `id`, locked until the end of the transaction.
    async fn hold(&mut self, id: JobId) -> Result<Option<HeldJob>, StoreError>;

    /// Makes a locked job due at `now`, with all its attempts.
    async fn retry(&mut self, id: JobId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Removes a locked job.
    async fn remove(&mut self, id: JobId) -> Result<(), StoreError>;
}

/// A job locked by a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldJob {
    /// The name of its kind.
    pub queue: String,
    /// Identifies the work within its kind.
    pub key: String,
    pub status: JobStatus,
}

/// A job taken by a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    pub id: JobId,
    pub kind: JobKind,
    /// The work; an error if this release does not know it.
    pub job: Result<Job, UnknownJob>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The attempts after which the job is dead.
    pub attempts: u32,
}

/// The most jobs that a worker takes at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Of all kinds.
    pub total: usize,
    /// Of each kind.
    pub by_kind: Vec<(JobKind, usize)>,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    Done,
    /// The worker is shutting down. The job is due at once, and the attempt does not count.
    Interrupted,
    /// The attempt failed; the job is retried.
    Retry {
        /// The earliest start.
        run_at: OffsetDateTime,
        error: String,
    },
    /// The last attempt failed.
    Dead {
        error: String,
    },
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedJob {
    pub id: JobId,
    /// The name of its kind.
    pub queue: String,
    /// Identifies the work within its kind.
    pub key: String,
    pub status: JobStatus,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The earliest start.
    pub run_at: OffsetDateTime,
    /// The error of the last attempt.
    pub last_error: Option<String>,
}

/// The number of jobs of a kind in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// The name of the kind.
    pub queue: String,
    pub status: JobStatus,
    pub jobs: u64,
    /// The earliest start of the pending ones.
    pub next_at: Option<OffsetDateTime>,
}

/// Whether workers are alive and keep up, by the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkerStatus {
    /// Workers that renewed their leases within the time of a lease and have not shut down.
    pub alive: u64,
    /// When the latest worker renewed its leases; `None` if none ever did.
    pub last_seen_at: Option<OffsetDateTime>,
    /// For how long the oldest due job waits; `None` if none waits.
    pub oldest_due_for: Option<Duration>,
}

/// What a [`WorkerStatus`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerHealth {
    Ok,
    /// A worker is alive, but a job has been due for longer than [`WorkerStatus::BEHIND_AFTER`].
    Behind,
    /// No worker is alive.
    Stale,
}

impl WorkerStatus {
    /// Some jobs wait for a while although all is well: emails for their rate, a refresh for the one before it.
    pub const BEHIND_AFTER: Duration = Duration::from_mins(15);

    pub fn health(&self) -> WorkerHealth {
        match self.oldest_due_for {
            _ if self.alive == 0 => WorkerHealth::Stale,
            Some(due_for) if due_for > Self::BEHIND_AFTER => WorkerHealth::Behind,
            _ => WorkerHealth::Ok,
        }
    }
}

/// Gives jobs to workers and stores the outcomes. Leases use the database's clock, so the clocks of workers need not agree (I9).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Queues those of `jobs` whose key is unknown; returns their number.
    async fn enqueue_now(&self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Gives `worker` jobs due at `now` for the time of `lease`, by priority. A job is given to one worker.
    async fn take(
        &self,
        worker: &str,
        capacity: &Capacity,
        now: OffsetDateTime,
        lease: Duration,
    ) -> Result<Vec<TakenJob>, StoreError>;

    /// Renews the leases of `worker`, which then counts as alive for the time of `lease`. Returns jobs with an expired lease to the queue, or marks them dead after their last
    /// attempt; returns their number.
    async fn renew(&self, worker: &str, now: OffsetDateTime, lease: Duration) -> Result<u64, StoreError>;

    /// Stores the outcomes of attempts of `worker`. A job that `worker` no longer holds is unchanged.
    async fn finish(
        &self,
        worker: &str,
        outcomes: &[(JobId, JobOutcome)],
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Returns the jobs of `worker`, which has ended, to the queue without counting the attempt; returns their number.
    async fn release(&self, worker: &str) -> Result<u64, StoreError>;

    /// Whether workers are alive and keep up. Cheap, however long the queue is.
    async fn worker_status(&self) -> Result<WorkerStatus, StoreError>;

    /// The number of jobs by kind and state.
    async fn states(&self) -> Result<Vec<QueueState>, StoreError>;

    /// Up to `most` jobs in the state `status` (`None` is any), latest first by the time they were due or ended.
    async fn list(&self, status: Option<JobStatus>, most: u32) -> Result<Vec<ListedJob>, StoreError>;

    /// The job `id`, if it exists.
    async fn find(&self, id: JobId) -> Result<Option<ListedJob>, StoreError>;

    /// Makes a dead or pending job due at `now`, with all its attempts; returns whether it exists.
    async fn retry(&self, id: JobId, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Makes every dead job of `kind` (`None` is any) due at `now`, with all its attempts; returns their number.
    async fn retry_dead(&self, kind: Option<JobKind>, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Removes a job that is not running; returns whether it existed.
    async fn remove(&self, id: JobId) -> Result<bool, StoreError>;

    /// Removes up to `most` jobs that were done before `done` or dead before `dead`; returns their number.
    async fn prune(&self, done: OffsetDateTime, dead: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worker_health_needs_a_living_worker_and_no_old_job() {
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        for (name, alive, oldest_due_for, expected) in [
            ("an idle worker", 1, None, WorkerHealth::Ok),
            ("a busy worker", 2, minutes(15), WorkerHealth::Ok),
            ("a worker that does not keep up", 1, minutes(16), WorkerHealth::Behind),
            ("no worker and no job", 0, None, WorkerHealth::Stale),
            ("no worker and an old job", 0, minutes(16), WorkerHealth::Stale),
        ] {
            let status = WorkerStatus { alive, oldest_due_for, ..WorkerStatus::default() };
            assert_eq!(status.health(), expected, "{name}");
        }
    }
}
