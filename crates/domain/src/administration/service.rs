//! The use cases of administrators and of the operator.

use std::sync::Arc;

use time::OffsetDateTime;

use super::administrator::{Administrator, ListedAdministrator};
use super::audit::{AdminAction, AdminActionKind, AuditActor, AuditEntry, AuditFilter, AuditTarget};
use super::error::AdministrationError;
use super::flag::{Flag, FlagOrder};
use super::queue::{QueueView, may_remove, may_retry};
use super::reason::AuditReason;
use crate::deps::Deps;
use crate::identity::{AuthMethod, SignInName};
use crate::ids::{JobId, UserId};
use crate::jobs::ports::HeldJob;
use crate::jobs::{JobStatus, JobStore};
use crate::leaderboard::queue_refresh;
use crate::page::{Page, PageRequest};
use crate::store::UnitOfWork;
use crate::text::rfc3339;
use crate::users::{User, Username, gone_by};

/// The most dead jobs that are shown.
const MAX_LISTED_DEAD_JOBS: u32 = 100;

/// The use cases of administrators that are no other context's, and of the operator who makes them.
#[derive(Clone)]
pub struct Administration {
    deps: Deps,
    queue: Arc<dyn JobStore>,
}

impl Administration {
    /// Looks at jobs in `queue`.
    pub fn new(deps: Deps, queue: Arc<dyn JobStore>) -> Self {
        Self { deps, queue }
    }

    /// Verifies that `user`, who calls through `via` from `ip`, is an administrator. An API token is always refused.
    pub async fn admit(
        &self,
        user: UserId,
        via: AuthMethod,
        ip: Option<String>,
    ) -> Result<Administrator, AdministrationError> {
        let by_session = matches!(via, AuthMethod::Session(_));
        if !by_session || !self.deps.reads().administration().is_administrator(user).await? {
            return Err(AdministrationError::NotAnAdministrator);
        }
        Ok(Administrator::admitted(user, ip))
    }

    /// Grants the role to the account `name`, for the operator; returns whether that was a change.
    pub async fn grant(&self, name: &str) -> Result<bool, AdministrationError> {
        self.deps.retried(|| self.grant_once(name)).await
    }

    async fn grant_once(&self, name: &str) -> Result<bool, AdministrationError> {
        let mut tx = self.deps.begin().await?;
        let found = match Username::parse(name) {
            Ok(username) => tx.users().find_by_username(&username).await?,
            Err(_) => None,
        };
        let user = found.map(|(user, _)| user.id);
        self.set_administrator(tx, user, name, true).await
    }

    /// Revokes the role of the account `name`, also of one deleted within its grace period; returns whether that was a change.
    /// Running requests finish.
    pub async fn revoke(&self, name: &str) -> Result<bool, AdministrationError> {
        self.deps.retried(|| self.revoke_once(name)).await
    }

    async fn revoke_once(&self, name: &str) -> Result<bool, AdministrationError> {
        let mut tx = self.deps.begin().await?;
        let found = match Username::parse(name) {
            Ok(username) => {
                let left_after = gone_by(self.deps.now());
                tx.users().find_for_sign_in(&SignInName::Username(username), left_after).await?
            }
            Err(_) => None,
        };
        let user = found.map(|(user, _)| user.id);
        self.set_administrator(tx, user, name, false).await
    }

