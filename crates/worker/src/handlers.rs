//! Maps each job to its use case. The `match` is exhaustive, so a job without a handler does not compile.

use std::sync::Arc;

use adapters_postgres::Database;
use async_trait::async_trait;
use bootstrap::{Settings, StartupError};
use domain::administration::AuditRetention;
use domain::dashboard::PlatformFigures;
use domain::deps::Deps;
use domain::error::{DomainError, ErrorDetails, ErrorKind};
use domain::identity::EndedSignIns;
use domain::insights::{Insights, WeeklySummaries};
use domain::jobs::{Job, JobAttempt, JobError, JobStore};
use domain::leaderboard::Leaderboard;
use domain::mail::Emails;
use domain::notifications::Notifications;
use domain::plausibility::Plausibility;
use domain::streaks::StreakReminders;
use domain::text::plural;
use domain::users::Users;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::cleanup::Cleanup;
use crate::mail::emails;
use crate::prices::Prices;

/// The price book is not up to date.
#[derive(Debug, Error)]
#[error("{0}")]
struct StalePrices(String);

impl DomainError for StalePrices {
    fn details(&self) -> ErrorDetails {
        ErrorKind::Unavailable.into()
    }
}

/// Runs jobs.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Runs `job` now, as `attempt` if it was queued. Returns a report of one line.
    async fn run(&self, job: &Job, attempt: Option<JobAttempt>) -> Result<String, JobError>;

    /// Runs once, before the first job of a worker. A failure is caught up by a later job.
    async fn start(&self) {}
}

/// The use cases behind the jobs.
pub struct Handlers {
    boards: Leaderboard,
    prices: Prices,
    streaks: StreakReminders,
    weeks: WeeklySummaries,
    insights: Insights,
    platform: PlatformFigures,
    plausibility: Plausibility,
    cleanup: Cleanup,
    emails: Emails,
    cancelled: CancellationToken,
}

impl Handlers {
    /// Handles jobs on `database` with use cases built from `deps` and `settings`. Jobs end early once `cancelled` is cancelled.
    /// A TLS implementation must be installed for rustls.
    pub fn new(
        settings: &Settings,
        database: &Database,
        deps: &Deps,
        cancelled: CancellationToken,
    ) -> Result<Self, StartupError> {
        let boards = Leaderboard::new(deps.clone());
        Ok(Self {
            emails: emails(settings, deps)?,
            boards: boards.clone(),
            prices: Prices::new(settings, database, deps)?,
            streaks: StreakReminders::new(deps.clone()),
            weeks: WeeklySummaries::new(deps.clone()),
            insights: Insights::new(deps.clone()),
            platform: PlatformFigures::new(deps.clone()),
            plausibility: Plausibility::new(deps.clone()),
            cleanup: Cleanup {
                notifications: Notifications::new(deps.clone()),
                users: Users::new(deps.clone()),
                ended: EndedSignIns::new(deps.clone()),
                boards,
                jobs: Arc::new(database.clone()) as Arc<dyn JobStore>,
                audit: AuditRetention::new(deps.clone()),
                clock: deps.clock.clone(),
                retention: settings.retention,
            },
            cancelled,
        })
    }

    /// Updates the price book and prices messages, even if the table is unavailable or refused. That is a failure of the command
    /// (`by_hand`). A queued job only logs and stores it: the next day's job tries again, and an instance without network access
    /// does not collect a dead job each day.
    async fn prices(&self, by_hand: bool) -> Result<String, JobError> {
        let mut lines = Vec::new();
        let up_to_date = self.prices.once(|| self.cancelled.is_cancelled(), |line| lines.push(line)).await?;
        let report = lines.join("; ");
        if by_hand && !up_to_date { Err(JobError::new(StalePrices(report))) } else { Ok(report) }
    }

    /// The `report` of a job that ends early on cancellation; an interruption if it was cancelled, since the rest is done later.
    fn unless_cancelled(&self, report: String) -> Result<String, JobError> {
        if self.cancelled.is_cancelled() { Err(JobError::Interrupted) } else { Ok(report) }
    }
}

#[async_trait]
impl JobRunner for Handlers {
    /// This release may ship a newer price book than the one before.
    async fn start(&self) {
        if let Err(error) = self.prices.name_models().await {
            tracing::warn!(%error, "updating canonical model names failed; retrying hourly");
        }
    }

    async fn run(&self, job: &Job, attempt: Option<JobAttempt>) -> Result<String, JobError> {
        match job {
            Job::Leaderboard => Ok(self.boards.refresh_in(attempt).await.map_err(JobError::new)?.to_string()),
            Job::Benchmarks => {
                let compared = self.insights.refresh().await.map_err(JobError::new)?;
                Ok(format!("{} compared", plural(compared, "account")))
            }
            Job::Platform => {
                let totals = self.platform.refresh().await.map_err(JobError::new)?;
                Ok(format!("{} with {}", plural(totals.users, "account"), plural(totals.tools, "tool")))
            }
            Job::Plausibility => {
                let checked = self.plausibility.check().await.map_err(JobError::new)?;
                Ok(format!("{} about {}", plural(checked.reasons, "finding"), plural(checked.accounts, "account")))
            }
            Job::Mail(email) => Ok(self.emails.send(email).await.map_err(JobError::new)?.to_string()),
            Job::Prices => self.unless_cancelled(self.prices(attempt.is_none()).await?),
            Job::Reprice => {
                self.prices.name_models().await.map_err(JobError::new)?;
                let repriced = self.prices.reprice(|| self.cancelled.is_cancelled()).await.map_err(JobError::new)?;
                self.unless_cancelled(repriced.to_string())
            }
            Job::StreakRisk => {
                let reminded = self.streaks.remind(|| self.cancelled.is_cancelled()).await.map_err(JobError::new)?;
                self.unless_cancelled(format!("{} reminded of a streak at risk", plural(reminded, "account")))
            }
            Job::WeeklySummary => {
                let notified =
                    self.weeks.summarise_due(|| self.cancelled.is_cancelled()).await.map_err(JobError::new)?;
                self.unless_cancelled(format!("{} sent a weekly summary", plural(notified, "account")))
            }
            Job::Cleanup => {
                let removed = self.cleanup.run(|| self.cancelled.is_cancelled()).await?;
                self.unless_cancelled(removed.to_string())
            }
        }
    }
}
