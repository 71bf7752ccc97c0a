//! Runs one attempt at a job in a task of its own, within the time limit of its kind.

use std::sync::Arc;
use std::time::Instant;

use domain::clock::Clock;
use domain::error::ErrorKind;
use domain::jobs::ports::{JobOutcome, TakenJob};
use domain::jobs::{JobAttempt, JobError, RetryDecision, judge};
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::handlers::JobRunner;
use crate::metrics;

/// Runs the job `taken` with `work`, and returns the outcome.
pub(crate) async fn attempt(work: Arc<dyn JobRunner>, clock: Arc<dyn Clock>, taken: TakenJob) -> JobOutcome {
    let (kind, began) = (taken.kind, Instant::now());
    let outcome = run(work, clock, taken, began).await;
    metrics::record_attempt(kind, &outcome, began.elapsed());
    outcome
}

async fn run(work: Arc<dyn JobRunner>, clock: Arc<dyn Clock>, taken: TakenJob, began: Instant) -> JobOutcome {
    let TakenJob { id, kind, job, attempt, attempts } = taken;
    let job = match job {
        Ok(job) => job,
        Err(unknown) => {
            tracing::error!(%id, job = kind.name(), %unknown, "job failed; not retried");
            return JobOutcome::Dead { error: unknown.to_string() };
        }
    };
    // In a task of its own, a panic ends only this attempt, and blocking work does not delay the queue. A `JoinSet` aborts its
    // task when it is dropped: a job that is cut off does not run on beside its next attempt.
    let mut doing = JoinSet::new();
    let span = tracing::error_span!("job", %id, job = kind.name(), attempt);
    doing.spawn(async move { work.run(&job, Some(JobAttempt { job: id, number: attempt })).await }.instrument(span));
    let limit = std::time::Duration::try_from(kind.limit()).unwrap_or(std::time::Duration::MAX);
    let (error_kind, error) = match tokio::time::timeout(limit, doing.join_next()).await {
        Ok(Some(Ok(Ok(report)))) => {
            tracing::info!(%id, job = kind.name(), attempt, took = ?began.elapsed(), %report, "job finished");
            return JobOutcome::Done;
        }
        Ok(Some(Ok(Err(error @ JobError::Interrupted)))) => {
            tracing::info!(%id, job = kind.name(), attempt, reason = %error, "job interrupted");
            return JobOutcome::Interrupted;
        }
        Ok(Some(Ok(Err(error)))) => (error.kind(), error.to_string()),
        Ok(Some(Err(panicked))) => (ErrorKind::Internal, format!("panicked: {panicked}")),
        Ok(None) => (ErrorKind::Internal, "never started".to_owned()),
        Err(_) => (ErrorKind::Unavailable, format!("timed out after {limit:?}")),
    };
    match judge(error_kind, id, attempt, attempts, clock.now()) {
        RetryDecision::Retry(run_at) => {
            tracing::warn!(%id, job = kind.name(), attempt, attempts, %error, "job failed; retrying");
            JobOutcome::Retry { run_at, error }
        }
        RetryDecision::Dead => {
            tracing::error!(%id, job = kind.name(), attempt, attempts, %error, "job failed; no attempts left");
            JobOutcome::Dead { error }
        }
    }
}
