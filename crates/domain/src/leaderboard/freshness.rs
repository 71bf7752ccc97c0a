//! Refreshes boards after new usage, at most once a minute, as long as a refresh is fast.

use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

use super::ports::LatestBoard;
use crate::error::StoreError;
use crate::ids::{Ids, JobId};
use crate::jobs::{Job, NewJob};
use crate::store::UnitOfWork;

/// The least age of boards before new usage refreshes them.
const MIN_AGE: Duration = Duration::MINUTE;

/// The longest refresh for which new usage refreshes boards. A slower one is left to the schedule.
const MAX_COST: Duration = Duration::SECOND;

/// After this time, the transaction that queued a job has certainly ended.
const COMMIT_TOLERANCE: Duration = Duration::SECOND;

/// Queues refreshes after new usage, at most one a minute. A process has one: it remembers until when a queued refresh will show
/// all new usage, so most requests do not query the database.
#[derive(Debug, Default)]
pub struct BoardUpdates {
    /// In seconds since 1970.
    covered_until: AtomicI64,
}

/// Until when no further refresh is needed, once the transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CoveredUntil(OffsetDateTime);

impl BoardUpdates {
    /// Queues a refresh that shows the new usage of `tx` at `now`, if one is due and none is queued. It is the last step of a
    /// transaction, because a concurrent call for the same job waits for the transaction's end.
    pub(crate) async fn ask(
        &self,
        tx: &mut dyn UnitOfWork,
        ids: &dyn Ids,
        now: OffsetDateTime,
    ) -> Result<Option<CoveredUntil>, StoreError> {
        if (now + COMMIT_TOLERANCE).unix_timestamp() < self.covered_until.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // The first boards are queued with the first messages.
        let Some(latest) = tx.leaderboard().latest(now - MIN_AGE).await? else { return Ok(None) };
        let Some(due) = next_refresh(&latest, now) else { return Ok(Some(CoveredUntil(now + MIN_AGE))) };
        let is_queued = enqueue(tx, ids, due, now).await?;
        if due >= now + COMMIT_TOLERANCE {
            return Ok(Some(CoveredUntil(due)));
        }
        if is_queued {
            return Ok(None);
        }
        // The refresh of this minute may have begun, and miss this usage.
        let next = beginning_of_minute(due) + Duration::MINUTE;
        enqueue(tx, ids, next, now).await?;
        Ok(Some(CoveredUntil(next)))
    }

    /// Remembers the result of [`ask`](Self::ask) once the transaction is committed.
    pub(crate) fn committed(&self, covered: Option<CoveredUntil>) {
        if let Some(CoveredUntil(until)) = covered {
            self.covered_until.fetch_max(until.unix_timestamp(), Ordering::Relaxed);
        }
    }
}

/// When new usage at `now` refreshes the boards; `None` if that is left to the schedule.
fn next_refresh(latest: &LatestBoard, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let is_fast = latest.took.is_some_and(|took| took < MAX_COST);
    // An overdue refresh waits for a worker and will show this usage.
    (is_fast && !latest.is_overdue).then(|| now.max(latest.computed_at + MIN_AGE))
}

async fn enqueue(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    due: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let key = format!("usage:{}T{:02}:{:02}", due.date(), due.hour(), due.minute());
    let job = NewJob { job: Job::Leaderboard, key, run_at: due };
    Ok(tx.jobs().enqueue(&[(JobId(ids.fresh()), job)], now).await? > 0)
}

fn beginning_of_minute(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::seconds(at.second().into()) - Duration::nanoseconds(at.nanosecond().into())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use pollster::block_on;
    use time::macros::datetime;

    use super::*;
    use crate::ids::CountingIds;
    use crate::testing::TestUnitOfWork;

    const COMPUTED_AT: OffsetDateTime = datetime!(2026-11-22 14:38:10 UTC);

    fn board(took: Option<Duration>, is_overdue: bool) -> LatestBoard {
        LatestBoard { computed_at: COMPUTED_AT, took, is_overdue }
    }

    /// The jobs that `updates` queues at `now` after `latest` if the keys `known` are queued already, and the covered time.
    fn ask(
        updates: &BoardUpdates,
        latest: Option<LatestBoard>,
        known: &'static [&'static str],
        now: OffsetDateTime,
    ) -> (Vec<String>, Option<CoveredUntil>) {
        let queued = Arc::new(Mutex::new(Vec::new()));
        let recorded = queued.clone();
        let mut tx = TestUnitOfWork::default();
        tx.leaderboard.expect_latest().returning(move |_| Ok(latest.clone()));
        tx.jobs.expect_enqueue().returning(move |jobs, _| {
            let new = jobs.iter().filter(|(_, job)| !known.contains(&job.key.as_str()));
            let new: Vec<_> = new.map(|(_, job)| format!("{} at {}", job.key, job.run_at.time())).collect();
            let count = new.len() as u64;
            recorded.lock().expect("jobs").extend(new);
            Ok(count)
        });
        let covered = block_on(updates.ask(&mut tx, &CountingIds, now)).expect("it asks");
        let queued = queued.lock().expect("jobs").clone();
        (queued, covered)
    }

    #[test]
    fn board_updates_refresh_fast_boards_after_a_minute() {
        const KEY_OF_14_39: &str = "usage:2026-11-22T14:39";
        let fast = || Some(board(Some(Duration::milliseconds(999)), false));
        let at = |seconds| COMPUTED_AT + Duration::seconds(seconds);
        for (name, latest, known, now, jobs, covered) in [
            ("no board", None, &[][..], at(90), vec![], None),
            ("old boards", fast(), &[], at(90), vec![format!("{KEY_OF_14_39} at 14:39:40.0")], None),
            ("young boards", fast(), &[], at(20), vec![format!("{KEY_OF_14_39} at 14:39:10.0")], Some(at(60))),
            ("young boards, asked for", fast(), &[KEY_OF_14_39], at(20), vec![], Some(at(60))),
            (
                "old boards whose refresh may be under way",
                fast(),
                &[KEY_OF_14_39],
                at(90),
                vec!["usage:2026-11-22T14:40 at 14:40:00.0".to_owned()],
                Some(at(110)),
            ),
            ("slow boards", Some(board(Some(Duration::SECOND), false)), &[], at(90), vec![], Some(at(150))),
            ("boards of an older release", Some(board(None, false)), &[], at(90), vec![], Some(at(150))),
            ("no worker", Some(board(Some(Duration::ZERO), true)), &[], at(90), vec![], Some(at(150))),
        ] {
            let updates = BoardUpdates::default();
            assert_eq!(ask(&updates, latest, known, now), (jobs, covered.map(CoveredUntil)), "{name}");
        }
    }

    #[test]
    fn board_updates_covered_usage_queues_nothing() {
        let updates = BoardUpdates::default();
        let fast = || Some(board(Some(Duration::ZERO), false));
        let (queued, covered) = ask(&updates, fast(), &[], COMPUTED_AT + Duration::seconds(5));
        assert_eq!(queued.len(), 1);
        updates.committed(covered);
        for (seconds, look_ups) in [(6, 0), (58, 0), (60, 1)] {
            let (queued, _) = ask(&updates, fast(), &[], COMPUTED_AT + Duration::seconds(seconds));
            assert_eq!(queued.len(), look_ups, "{seconds}");
        }
    }
}
