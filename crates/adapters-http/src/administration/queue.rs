//! `/admin/queue`: the job queue.

use actix_web::web::Data;
use domain::administration::{Administration, QueueView};
use domain::ids::JobId;
use domain::jobs::ports::{ListedJob, QueueState};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Admin;
use crate::answer::{Json, NoContent};
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::json::Instant;
use crate::openapi::failures;
use crate::routes::Routes;

pub(super) fn routes() -> Routes {
    crate::routes![
        queue: Session;
        retry: Session;
        remove: Session;
    ]
    .under("/queue")
}

/// The number of jobs of a kind in a state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueState)]
struct StateBody {
    kind: String,
    /// `pending`, `running`, `done` or `dead`.
    status: &'static str,
    jobs: u64,
    /// When the first pending job is due.
    next_at: Option<Instant>,
}

impl From<QueueState> for StateBody {
    fn from(state: QueueState) -> Self {
        let QueueState { queue, status, jobs, next_at } = state;
        Self { kind: queue, status: status.name(), jobs, next_at: next_at.map(Instant::from) }
    }
}

/// A dead job: all its attempts failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadJob)]
struct DeadBody {
    id: Uuid,
    kind: String,
    /// The idempotency key within the kind.
    key: String,
    /// The number of attempts.
    attempts: u32,
    /// When it was due.
    run_at: Instant,
    /// Why the last attempt failed.
    last_error: Option<String>,
}

impl From<ListedJob> for DeadBody {
    fn from(job: ListedJob) -> Self {
        let ListedJob { id, queue, key, attempts, run_at, last_error, .. } = job;
        Self { id: id.0, kind: queue, key, attempts, run_at: run_at.into(), last_error }
    }
}

/// An overview of the queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
struct QueueBody {
    states: Vec<StateBody>,
    /// The latest hundred dead jobs.
    dead: Vec<DeadBody>,
}

impl From<QueueView> for QueueBody {
    fn from(view: QueueView) -> Self {
        Self {
            states: view.states.into_iter().map(StateBody::from).collect(),
            dead: view.dead.into_iter().map(DeadBody::from).collect(),
        }
    }
}

/// Show the job queue
///
/// The number of jobs by kind and state, and the dead jobs.
#[utoipa::path(
    get, path = "", tag = "Admin",
    responses((status = 200, description = "The queue", body = QueueBody, example = json!({
        "states": [{"kind": "leaderboard", "status": "pending", "jobs": 1, "next_at": "2026-11-22T13:02:00Z"}],
        "dead": [{"id": "019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b", "kind": "prices", "key": "2026-11-22", "attempts": 8,
                  "run_at": "2026-11-22T04:00:00Z", "last_error": "the price table is not available: timed out"}],
    })))
)]
async fn queue(admin: Admin, administration: Data<Administration>) -> ApiResult<Json<QueueBody>> {
    Ok(Json(administration.queue(&admin.0).await?.into()))
}

/// Retry a job
///
/// Makes a dead or pending job due now, with all its attempts. 409 when it is running or done.
#[utoipa::path(
    post, path = "/{id}/retry", tag = "Admin",
    params(("id" = Uuid, Path, description = "The id of the job")),
    responses((status = 204, description = "The job is due now"), failures::NotFound, failures::Conflict)
)]
async fn retry(admin: Admin, path: PathArgs, administration: Data<Administration>) -> ApiResult<NoContent> {
    administration.retry_job(&admin.0, JobId(path.uuid("id")?)).await?;
    Ok(NoContent)
}

/// Remove a job
///
/// 409 when it is running.
#[utoipa::path(
    delete, path = "/{id}", tag = "Admin",
    params(("id" = Uuid, Path, description = "The id of the job")),
    responses((status = 204, description = "The job is removed"), failures::NotFound, failures::Conflict)
)]
async fn remove(admin: Admin, path: PathArgs, administration: Data<Administration>) -> ApiResult<NoContent> {
    administration.remove_job(&admin.0, JobId(path.uuid("id")?)).await?;
    Ok(NoContent)
}
