//! The queue of jobs, as administrators see and change it.

use super::error::AdministrationError;
use crate::jobs::JobStatus;
use crate::jobs::ports::{HeldJob, ListedJob, QueueState};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// The number of jobs by kind and state.
    pub states: Vec<QueueState>,
    /// The latest dead jobs.
    pub dead: Vec<ListedJob>,
}

/// Fails unless `job` can be retried: it is dead or pending.
pub(super) fn may_retry(job: &HeldJob) -> Result<(), AdministrationError> {
    allowed(job, &[JobStatus::Dead, JobStatus::Pending])
}

/// Fails unless `job` can be removed: it is not running.
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
    fn job_running_is_refused_and_done_is_not_retried() {
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
