//! `/health`: liveness, readiness to serve requests, and the worker.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use async_trait::async_trait;
use domain::clock::Clock;
use domain::jobs::{WorkerHealth, WorkerStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::error::UNAVAILABLE_RETRY_SECONDS;
use crate::json::Instant;
use crate::request_log;
use crate::routes::Routes;

/// The readiness of this process. Register as `Data<dyn Readiness>`.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Whether the database answers.
    async fn database(&self) -> bool;
    /// Whether the database has the schema this program needs.
    async fn migrations(&self) -> bool;
    /// Whether the process is stopping and finishes requests in progress.
    fn draining(&self) -> bool;
    /// The workers and the queue; `None` if the database does not answer.
    async fn worker(&self) -> Option<WorkerStatus>;
}

/// The health of the service.
#[derive(Debug, Serialize, ToSchema)]
struct HealthBody {
    status: Health,
    timestamp: Instant,
    checks: HealthChecks,
}

/// The health of the process.
#[derive(Debug, Serialize, ToSchema)]
struct LiveBody {
    status: Health,
    timestamp: Instant,
}

/// Whether the process should receive requests.
#[derive(Debug, Serialize, ToSchema)]
struct ReadyBody {
    status: Health,
    timestamp: Instant,
    checks: ReadyChecks,
}

#[derive(Debug, Serialize, ToSchema)]
struct HealthChecks {
    database: Check,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReadyChecks {
    database: Check,
    migrations: Check,
    /// Error while the process finishes its work before it stops.
    serving: Check,
}

/// Whether jobs are run.
#[derive(Debug, Serialize, ToSchema)]
struct WorkerBody {
    status: WorkerState,
    timestamp: Instant,
    /// When a worker was last seen; null if none ever was, or the database does not answer.
    last_seen_at: Option<Instant>,
    /// For how long the oldest due job waits; null if none waits, or the database does not answer.
    oldest_due_job_seconds: Option<u64>,
}

/// `ok`; `behind`: a worker runs, but a job has been due for more than 15 minutes; `stale`: no worker runs; `degraded`: the database
/// does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum WorkerState {
    Ok,
    Behind,
    Stale,
    Degraded,
}

impl WorkerState {
    fn of(status: Option<&WorkerStatus>) -> Self {
        match status.map(WorkerStatus::health) {
            Some(WorkerHealth::Ok) => Self::Ok,
            Some(WorkerHealth::Behind) => Self::Behind,
            Some(WorkerHealth::Stale) => Self::Stale,
            None => Self::Degraded,
        }
    }

    /// A worker that is behind works, so a supervisor that restarts it would not help.
    fn health(self) -> Health {
        match self {
            Self::Ok | Self::Behind => Health::Ok,
            Self::Stale | Self::Degraded => Health::Degraded,
        }
    }
}

/// All is well, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Health {
    Ok,
    Degraded,
}

/// One part is well, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Check {
    Ok,
    Error,
}

impl From<bool> for Check {
    fn from(well: bool) -> Self {
        if well { Self::Ok } else { Self::Error }
    }
}

