//! Metrics of jobs. `kind` is the kind of the job.

use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::Database;
use async_trait::async_trait;
use bootstrap::metrics::{Buckets, Metrics, Program, Source};
use bootstrap::{Settings, StartupError};
use domain::jobs::JobKind;
use domain::jobs::ports::JobOutcome;
use metrics::{counter, describe_counter, describe_histogram, histogram};

const ATTEMPTS: &str = "burntop_job_attempts_total";
const DURATION_SECONDS: &str = "burntop_job_duration_seconds";

/// Jobs take from milliseconds to hours.
const DURATION_BOUNDS: &[f64] = &[0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

/// The histograms of a process that runs jobs.
pub const HISTOGRAMS: [Buckets; 2] = [
    Buckets { name: DURATION_SECONDS, bounds: DURATION_BOUNDS },
    Buckets { name: adapters_postgres::metrics::WAIT_SECONDS, bounds: adapters_postgres::metrics::WAIT_BOUNDS },
];

/// Listens for scrapes of a worker process and begins to record, unless metrics are off.
pub fn start(settings: &Settings) -> Result<Option<Metrics>, StartupError> {
    let metrics = Metrics::start(settings, Program::Worker, &HISTOGRAMS)?;
    if metrics.is_some() {
        describe();
    }
    Ok(metrics)
}

/// Describes the metrics of a process that runs jobs, and records that no job has run yet.
pub fn describe() {
    adapters_postgres::metrics::describe();
    describe_counter!(ATTEMPTS, "Ended attempts at jobs, by outcome: done, retry, dead or interrupted");
    describe_histogram!(DURATION_SECONDS, "Duration of attempts at jobs");
    for kind in JobKind::ALL {
        for outcome in ["done", "retry", "dead", "interrupted"] {
            counter!(ATTEMPTS, "kind" => kind.name(), "outcome" => outcome).increment(0);
        }
    }
}

/// Records an attempt at a job.
pub(crate) fn record_attempt(kind: JobKind, outcome: &JobOutcome, took: Duration) {
    let outcome = match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Retry { .. } => "retry",
        JobOutcome::Dead { .. } => "dead",
        JobOutcome::Interrupted => "interrupted",
    };
    counter!(ATTEMPTS, "kind" => kind.name(), "outcome" => outcome).increment(1);
    histogram!(DURATION_SECONDS, "kind" => kind.name()).record(took);
}

/// The values of a worker process that are read at each scrape.
pub fn sources(database: &Database) -> Vec<Arc<dyn Source>> {
    vec![Arc::new(WorkerPool(database.clone()))]
}

/// The pool of a worker process.
struct WorkerPool(Database);

#[async_trait]
impl Source for WorkerPool {
    async fn record(&self) {
        self.0.record_pool();
    }
}
