//! Asking for a refresh that the schedule does not know of.

use time::{Duration, OffsetDateTime};

use crate::error::StoreError;
use crate::ids::{Ids, JobId};
use crate::jobs::{Job, NewJob};
use crate::store::UnitOfWork;

/// How long refreshes are gathered that people bring about by themselves: each goes over everybody, and anybody may change who
/// sees them at any time.
pub(crate) const GATHERED: Duration = Duration::minutes(10);

/// Queues a refresh that is due at `due` and sees what the transaction changed; where one waits that is due by then, that is it.
/// Returns its job. To be done last in a transaction: whoever asks at the same moment waits for its end.
pub(crate) async fn ask_for_refresh(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    due: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<JobId, StoreError> {
    let kind = Job::Leaderboard.kind();
    let fresh = JobId(ids.fresh());
    let second = format!("asked:{}T{:02}:{:02}:{:02}", due.date(), due.hour(), due.minute(), due.second());
    // By the second, so that those who ask together find one key; on its own where what has that key has begun.
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
