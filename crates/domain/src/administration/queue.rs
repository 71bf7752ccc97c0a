//! What administrators see of the queue of jobs, and may do about a job.

use super::error::AdministrationError;
use crate::jobs::JobStatus;
use crate::jobs::ports::{HeldJob, ListedJob, QueueState};

/// The queue at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// How many jobs there are, by kind and state.
    pub states: Vec<QueueState>,
    /// The latest that were given up.
    pub dead: Vec<ListedJob>,
}

/// Fails unless `job` can be tried again: it was given up, or waits.
pub(super) fn may_retry(job: &HeldJob) -> Result<(), AdministrationError> {
    allowed(job, &[JobStatus::Dead, JobStatus::Pending])
}

/// Fails unless `job` can be removed: nobody works on it.
pub(super) fn may_remove(job: &HeldJob) -> Result<(), AdministrationError> {
    allowed(job, &[JobStatus::Dead, JobStatus::Pending, JobStatus::Done])
}

fn allowed(job: &HeldJob, states: &[JobStatus]) -> Result<(), AdministrationError> {
    if states.contains(&job.status) { Ok(()) } else { Err(AdministrationError::JobIs(job.status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_left_alone_and_what_is_done_is_not_done_again() {
        for (status, retried, removed) in [
            (JobStatus::Pending, true, true),
            (JobStatus::Dead, true, true),
            (JobStatus::Done, false, true),
            (JobStatus::Running, false, false),
        ] {
            let job = HeldJob { queue: "cleanup".into(), key: "k".into(), status };
            assert_eq!((may_retry(&job).is_ok(), may_remove(&job).is_ok()), (retried, removed), "{status}");
        }
    }
}
