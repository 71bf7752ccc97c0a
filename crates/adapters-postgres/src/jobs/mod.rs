//! The queue of jobs.

use std::time::Duration;

use domain::ids::JobId;
use domain::jobs::ports::{Capacity, HeldJob, JobOutcome, ListedJob, QueueState, TakenJob, WorkerStatus};
use domain::jobs::{Job, JobKind, JobQueue, JobStatus, JobStore, NewJob};
use time::UtcOffset;

use crate::database::Database;
use crate::payload::{json, parse_data};
use crate::prelude::*;
use crate::schema::jobs;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl JobQueue for PgUnitOfWork {
    async fn enqueue(&mut self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError> {
        enqueue(self.connection()?, jobs, now).await
    }

    async fn count_known(&mut self, kind: JobKind, keys: &[String]) -> Result<u64, StoreError> {
        let known = jobs::table.filter(jobs::queue.eq(kind.name()).and(jobs::idempotency_key.eq_any(keys)));
        let count: i64 = known.count().row(self.connection()?).await?;
        Ok(count.unsigned_abs())
    }

    async fn waiting(&mut self, kind: JobKind, due: OffsetDateTime) -> Result<Option<JobId>, StoreError> {
        let found: Option<Uuid> = jobs::table
            .filter(jobs::queue.eq(kind.name()).and(jobs::status.eq(JobStatus::Pending.name())))
            .filter(jobs::attempts.eq(0).and(jobs::run_at.le(due)))
            .order((jobs::run_at, jobs::id))
            .select(jobs::id)
            .limit(1)
            // Other transactions may hold it too; workers skip it.
            .for_share()
            .optional(self.connection()?)
            .await?;
        Ok(found.map(JobId))
    }

    async fn hold(&mut self, id: JobId) -> Result<Option<HeldJob>, StoreError> {
        let held: Option<(String, String, String)> = jobs::table
            .find(id.0)
            .select((jobs::queue, jobs::idempotency_key, jobs::status))
            .for_update()
            .optional(self.connection()?)
            .await?;
        held.map(|(queue, key, status)| Ok(HeldJob { queue, key, status: stored(&status)? })).transpose()
    }

    async fn retry(&mut self, id: JobId, now: OffsetDateTime) -> Result<(), StoreError> {
        retry(self.connection()?, id, now).await.map(drop)
    }

    async fn remove(&mut self, id: JobId) -> Result<(), StoreError> {
        remove(self.connection()?, id).await.map(drop)
    }
}

/// Makes a job pending with all its attempts.
#[derive(AsChangeset)]
#[diesel(table_name = jobs, treat_none_as_null = true)]
struct Reset {
    status: &'static str,
    attempts: i32,
    run_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

impl Reset {
    fn at(now: OffsetDateTime) -> Self {
        Self { status: JobStatus::Pending.name(), attempts: 0, run_at: now, finished_at: None }
    }
}

/// Makes a dead or pending job due at `now`, with all its attempts. Returns whether there is one.
async fn retry(connection: &AsyncPgConnection, id: JobId, now: OffsetDateTime) -> Result<bool, StoreError> {
    let waiting =
        jobs::table.find(id.0).filter(jobs::status.eq_any([JobStatus::Pending, JobStatus::Dead].map(JobStatus::name)));
    Ok(diesel::update(waiting).set(Reset::at(now)).run(connection).await? > 0)
}

/// Removes a job that is not running. Returns whether there was one.
async fn remove(connection: &AsyncPgConnection, id: JobId) -> Result<bool, StoreError> {
    let idle = jobs::table.find(id.0).filter(jobs::status.ne(JobStatus::Running.name()));
    Ok(diesel::delete(idle).run(connection).await? > 0)
}

type ListedRow = (Uuid, String, String, String, i32, OffsetDateTime, Option<String>);

/// The columns of a [`ListedRow`].
const LISTED: (
    jobs::id,
    jobs::queue,
    jobs::idempotency_key,
    jobs::status,
    jobs::attempts,
    jobs::run_at,
    jobs::last_error,
) = (jobs::id, jobs::queue, jobs::idempotency_key, jobs::status, jobs::attempts, jobs::run_at, jobs::last_error);

fn listed((id, queue, key, status, attempts, run_at, last_error): ListedRow) -> Result<ListedJob, StoreError> {
    let (id, status, attempts) = (JobId(id), stored(&status)?, attempts.unsigned_abs());
    Ok(ListedJob { id, queue, key, status, attempts, run_at: utc(run_at), last_error })
}

async fn enqueue(
    connection: &AsyncPgConnection,
    jobs: &[(JobId, NewJob)],
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let new = || jobs.iter().map(|(_, job)| job);
    let queued: i64 = statement(include_str!("enqueue_jobs.sql"))
        .bind_array::<SqlUuid>(jobs.iter().map(|(id, _)| id.0))
        .bind_array::<Text>(new().map(|job| job.job.kind().name()))
        .bind_array::<Text>(new().map(|job| job.key.as_str()))
        .bind_array::<Text>(new().map(|job| json(&job.job.data())))
        .bind_array::<SmallInt>(new().map(|job| job.job.priority()))
        .bind_array::<Integer>(new().map(|job| to_integer(job.job.kind().attempts())))
        .bind_array::<Timestamptz>(new().map(|job| job.run_at))
        .bind::<Timestamptz>(now)
        .value::<BigInt, _>(connection)
        .await?;
    Ok(queued.unsigned_abs())
}

#[derive(QueryableByName)]
#[diesel(table_name = jobs)]
struct TakenRow {
    id: Uuid,
    queue: String,
    #[diesel(sql_type = Text)]
    payload: String,
    attempts: i32,
    max_attempts: i32,
    priority: i16,
    run_at: OffsetDateTime,
}

impl TakenRow {
    /// The job; `None` for a kind that this release does not know.
    fn job(self) -> Option<TakenJob> {
        Some(TakenJob {
            id: JobId(self.id),
            kind: JobKind::of(&self.queue)?,
            job: Job::parse(&self.queue, &parse_data(&self.payload)),
            attempt: self.attempts.unsigned_abs(),
            attempts: self.max_attempts.unsigned_abs(),
        })
    }
}

#[derive(QueryableByName)]
struct WorkerStatusRow {
    #[diesel(sql_type = BigInt)]
    workers: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_seen_at: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<Double>)]
    oldest_due_seconds: Option<f64>,
}

