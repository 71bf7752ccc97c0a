//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::jobs::{Job, JobKind, JobStatus};

/// The burntop worker: does what the server leaves for later, and what an operator asks for.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do the jobs of the schedule and of the queue, until SIGTERM or Ctrl-C
    Run(Run),
    /// Do one job of the schedule now, wait for it, and say what was done
    RunOnce {
        /// Which one
        job: Once,
    },
    /// Look after the queue
    #[command(subcommand)]
    Jobs(Jobs),
    /// Take in what `GET /users/me/export` of any instance wrote, packed with gzip or not; the same again adds nothing
    Import(Import),
    /// Say who administers this instance
    #[command(subcommand)]
    Admin(Admin),
    /// Derive everything anew that follows from facts, and say what was repaired: roll-ups, streaks, XP, achievements
    Rebuild(Rebuild),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A file that is there while the worker works
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<std::path::PathBuf>,
}

/// The jobs of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Once {
    /// Rank everybody anew, and freeze the months that are over
    Leaderboard,
    /// Bring the price book up to date from the live table, and price messages that had no price
    Prices,
    /// Tell people whose streak ends at midnight, from 22:00 on where they live
    StreakRisk,
    /// Tell people what their last week came to, from Monday 09:00 on where they live
    WeeklySummary,
    /// Compute what the community comes to, for insights
    Benchmarks,
    /// Compute what the whole instance comes to
    Platform,
    /// Look whose usage is hard to believe
    Plausibility,
    /// Remove what is not kept any more: what is left of sign-ins that have ended, notifications read and older than 90 days
    /// or older than a year, old jobs, accounts deleted more than 30 days ago
    Cleanup,
}

impl From<Once> for Job {
    fn from(once: Once) -> Self {
        match once {
            Once::Leaderboard => Self::Leaderboard,
            Once::Prices => Self::Prices,
            Once::StreakRisk => Self::StreakRisk,
            Once::WeeklySummary => Self::WeeklySummary,
            Once::Benchmarks => Self::Benchmarks,
            Once::Platform => Self::Platform,
            Once::Plausibility => Self::Plausibility,
            Once::Cleanup => Self::Cleanup,
        }
    }
}

/// What can be done with the queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// Show how many jobs there are of each kind, and the latest of them
    List {
        /// Only those in this state
        #[arg(long)]
        status: Option<Status>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Try a job again that was given up, now and with all its attempts
    Retry {
        /// Its id, as `list` shows it
        id: uuid::Uuid,
    },
    /// Try everything again that was given up, now and with all its attempts: after what was in the way is mended
    RetryDead {
        /// Only jobs of this kind, as `list` shows it
        #[arg(long, value_parser = kind)]
        kind: Option<JobKind>,
    },
    /// Remove a job that is not running
    Drop {
        /// Its id, as `list` shows it
        id: uuid::Uuid,
    },
}

fn kind(name: &str) -> Result<JobKind, String> {
    let all = || JobKind::ALL.map(JobKind::name).join(", ");
    JobKind::of(name).ok_or_else(|| format!("the kinds are {}", all()))
}

/// Who administers. Grants and revocations are written to the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Make somebody an administrator, from their next request on
    Grant {
        /// Whom, without regard to case
        username: String,
    },
    /// Make somebody an administrator no more, from their next request on
    Revoke {
        /// Whom, without regard to case
        username: String,
    },
    /// Show who is one
    List,
}

/// The states of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    Pending,
    Running,
    Done,
    Dead,
}

impl Status {
    pub(crate) fn status(self) -> JobStatus {
        match self {
            Self::Pending => JobStatus::Pending,
            Self::Running => JobStatus::Running,
            Self::Done => JobStatus::Done,
            Self::Dead => JobStatus::Dead,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file
    pub(crate) file: std::path::PathBuf,
    /// Take it into this account, whose profile stays as it is; without it, a new one is made
    #[arg(long, value_name = "USERNAME")]
    pub(crate) user: Option<String>,
    /// Believe that address and accounts elsewhere are the owner's: the address needs no verification, and signing in with
    /// GitHub or GitLab opens the new account. Whoever wrote the file could have put in any
    #[arg(long, conflicts_with = "user")]
    pub(crate) trust_email: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The account to rebuild
    #[arg(long, value_name = "USERNAME")]
    pub(crate) user: Option<String>,
    /// Rebuild every account
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Go on after this username
    #[arg(long, value_name = "USERNAME", requires = "all")]
    pub(crate) after: Option<String>,
}
