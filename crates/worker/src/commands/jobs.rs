//! `worker jobs`: lists the queue, retries and drops jobs.

use adapters_postgres::Database;
use bootstrap::StartupError;
use bootstrap::out::print_line;
use bootstrap::system::SystemClock;
use domain::clock::Clock;
use domain::error::StoreError;
use domain::ids::JobId;
use domain::jobs::JobStore;
use domain::jobs::ports::ListedJob;
use domain::text::plural;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::{Jobs, Status};
use crate::failed;

pub(crate) async fn jobs(store: &Database, args: Jobs) -> Result<(), StartupError> {
    let stopped = |error: StoreError| failed("managing the queue", error.to_string());
    match args {
        Jobs::List { status, limit } => {
            for state in store.states().await.map_err(stopped)? {
                let next = state.next_at.map_or_else(String::new, |at| format!(", next {}", shown(at)));
                print_line(format_args!("{:<16} {:<8} {:>8}{next}", state.queue, state.status, state.jobs));
            }
            for job in store.list(status.map(Status::status), limit).await.map_err(stopped)? {
                print_line(line(&job));
            }
            Ok(())
        }
        Jobs::Retry { id } => {
            let retried = store.retry(JobId(id), SystemClock.now()).await.map_err(stopped)?;
            done(retried, "requeued, due now", id, "is pending or dead")
        }
        Jobs::RetryDead { kind } => {
            let retried = store.retry_dead(kind, SystemClock.now()).await.map_err(stopped)?;
            print_line(format_args!("{} requeued, due now", plural(retried, "job")));
            Ok(())
        }
        Jobs::Drop { id, yes } => {
            if let Some(job) = store.find(JobId(id)).await.map_err(stopped)?
                && !yes
            {
                print_line(line(&job));
                return Err(StartupError::Unconfirmed { doing: "remove this job" });
            }
            let removed = store.remove(JobId(id)).await.map_err(stopped)?;
            done(removed, "removed", id, "is not running")
        }
    }
}

fn done(done: bool, what: &str, id: uuid::Uuid, wanted: &str) -> Result<(), StartupError> {
    if done {
        print_line(format_args!("{id} {what}"));
        return Ok(());
    }
    Err(failed("managing the queue", format!("there is no job {id} that {wanted}")))
}

/// One line about a job.
fn line(job: &ListedJob) -> String {
    let ListedJob { id, queue, key, status, attempts, run_at, last_error } = job;
    let error = last_error.as_ref().map_or_else(String::new, |error| format!("  {error}"));
    format!("{id}  {status:<8} {queue} {key}  attempts {attempts}, due {}{error}", shown(*run_at))
}

fn shown(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use domain::jobs::JobStatus;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn job_line_shows_state_and_last_error() {
        let job = ListedJob {
            id: JobId(Uuid::from_u128(7)),
            queue: "cleanup".to_owned(),
            key: "2026-11-22".to_owned(),
            status: JobStatus::Dead,
            attempts: 5,
            run_at: datetime!(2026-11-22 03:00 UTC),
            last_error: Some("the database is away".to_owned()),
        };
        assert_eq!(
            line(&job),
            "00000000-0000-0000-0000-000000000007  dead     cleanup 2026-11-22  attempts 5, due 2026-11-22T03:00:00Z  \
             the database is away"
        );
    }
}