impl Health {
    fn of(checks: &[Check]) -> Self {
        if checks.contains(&Check::Error) { Self::Degraded } else { Self::Ok }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::Degraded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Adds the failed `checks` to the line of the request in the log.
fn record_failures(checks: &[(&'static str, Check)]) {
    let failed: Vec<&str> = checks.iter().filter(|(_, check)| *check == Check::Error).map(|(name, _)| *name).collect();
    if !failed.is_empty() {
        request_log::record_reason(&failed.join("; "));
    }
}

/// The routes of health.
pub fn routes() -> Routes {
    crate::routes![
        health: Public, Unlimited;
        live: Public, Unlimited;
        ready: Public, Unlimited;
        worker: Public, Unlimited;
    ]
    .under("/health")
}

/// Check the health of the service
///
/// Queries the database.
#[utoipa::path(
    get, path = "", tag = "Health",
    responses(
        (status = 200, description = "The service is healthy", body = HealthBody,
         example = json!({"status": "ok", "timestamp": "2026-11-22T12:34:56.789Z", "checks": {"database": "ok"}})),
        (status = 503, description = "The database does not answer", body = HealthBody,
         example = json!({"status": "degraded", "timestamp": "2026-11-22T12:34:56.789Z", "checks": {"database": "error"}})),
    )
)]
async fn health(readiness: Data<dyn Readiness>, clock: Data<dyn Clock>) -> impl Responder {
    let database = Check::from(readiness.database().await);
    let status = Health::of(&[database]);
    record_failures(&[("the database does not answer", database)]);
    answer(status, HealthBody { status, timestamp: clock.now().into(), checks: HealthChecks { database } })
}

/// Check that the process is up
#[utoipa::path(
    get, path = "/live", tag = "Health",
    responses((status = 200, description = "The process is up", body = LiveBody,
               example = json!({"status": "ok", "timestamp": "2026-11-22T12:34:56.789Z"})))
)]
async fn live(clock: Data<dyn Clock>) -> Json<LiveBody> {
    Json(LiveBody { status: Health::Ok, timestamp: clock.now().into() })
}

/// Check that the process should receive requests
#[utoipa::path(
    get, path = "/ready", tag = "Health",
    responses(
        (status = 200, description = "The process should receive requests", body = ReadyBody,
         example = json!({"status": "ok", "timestamp": "2026-11-22T12:34:56.789Z",
                          "checks": {"database": "ok", "migrations": "ok", "serving": "ok"}})),
        (status = 503, description = "The process should not receive requests", body = ReadyBody,
         example = json!({"status": "degraded", "timestamp": "2026-11-22T12:34:56.789Z",
                          "checks": {"database": "ok", "migrations": "ok", "serving": "error"}})),
    )
)]
async fn ready(readiness: Data<dyn Readiness>, clock: Data<dyn Clock>) -> impl Responder {
    let checks = ReadyChecks {
        database: readiness.database().await.into(),
        migrations: readiness.migrations().await.into(),
        serving: Check::from(!readiness.draining()),
    };
    let status = Health::of(&[checks.database, checks.migrations, checks.serving]);
    record_failures(&[
        ("the database does not answer", checks.database),
        ("the schema is not current", checks.migrations),
        ("the process is stopping", checks.serving),
    ]);
    answer(status, ReadyBody { status, timestamp: clock.now().into(), checks })
}

/// Check that a worker runs jobs
///
/// A worker that was killed counts as running until its leases expire (`worker.lease_seconds`).
#[utoipa::path(
    get, path = "/worker", tag = "Health",
    responses(
        (status = 200, description = "A worker runs", body = WorkerBody,
         example = json!({"status": "ok", "timestamp": "2026-11-22T12:34:56.789Z",
                          "last_seen_at": "2026-11-22T12:34:53.123Z", "oldest_due_job_seconds": null})),
        (status = 503, description = "No worker runs, or the database does not answer", body = WorkerBody,
         example = json!({"status": "stale", "timestamp": "2026-11-22T12:34:56.789Z",
                          "last_seen_at": "2026-11-22T09:15:00.5Z", "oldest_due_job_seconds": 11980})),
    )
)]
async fn worker(readiness: Data<dyn Readiness>, clock: Data<dyn Clock>) -> impl Responder {
    let found = readiness.worker().await;
    let status = WorkerState::of(found.as_ref());
    record_failures(&[
        ("no worker runs", Check::from(status != WorkerState::Stale)),
        ("the database does not answer", Check::from(status != WorkerState::Degraded)),
    ]);
    let found = found.unwrap_or_default();
    answer(
        status.health(),
        WorkerBody {
            status,
            timestamp: clock.now().into(),
            last_seen_at: found.last_seen_at.map(Instant::from),
            oldest_due_job_seconds: found.oldest_due_for.map(|due_for| due_for.as_secs()),
        },
    )
}

/// The body with the status that says the same.
fn answer(health: Health, body: impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::build(health.status());
    if health == Health::Degraded {
        answer.insert_header((header::RETRY_AFTER, UNAVAILABLE_RETRY_SECONDS));
    }
    answer.json(body)
}
