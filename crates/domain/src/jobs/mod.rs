//! Work that is done later: written in the transaction that wants it, done by a worker, tried again when it fails.
//!
//! A [`Job`] says what is to be done, a [`JobKind`] how. Jobs compute from facts and do nothing that was done already, so a job
//! that is done twice, or half, is done once. [`NewJob::key`] names the piece of work: it is queued once.

mod error;
mod first;
mod job;
mod kind;
pub mod ports;
mod retry;
mod status;

pub use error::JobError;
pub use first::FirstJobs;
pub use job::{Attempt, Job, NewJob, UnknownJob};
pub use kind::JobKind;
pub use ports::{JobQueue, JobStore};
pub use retry::{Verdict, backoff, judge};
pub use status::JobStatus;