#[async_trait]
impl JobStore for Database {
    async fn enqueue_now(&self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError> {
        enqueue(&self.connection().await?.pg, jobs, now).await
    }

    async fn take(
        &self,
        worker: &str,
        capacity: &Capacity,
        now: OffsetDateTime,
        lease: Duration,
    ) -> Result<Vec<TakenJob>, StoreError> {
        let (queues, room): (Vec<_>, Vec<_>) = (capacity.by_kind.iter())
            .filter(|(_, room)| *room > 0)
            .map(|(kind, room)| (kind.name(), to_integer(*room)))
            .unzip();
        let mut rows: Vec<TakenRow> = statement(include_str!("lease_jobs.sql"))
            .bind::<Text>(worker)
            .bind::<Timestamptz>(now)
            .bind_array::<Text>(queues)
            .bind_array::<Integer>(room)
            .bind::<Integer>(to_integer(capacity.total))
            .bind::<Double>(lease.as_secs_f64())
            .rows(&self.connection().await?.pg)
            .await?;
        rows.sort_by_key(|row| (row.priority, row.run_at, row.id));
        Ok(rows.into_iter().filter_map(TakenRow::job).collect())
    }

    async fn renew(&self, worker: &str, now: OffsetDateTime, lease: Duration) -> Result<u64, StoreError> {
        let taken: i64 = statement(include_str!("renew_jobs.sql"))
            .bind::<Text>(worker)
            .bind::<Timestamptz>(now)
            .bind::<Double>(lease.as_secs_f64())
            .value::<BigInt, _>(&self.connection().await?.pg)
            .await?;
        Ok(taken.unsigned_abs())
    }

    async fn finish(
        &self,
        worker: &str,
        outcomes: &[(JobId, JobOutcome)],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let ended = || outcomes.iter().map(|(_, outcome)| outcome);
        statement(include_str!("finish_jobs.sql"))
            .bind::<Text>(worker)
            .bind_array::<SqlUuid>(outcomes.iter().map(|(id, _)| id.0))
            .bind_array::<Text>(ended().map(|outcome| columns(outcome).0.name()))
            .bind_array::<Nullable<Timestamptz>>(ended().map(|outcome| columns(outcome).1))
            .bind_array::<Nullable<Text>>(ended().map(|outcome| columns(outcome).2))
            .bind::<Timestamptz>(now)
            .bind_array::<Bool>(ended().map(|outcome| *outcome != JobOutcome::Interrupted))
            .exec(&self.connection().await?.pg)
            .await
    }

    async fn release(&self, worker: &str) -> Result<u64, StoreError> {
        let released: i64 = statement(include_str!("release_jobs.sql"))
            .bind::<Text>(worker)
            .value::<BigInt, _>(&self.connection().await?.pg)
            .await?;
        Ok(released.unsigned_abs())
    }

    async fn worker_status(&self) -> Result<WorkerStatus, StoreError> {
        let query = statement(include_str!("worker_status.sql")).bind_array::<Text>(JobKind::ALL.map(JobKind::name));
        let row: WorkerStatusRow = query.row(&self.connection().await?.pg).await?;
        Ok(WorkerStatus {
            alive: row.workers.unsigned_abs(),
            last_seen_at: row.last_seen_at.map(utc),
            oldest_due_for: row.oldest_due_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        })
    }

    async fn states(&self) -> Result<Vec<QueueState>, StoreError> {
        type Row = (String, String, i64, Option<OffsetDateTime>);
        let rows: Vec<Row> = jobs::table
            .group_by((jobs::queue, jobs::status))
            .select((jobs::queue, jobs::status, diesel::dsl::count_star(), diesel::dsl::min(jobs::run_at)))
            .order((jobs::queue, jobs::status))
            .rows(&self.connection().await?.pg)
            .await?;
        let state = |(queue, status, jobs, next_at): Row| {
            let status = stored(&status)?;
            let next_at = next_at.filter(|_| status == JobStatus::Pending).map(utc);
            Ok(QueueState { queue, status, jobs: jobs.unsigned_abs(), next_at })
        };
        rows.into_iter().map(state).collect()
    }

    async fn list(&self, status: Option<JobStatus>, most: u32) -> Result<Vec<ListedJob>, StoreError> {
        let query = jobs::table.select(LISTED).order((jobs::run_at.desc(), jobs::id.desc())).limit(most.into());
        let query = match status {
            Some(status) => query.into_boxed().filter(jobs::status.eq(status.name())),
            None => query.into_boxed(),
        };
        let rows: Vec<ListedRow> = query.rows(&self.connection().await?.pg).await?;
        rows.into_iter().map(listed).collect()
    }

    async fn find(&self, id: JobId) -> Result<Option<ListedJob>, StoreError> {
        let query = jobs::table.find(id.0).select(LISTED);
        query.optional::<ListedRow>(&self.connection().await?.pg).await?.map(listed).transpose()
    }

    async fn retry(&self, id: JobId, now: OffsetDateTime) -> Result<bool, StoreError> {
        retry(&self.connection().await?.pg, id, now).await
    }

    async fn retry_dead(&self, kind: Option<JobKind>, now: OffsetDateTime) -> Result<u64, StoreError> {
        let dead = jobs::status.eq(JobStatus::Dead.name());
        let of_kind =
            jobs::queue.eq_any(kind.map_or(JobKind::ALL.map(JobKind::name).to_vec(), |kind| vec![kind.name()]));
        diesel::update(jobs::table.filter(dead.and(of_kind)))
            .set(Reset::at(now))
            .run(&self.connection().await?.pg)
            .await
    }

    async fn remove(&self, id: JobId) -> Result<bool, StoreError> {
        remove(&self.connection().await?.pg, id).await
    }

    async fn prune(&self, done: OffsetDateTime, dead: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        statement(include_str!("prune_jobs.sql"))
            .bind::<Timestamptz>(done)
            .bind::<Timestamptz>(dead)
            .bind::<BigInt>(i64::from(most))
            .run(&self.connection().await?.pg)
            .await
    }
}

fn stored(status: &str) -> Result<JobStatus, StoreError> {
    JobStatus::of(status).ok_or_else(|| StoreError::Internal(format!("a job is {status}, which is no state")))
}

/// The status after an attempt, the time of the next one, and the error. PostgreSQL stores no NUL in a text.
fn columns(outcome: &JobOutcome) -> (JobStatus, Option<OffsetDateTime>, Option<String>) {
    match outcome {
        JobOutcome::Done => (JobStatus::Done, None, None),
        JobOutcome::Interrupted => (JobStatus::Pending, None, None),
        JobOutcome::Retry { run_at, error } => (JobStatus::Pending, Some(*run_at), Some(error.replace('\0', ""))),
        JobOutcome::Dead { error } => (JobStatus::Dead, None, Some(error.replace('\0', ""))),
    }
}

fn utc(at: OffsetDateTime) -> OffsetDateTime {
    at.to_offset(UtcOffset::UTC)
}
