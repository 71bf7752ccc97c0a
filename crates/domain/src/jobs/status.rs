//! The states of a job.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobStatus {
    /// It waits until it is due, or for a worker.
    Pending,
    /// A worker runs it.
    Running,
    Done,
    /// It failed too often.
    Dead,
}

impl JobStatus {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Running, Self::Done, Self::Dead];

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// `pending`, `running`, `done` or `dead`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_states_round_trip_by_name() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::of(status.name()), Some(status));
        }
        assert_eq!(JobStatus::of("asleep"), None);
        assert_eq!(format!("{:<8}|", JobStatus::Done), "done    |");
    }
}
