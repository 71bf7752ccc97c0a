//! Queues refreshes besides the scheduled ones.

use time::{Duration, OffsetDateTime};

use crate::error::StoreError;
use crate::ids::{Ids, JobId};
use crate::jobs::{Job, NewJob};
use crate::store::UnitOfWork;

/// The time over which refreshes caused by users are combined: each ranks all accounts, and users change their visibility at any
/// time.
pub(crate) const REFRESH_DELAY: Duration = Duration::minutes(10);

/// Queues a refresh that is due at `due` and includes the changes of the transaction, or finds a waiting one that is due by
/// then. Returns its job. It is the last step of a transaction, because a concurrent call waits for the transaction's end.
pub(crate) async fn queue_refresh(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    due: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<JobId, StoreError> {
    let kind = Job::Leaderboard.kind();
    let fresh = JobId(ids.fresh());
    let second = format!("asked:{}T{:02}:{:02}:{:02}", due.date(), due.hour(), due.minute(), due.second());
    // The first key is per second, so that concurrent requests share a job. The second is unique, for a job of that second that
    // has begun already.
    for key in [second, format!("asked:{fresh}")] {
        if let Some(waiting) = tx.jobs().waiting(kind, due).await? {
            return Ok(waiting);
        }
        let job = NewJob { job: Job::Leaderboard, key, run_at: due };
        if tx.jobs().enqueue(&[(fresh, job)], now).await? > 0 {
            return Ok(fresh);
        }
    }
    Ok(tx.jobs().waiting(kind, due).await?.unwrap_or(fresh))
}
