//! The command line.

use bootstrap::manual::Manual;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::identity::Email;
use domain::jobs::{Job, JobKind, JobStatus};

/// The burntop worker: runs queued and scheduled jobs, and the commands of an operator.
#[derive(Debug, Parser)]
#[command(version = bootstrap::version::version())]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Invocation,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Invocation {
    #[command(flatten)]
    Database(Command),
    #[command(flatten)]
    Manual(Manual),
}

/// The commands that need the database.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scheduled and queued jobs until SIGTERM or Ctrl-C
    Run(Run),
    /// Run one scheduled job now, and print its result
    RunOnce {
        /// The job
        job: Once,
    },
    /// List, retry and drop jobs
    #[command(subcommand)]
    Jobs(Jobs),
    /// Import an export of an account, as `GET /users/me/export` of any instance wrote it, plain or with gzip. A repeated import
    /// adds nothing
    Import(Import),
    /// Grant, revoke and list administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Invite users, where registration is by invitation
    #[command(subcommand)]
    Invite(Invite),
    /// List, disable, enable and delete users, end their sessions, and make links for new passwords
    #[command(subcommand)]
    User(UserCommand),
    /// Write a consistent backup of the database, `burntop-<UTC time>.dump`, which `pg_restore` reads. The server may run meanwhile
    Backup(Backup),
    /// Compute roll-ups, streaks, XP and achievements again from the ledger, and report what was repaired
    Rebuild(Rebuild),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A file that exists while the worker runs
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<std::path::PathBuf>,
}

/// The jobs of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Once {
    /// Rank all accounts, and freeze the months that have ended
    Leaderboard,
    /// Update the price book from the live table, and price messages without a price
    Prices,
    /// Notify accounts whose streak ends at midnight, from 22:00 local time
    StreakRisk,
    /// Notify accounts of their last week, from Monday 09:00 local time
    WeeklySummary,
    /// Compute the benchmarks of all accounts, for insights
    Benchmarks,
    /// Compute the totals of the instance
    Platform,
    /// Find implausible usage
    Plausibility,
    /// Remove old rows as the section `retention` of the configuration says: expired sign-ins, notifications, ranks, finished and
    /// dead jobs, audit records. Purge accounts deleted more than 30 days ago
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

#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// Show the number of jobs by kind and state, and the latest jobs
    List {
        /// Only jobs in this state
        #[arg(long)]
        status: Option<Status>,
        /// The most jobs to show
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Make a pending or dead job due now, with all its attempts
    Retry {
        /// The job's id, as `list` shows it
        id: uuid::Uuid,
    },
    /// Make all dead jobs due now, with all their attempts. Fix the cause of the failures first
    RetryDead {
        /// Only jobs of this kind, as `list` shows it
        #[arg(long, value_parser = kind)]
        kind: Option<JobKind>,
    },
    /// Remove a job that is not running; its work is never done. Needs --yes
    Drop {
        /// The job's id, as `list` shows it
        id: uuid::Uuid,
        /// Remove the job instead of showing it
        #[arg(long)]
        yes: bool,
    },
}

fn kind(name: &str) -> Result<JobKind, String> {
    let all = || JobKind::ALL.map(JobKind::name).join(", ");
    JobKind::of(name).ok_or_else(|| format!("the kinds are {}", all()))
}

/// Grants and revocations are written to the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Make an account an administrator, from its next request on
    Grant {
        /// The account's username, in any case
        username: String,
    },
    /// Remove an administrator's rights, from the next request on
    Revoke {
        /// The account's username, in any case
        username: String,
    },
    /// List the administrators
    List,
}

/// All but the list is written to the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// List users by username: state, messages, last use and address
    List {
        /// Only users whose username or address contains this text
        #[arg(long)]
        search: Option<String>,
        /// The page, of 100 users
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        page: u32,
    },
    /// End all access to an account, and hide it until it is enabled
    Disable {
        /// The username, in any case
        username: String,
        /// The reason, for the audit log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Restore an account that was disabled, or deleted less than 30 days ago
    Enable {
        /// The username, in any case
        username: String,
    },
    /// Delete an account; it is purged after 30 days, and signing in does not restore it
    Delete {
        /// The username, in any case
        username: String,
        /// The reason, for the audit log
        #[arg(long)]
        reason: Option<String>,
        /// Confirm the deletion
        #[arg(long)]
        yes: bool,
    },
    /// End the sessions, API tokens and device logins of an account
    EndSessions {
        /// The username, in any case
        username: String,
    },
    /// Print a link with which the user sets a new password, once and within a day
    PasswordLink {
        /// The username, in any case
        username: String,
    },
}

/// Invitations are written to the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Invite {
    /// Create an invitation for one account, and print its link
    Create {
        /// The only email address that it permits
        #[arg(long, value_parser = email)]
        email: Option<Email>,
        /// The days until it expires
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=90))]
        days: u8,
    },
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|_| "must be an email address such as ada@example.org".to_owned())
}

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
pub(crate) struct Backup {
    /// An existing directory outside the data directory
    pub(crate) dir: std::path::PathBuf,
    /// Afterwards remove the oldest backups in the directory, so that this many remain. Without this option none is removed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The exported file
    pub(crate) file: std::path::PathBuf,
    /// Import into this account, whose profile stays unchanged. Without this option a new account is created
    #[arg(long, value_name = "USERNAME")]
    pub(crate) user: Option<String>,
    /// Trust the email address and the linked accounts in the file: the address needs no verification, and a sign-in with GitHub
    /// or GitLab opens the new account. The author of a file can name any address and account
    #[arg(long, conflicts_with = "user")]
    pub(crate) trust_email: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct JobSelector {
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
    pub(crate) which: JobSelector,
    /// Continue after this username
    #[arg(long, value_name = "USERNAME", requires = "all")]
    pub(crate) after: Option<String>,
}