    async fn set_administrator(
        &self,
        mut tx: Box<dyn UnitOfWork>,
        user: Option<UserId>,
        name: &str,
        administers: bool,
    ) -> Result<bool, AdministrationError> {
        let user = user.ok_or_else(|| AdministrationError::UnknownUser(name.to_owned()))?;
        if !tx.administration().set_administrator(user, administers).await? {
            return Ok(false);
        }
        let action =
            if administers { AdminActionKind::GrantAdministrator } else { AdminActionKind::RevokeAdministrator };
        let action = AdminAction::new(action, AuditTarget::User(user), Vec::new());
        action.record(tx.administration(), &*self.deps.ids, AuditActor::Operator, self.deps.now()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// All administrators by username, for the operator.
    pub async fn administrators(&self) -> Result<Vec<ListedAdministrator>, AdministrationError> {
        Ok(self.deps.reads().administration().administrators().await?)
    }

    /// Hides the account `username` from the boards at once. Its dashboard keeps working.
    pub async fn flag(
        &self,
        by: &Administrator,
        username: &Username,
        order: FlagOrder,
    ) -> Result<Flag, AdministrationError> {
        self.deps.retried(|| self.flag_once(by, username, order.clone())).await
    }

    async fn flag_once(
        &self,
        by: &Administrator,
        username: &Username,
        order: FlagOrder,
    ) -> Result<Flag, AdministrationError> {
        let now = self.deps.now();
        order.check(now)?;
        let mut tx = self.deps.begin().await?;
        let user = find_user(&mut *tx, username).await?;
        let decider = tx.users().find(by.id()).await?;
        let id = self.deps.ids.fresh();
        if !tx.administration().insert_flag(id, user.id, &order, by.id(), now).await? {
            return Err(AdministrationError::FlaggedAlready);
        }
        let details = vec![
            ("flag", id.to_string().into()),
            ("reason", order.reason.as_str().into()),
            ("expires_at", order.expires_at.map(rfc3339).into()),
        ];
        let action = AdminAction::new(AdminActionKind::FlagAccount, AuditTarget::User(user.id), details);
        action.record(tx.administration(), &*self.deps.ids, by, now).await?;
        tx.commit().await?;
        Ok(Flag {
            id,
            user: user.id,
            username: user.username,
            reason: order.reason,
            by: decider.map(|decider| decider.username),
            created_at: now,
            expires_at: order.expires_at,
            lifted_at: None,
        })
    }

    /// Lifts the flag of the account `username`. Boards refreshed meanwhile have no rank for it, so the transaction queues a
    /// refresh.
    pub async fn unflag(
        &self,
        by: &Administrator,
        username: &Username,
        reason: Option<AuditReason>,
    ) -> Result<(), AdministrationError> {
        self.deps.retried(|| self.unflag_once(by, username, reason.clone())).await
    }

    async fn unflag_once(
        &self,
        by: &Administrator,
        username: &Username,
        reason: Option<AuditReason>,
    ) -> Result<(), AdministrationError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let user = find_user(&mut *tx, username).await?;
        let lifted = tx.administration().lift_flag(user.id, now).await?;
        let flag = lifted.ok_or(AdministrationError::NotFlagged(user.username))?;
        let reason = reason.as_ref().map(AuditReason::as_str);
        let details = vec![("flag", flag.to_string().into()), ("reason", reason.into())];
        let action = AdminAction::new(AdminActionKind::UnflagAccount, AuditTarget::User(user.id), details);
        action.record(tx.administration(), &*self.deps.ids, by, now).await?;
        queue_refresh(&mut *tx, &*self.deps.ids, now, now).await?;
        Ok(tx.commit().await?)
    }

    /// Standing and past flags, newest first, and the instant at which they are judged.
    pub async fn flags(
        &self,
        _: &Administrator,
        page: PageRequest,
    ) -> Result<(Page<Flag>, OffsetDateTime), AdministrationError> {
        Ok((self.deps.reads().administration().flags(page).await?, self.deps.now()))
    }

    /// The entries of the log that `filter` selects, newest first.
    pub async fn audit(
        &self,
        _: &Administrator,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, AdministrationError> {
        Ok(self.deps.reads().administration().audit(filter, page).await?)
    }

    pub async fn queue(&self, _: &Administrator) -> Result<QueueView, AdministrationError> {
        let states = self.queue.states().await?;
        let dead = self.queue.list(Some(JobStatus::Dead), MAX_LISTED_DEAD_JOBS).await?;
        Ok(QueueView { states, dead })
    }

    /// Makes a dead or pending job due now, with all its attempts.
    pub async fn retry_job(&self, by: &Administrator, id: JobId) -> Result<(), AdministrationError> {
        self.deps.retried(|| self.retry_job_once(by, id)).await
    }

    async fn retry_job_once(&self, by: &Administrator, id: JobId) -> Result<(), AdministrationError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let job = held(&mut *tx, id).await?;
        may_retry(&job)?;
        tx.jobs().retry(id, now).await?;
        about(AdminActionKind::RetryJob, id, job).record(tx.administration(), &*self.deps.ids, by, now).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a job that is not running.
    pub async fn remove_job(&self, by: &Administrator, id: JobId) -> Result<(), AdministrationError> {
        self.deps.retried(|| self.remove_job_once(by, id)).await
    }

    async fn remove_job_once(&self, by: &Administrator, id: JobId) -> Result<(), AdministrationError> {
        let mut tx = self.deps.begin().await?;
        let job = held(&mut *tx, id).await?;
        may_remove(&job)?;
        tx.jobs().remove(id).await?;
        about(AdminActionKind::RemoveJob, id, job)
            .record(tx.administration(), &*self.deps.ids, by, self.deps.now())
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn find_user(tx: &mut dyn UnitOfWork, username: &Username) -> Result<User, AdministrationError> {
    let found = tx.users().find_by_username(username).await?;
    found.map(|(user, _)| user).ok_or_else(|| AdministrationError::UnknownUser(username.to_string()))
}

async fn held(tx: &mut dyn UnitOfWork, id: JobId) -> Result<HeldJob, AdministrationError> {
    tx.jobs().hold(id).await?.ok_or(AdministrationError::UnknownJob(id))
}

fn about(action: AdminActionKind, id: JobId, job: HeldJob) -> AdminAction {
    let details = vec![("kind", job.queue.into()), ("key", job.key.into()), ("status", job.status.name().into())];
    AdminAction::new(action, AuditTarget::Job(id), details)
}
