//! The queue of jobs.

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::error::StoreError;
use domain::ids::JobId;
use domain::jobs::ports::{Capacity, HeldJob, JobOutcome, ListedJob, QueueState, TakenJob};
use domain::jobs::{Job, JobKind, JobQueue, JobStatus, JobStore, NewJob};
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::payload::{facts, json};
use crate::schema::jobs;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl JobQueue for PgUnitOfWork {
    async fn enqueue(&mut self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError> {
        enqueue(self.connection()?, jobs, now).await
    }

    async fn count_known(&mut self, kind: JobKind, keys: &[String]) -> Result<u64, StoreError> {
        let known = jobs::table.filter(jobs::queue.eq(kind.name()).and(jobs::idempotency_key.eq_any(keys)));
        let count: i64 = known.count().get_result(self.connection()?).await.map_err(store_error)?;
        Ok(count.unsigned_abs())
    }

    async fn waiting(&mut self, kind: JobKind, due: OffsetDateTime) -> Result<Option<JobId>, StoreError> {
        let found: Option<Uuid> = jobs::table
            .filter(jobs::queue.eq(kind.name()).and(jobs::status.eq(JobStatus::Pending.name())))
            .filter(jobs::attempts.eq(0).and(jobs::run_at.le(due)))
            .order((jobs::run_at, jobs::id))
            .select(jobs::id)
            // Several may hold it; whoever takes jobs passes over it.
            .for_share()
            .first(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(found.map(JobId))
    }

    async fn hold(&mut self, id: JobId) -> Result<Option<HeldJob>, StoreError> {
        let held: Option<(String, String, String)> = jobs::table
            .find(id.0)
            .select((jobs::queue, jobs::idempotency_key, jobs::status))
            .for_update()
            .first(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        held.map(|(queue, key, status)| Ok(HeldJob { queue, key, status: stored(&status)? })).transpose()
    }

    async fn retry(&mut self, id: JobId, now: OffsetDateTime) -> Result<(), StoreError> {
        retry(self.connection()?, id, now).await.map(drop)
    }

    async fn remove(&mut self, id: JobId) -> Result<(), StoreError> {
        remove(self.connection()?, id).await.map(drop)
    }
}

/// A job with all its attempts before it.
#[derive(AsChangeset)]
#[diesel(table_name = jobs, treat_none_as_null = true)]
struct Anew {
    status: &'static str,
    attempts: i32,
    run_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

impl Anew {
    fn at(now: OffsetDateTime) -> Self {
        Self { status: JobStatus::Pending.name(), attempts: 0, run_at: now, finished_at: None }
    }
}

/// Makes a job that was given up, or waits, due at `now`, with all its attempts; says whether there is one.
async fn retry(connection: &mut AsyncPgConnection, id: JobId, now: OffsetDateTime) -> Result<bool, StoreError> {
    let waiting =
        jobs::table.find(id.0).filter(jobs::status.eq_any([JobStatus::Pending, JobStatus::Dead].map(JobStatus::name)));
    Ok(diesel::update(waiting).set(Anew::at(now)).execute(connection).await.map_err(store_error)? > 0)
}

/// Removes a job that is not running; says whether there was one.
async fn remove(connection: &mut AsyncPgConnection, id: JobId) -> Result<bool, StoreError> {
    let idle = jobs::table.find(id.0).filter(jobs::status.ne(JobStatus::Running.name()));
    Ok(diesel::delete(idle).execute(connection).await.map_err(store_error)? > 0)
}

async fn enqueue(
    connection: &mut AsyncPgConnection,
    jobs: &[(JobId, NewJob)],
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let column = |of: fn(&NewJob) -> String| jobs.iter().map(|(_, job)| of(job)).collect::<Vec<_>>();
    let (queued, _): (i64, i64) = statement::<(BigInt, BigInt)>(include_str!("enqueue_jobs.sql"))
        .bind::<Array<SqlUuid>, _>(jobs.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(column(|job| job.job.kind().name().to_owned()))
        .bind::<Array<Text>, _>(column(|job| job.key.clone()))
        .bind::<Array<Text>, _>(column(|job| json(&job.job.data())))
        .bind::<Array<SmallInt>, _>(jobs.iter().map(|(_, job)| job.job.priority()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(jobs.iter().map(|(_, job)| integer(job.job.kind().attempts())).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(jobs.iter().map(|(_, job)| job.run_at).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(now)
        .get_result(connection)
        .await
        .map_err(store_error)?;
    Ok(count(queued))
}

type TakenRow = (Uuid, String, String, i32, i32, i16, OffsetDateTime);
type TakenColumns = (SqlUuid, Text, Text, Integer, Integer, SmallInt, Timestamptz);

#[async_trait]
impl JobStore for Database {
    async fn enqueue_now(&self, jobs: &[(JobId, NewJob)], now: OffsetDateTime) -> Result<u64, StoreError> {
        enqueue(&mut self.connection().await?.pg, jobs, now).await
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
            .map(|(kind, room)| (kind.name(), integer(*room)))
            .unzip();
        let mut rows: Vec<TakenRow> = statement::<TakenColumns>(include_str!("take_jobs.sql"))
            .bind::<Text, _>(worker)
            .bind::<Timestamptz, _>(now)
            .bind::<Array<Text>, _>(queues)
            .bind::<Array<Integer>, _>(room)
            .bind::<Integer, _>(integer(capacity.total))
            .bind::<Double, _>(lease.as_secs_f64())
            .load(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        rows.sort_by_key(|(id, _, _, _, _, priority, run_at)| (*priority, *run_at, *id));
        Ok(rows.into_iter().filter_map(taken).collect())
    }

    async fn renew(&self, worker: &str, now: OffsetDateTime, lease: Duration) -> Result<u64, StoreError> {
        let taken: i64 = statement::<BigInt>(include_str!("renew_jobs.sql"))
            .bind::<Text, _>(worker)
            .bind::<Timestamptz, _>(now)
            .bind::<Double, _>(lease.as_secs_f64())
            .get_result(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(count(taken))
    }

    async fn finish(
        &self,
        worker: &str,
        outcomes: &[(JobId, JobOutcome)],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let column =
            |of: fn(&JobOutcome) -> Option<String>| outcomes.iter().map(|(_, outcome)| of(outcome)).collect::<Vec<_>>();
        statement::<()>(include_str!("finish_jobs.sql"))
            .bind::<Text, _>(worker)
            .bind::<Array<SqlUuid>, _>(outcomes.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(column(|outcome| Some(status(outcome).name().to_owned())))
            .bind::<Array<Nullable<Timestamptz>>, _>(
                outcomes.iter().map(|(_, outcome)| run_at(outcome)).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<Text>>, _>(column(error))
            .bind::<Timestamptz, _>(now)
            .bind::<Array<Bool>, _>(
                outcomes.iter().map(|(_, outcome)| *outcome != JobOutcome::Interrupted).collect::<Vec<_>>(),
            )
            .execute(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn release(&self, worker: &str) -> Result<u64, StoreError> {
        let held = jobs::table.filter(jobs::status.eq(JobStatus::Running.name()).and(jobs::locked_by.eq(worker)));
        let released = diesel::update(held)
            .set((
                jobs::status.eq(JobStatus::Pending.name()),
                jobs::attempts.eq(jobs::attempts - 1),
                jobs::locked_by.eq(None::<String>),
                jobs::locked_until.eq(None::<OffsetDateTime>),
            ))
            .execute(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(released as u64)
    }

    async fn states(&self) -> Result<Vec<QueueState>, StoreError> {
        type Row = (String, String, i64, Option<OffsetDateTime>);
        let rows: Vec<Row> = jobs::table
            .group_by((jobs::queue, jobs::status))
            .select((jobs::queue, jobs::status, diesel::dsl::count_star(), diesel::dsl::min(jobs::run_at)))
            .order((jobs::queue, jobs::status))
            .load(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        let state = |(queue, status, jobs, next_at): Row| {
            let status = stored(&status)?;
            let next_at = next_at.filter(|_| status == JobStatus::Pending).map(utc);
            Ok(QueueState { queue, status, jobs: count(jobs), next_at })
        };
        rows.into_iter().map(state).collect()
    }

    async fn list(&self, status: Option<JobStatus>, most: u32) -> Result<Vec<ListedJob>, StoreError> {
        type Row = (Uuid, String, String, String, i32, OffsetDateTime, Option<String>);
        let query = jobs::table
            .select((
                jobs::id,
                jobs::queue,
                jobs::idempotency_key,
                jobs::status,
                jobs::attempts,
                jobs::run_at,
                jobs::last_error,
            ))
            .order((jobs::run_at.desc(), jobs::id.desc()))
            .limit(most.into())
            .into_boxed();
        let query = match status {
            Some(status) => query.filter(jobs::status.eq(status.name())),
            None => query,
        };
        let rows: Vec<Row> = query.load(&mut self.connection().await?.pg).await.map_err(store_error)?;
        let listed = |(id, queue, key, status, attempts, run_at, last_error): Row| {
            let (id, status, attempts) = (JobId(id), stored(&status)?, attempts.unsigned_abs());
            Ok(ListedJob { id, queue, key, status, attempts, run_at: utc(run_at), last_error })
        };
        rows.into_iter().map(listed).collect()
    }

    async fn retry(&self, id: JobId, now: OffsetDateTime) -> Result<bool, StoreError> {
        retry(&mut self.connection().await?.pg, id, now).await
    }

    async fn retry_dead(&self, kind: Option<JobKind>, now: OffsetDateTime) -> Result<u64, StoreError> {
        let dead = jobs::status.eq(JobStatus::Dead.name());
        let of_kind =
            jobs::queue.eq_any(kind.map_or(JobKind::ALL.map(JobKind::name).to_vec(), |kind| vec![kind.name()]));
        let retried = diesel::update(jobs::table.filter(dead.and(of_kind)))
            .set(Anew::at(now))
            .execute(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(retried as u64)
    }

    async fn remove(&self, id: JobId) -> Result<bool, StoreError> {
        remove(&mut self.connection().await?.pg, id).await
    }

    async fn prune(&self, done: OffsetDateTime, dead: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let pruned = statement::<()>(include_str!("prune_jobs.sql"))
            .bind::<Timestamptz, _>(done)
            .bind::<Timestamptz, _>(dead)
            .bind::<BigInt, _>(i64::from(most))
            .execute(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(pruned as u64)
    }
}

/// A row as a job; `None` for a kind that nobody here asked for.
fn taken((id, queue, payload, attempt, attempts, _, _): TakenRow) -> Option<TakenJob> {
    Some(TakenJob {
        id: JobId(id),
        kind: JobKind::of(&queue)?,
        job: Job::parse(&queue, &facts(&payload)),
        attempt: attempt.unsigned_abs(),
        attempts: attempts.unsigned_abs(),
    })
}

/// A status as it was read.
fn stored(status: &str) -> Result<JobStatus, StoreError> {
    JobStatus::of(status).ok_or_else(|| StoreError::Internal(format!("a job is {status}, which is no state")))
}

/// The state that an attempt leads to.
fn status(outcome: &JobOutcome) -> JobStatus {
    match outcome {
        JobOutcome::Done => JobStatus::Done,
        JobOutcome::Interrupted | JobOutcome::Retry { .. } => JobStatus::Pending,
        JobOutcome::Dead { .. } => JobStatus::Dead,
    }
}

fn run_at(outcome: &JobOutcome) -> Option<OffsetDateTime> {
    match outcome {
        JobOutcome::Retry { run_at, .. } => Some(*run_at),
        JobOutcome::Done | JobOutcome::Interrupted | JobOutcome::Dead { .. } => None,
    }
}

/// What went wrong. PostgreSQL keeps no NUL in a text.
fn error(outcome: &JobOutcome) -> Option<String> {
    match outcome {
        JobOutcome::Retry { error, .. } | JobOutcome::Dead { error } => Some(error.replace('\0', "")),
        JobOutcome::Done | JobOutcome::Interrupted => None,
    }
}

fn utc(at: OffsetDateTime) -> OffsetDateTime {
    at.to_offset(UtcOffset::UTC)
}

fn integer(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

fn count(number: i64) -> u64 {
    number.unsigned_abs()
}
