//! The audit log of administrators and operators.

use time::OffsetDateTime;
use uuid::Uuid;

use super::administrator::Administrator;
use super::ports::AdministrationRepository;
use crate::error::StoreError;
use crate::ids::{Ids, InvitationId, JobId, UserId};
use crate::payload::{Payload, StoredData};
use crate::usage::ModelName;
use crate::users::Username;

/// The actions that the log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminActionKind {
    GrantAdministrator,
    RevokeAdministrator,
    /// The account was hidden from the boards.
    FlagAccount,
    UnflagAccount,
    /// An administrator set the price of a model.
    SetPrice,
    EndPrice,
    RetryJob,
    RemoveJob,
    RefreshBoards,
    CreateInvitation,
    RevokeInvitation,
    DisableUser,
    EnableUser,
    DeleteUser,
    EndSessions,
    CreatePasswordLink,
}

impl AdminActionKind {
    pub const ALL: [Self; 16] = [
        Self::GrantAdministrator,
        Self::RevokeAdministrator,
        Self::FlagAccount,
        Self::UnflagAccount,
        Self::SetPrice,
        Self::EndPrice,
        Self::RetryJob,
        Self::RemoveJob,
        Self::RefreshBoards,
        Self::CreateInvitation,
        Self::RevokeInvitation,
        Self::DisableUser,
        Self::EnableUser,
        Self::DeleteUser,
        Self::EndSessions,
        Self::CreatePasswordLink,
    ];

    /// The name in the log and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GrantAdministrator => "administrator_granted",
            Self::RevokeAdministrator => "administrator_revoked",
            Self::FlagAccount => "account_flagged",
            Self::UnflagAccount => "account_unflagged",
            Self::SetPrice => "price_set",
            Self::EndPrice => "price_ended",
            Self::RetryJob => "job_retried",
            Self::RemoveJob => "job_removed",
            Self::RefreshBoards => "boards_refreshed",
            Self::CreateInvitation => "invitation_created",
            Self::RevokeInvitation => "invitation_revoked",
            Self::DisableUser => "user_disabled",
            Self::EnableUser => "user_enabled",
            Self::DeleteUser => "user_deleted",
            Self::EndSessions => "sessions_ended",
            Self::CreatePasswordLink => "password_link_created",
        }
    }
}

/// The object of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    User(UserId),
    Model(ModelName),
    Job(JobId),
    Boards,
    Invitation(InvitationId),
}

impl AuditTarget {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Model(_) => "model",
            Self::Job(_) => "job",
            Self::Boards => "boards",
            Self::Invitation(_) => "invitation",
        }
    }

    /// The id or name of the object.
    pub fn name(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Model(name) => name.to_string(),
            Self::Job(id) => id.to_string(),
            Self::Boards => "all".to_owned(),
            Self::Invitation(id) => id.to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditActor {
    /// The operator of this instance, through a command of the worker.
    Operator,
    Administrator(Administrator),
}

impl From<&Administrator> for AuditActor {
    fn from(administrator: &Administrator) -> Self {
        Self::Administrator(administrator.clone())
    }
}

/// An action to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAction {
    pub kind: AdminActionKind,
    pub target: AuditTarget,
    /// Such as the reason.
    pub details: Payload,
}

impl AdminAction {
    pub fn new(kind: AdminActionKind, target: AuditTarget, details: Payload) -> Self {
        Self { kind, target, details }
    }

    /// Records the action by `actor` at `now`, in the transaction that performs it.
    pub async fn record(
        self,
        log: &mut dyn AdministrationRepository,
        ids: &dyn Ids,
        actor: impl Into<AuditActor>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let record = AuditRecord { id: ids.fresh(), at: now, actor: actor.into(), action: self };
        log.record(&record).await
    }
}

/// An entry of the log to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub id: Uuid,
    pub at: OffsetDateTime,
    pub actor: AuditActor,
    pub action: AdminAction,
}

/// An entry of the log as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: Uuid,
    pub at: OffsetDateTime,
    pub by_operator: bool,
    /// `None` for an operator, and once the account is purged.
    pub actor: Option<(UserId, Username)>,
    /// The [`AdminActionKind::name`]; another release may write others.
    pub action: String,
    /// The [`AuditTarget::kind`].
    pub target_kind: String,
    /// The [`AuditTarget::name`].
    pub target: String,
    /// The current username, if the object is an account that still exists.
    pub target_username: Option<Username>,
    pub details: StoredData,
    /// The address of the call.
    pub ip: Option<String>,
}

/// Selects entries of the log; `None` selects all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Entries of this administrator.
    pub actor: Option<Username>,
    pub action: Option<AdminActionKind>,
    /// Entries about this account (by id or username), model or job.
    pub target: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn admin_actions_have_distinct_names() {
        let names: BTreeSet<_> = AdminActionKind::ALL.into_iter().map(AdminActionKind::name).collect();
        assert_eq!(names.len(), AdminActionKind::ALL.len());
    }

    #[test]
    fn audit_target_has_kind_and_name() {
        let id = Uuid::from_u128(7);
        for (target, kind, name) in [
            (AuditTarget::User(UserId(id)), "user", "00000000-0000-0000-0000-000000000007"),
            (AuditTarget::Job(JobId(id)), "job", "00000000-0000-0000-0000-000000000007"),
            (AuditTarget::Model(ModelName::trusted("house-model")), "model", "house-model"),
            (AuditTarget::Boards, "boards", "all"),
        ] {
            assert_eq!((target.kind(), target.name().as_str()), (kind, name));
        }
    }
}
