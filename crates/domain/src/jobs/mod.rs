//! Jobs: work that is queued in the transaction that causes it, run by a worker, and retried after a failure.
//!
//! A [`Job`] is the work, a [`JobKind`] how it is run. Handlers are idempotent (I9), so a repeated or interrupted job has the
//! effect of one. [`NewJob::key`] identifies the work: it is queued once.

mod error;
mod first;
mod job;
mod kind;
pub mod ports;
mod retry;
mod status;

pub use error::JobError;
pub use first::FirstJobs;
pub use job::{Job, JobAttempt, NewJob, UnknownJob};
pub use kind::JobKind;
pub use ports::{JobQueue, JobStore, WorkerHealth, WorkerStatus};
pub use retry::{RetryDecision, backoff, judge};
pub use status::JobStatus;
