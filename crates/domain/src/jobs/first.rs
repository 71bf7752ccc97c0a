//! The jobs that the first messages of an instance queue.

use std::sync::atomic::{AtomicBool, Ordering};

use time::OffsetDateTime;

use super::job::{Job, NewJob};
use crate::ids::{Ids, JobId};

/// Queues, once in a process, the computations that users would otherwise wait for until the schedule runs them. If they exist
/// already, their keys are known or the work is repeated without harm.
#[derive(Debug, Default)]
pub struct FirstJobs {
    are_queued: AtomicBool,
}

impl FirstJobs {
    /// The jobs to be queued at `now`; none once they [were](Self::queued).
    pub fn wanted(&self, ids: &dyn Ids, now: OffsetDateTime) -> Vec<(JobId, NewJob)> {
        if self.are_queued.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let first = |job| (JobId(ids.fresh()), NewJob { job, key: "first".to_owned(), run_at: now });
        vec![first(Job::Leaderboard), first(Job::Benchmarks)]
    }

    /// Remembers that they are queued.
    pub fn queued(&self) {
        self.are_queued.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CountingIds;
    use crate::usage::testing::NOW;

    #[test]
    fn first_jobs_are_wanted_until_queued() {
        let first = FirstJobs::default();
        for _ in 0..2 {
            let jobs = first.wanted(&CountingIds, NOW);
            let kinds: Vec<_> = jobs.iter().map(|(_, job)| job.job.kind().name()).collect();
            assert_eq!(kinds, ["leaderboard", "benchmarks"]);
            assert!(jobs.iter().all(|(_, job)| job.key == "first" && job.run_at == NOW));
        }
        first.queued();
        assert_eq!(first.wanted(&CountingIds, NOW), []);
    }
}
