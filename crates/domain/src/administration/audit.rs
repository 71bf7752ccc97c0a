//! The log of what administrators and operators did.

use time::OffsetDateTime;
use uuid::Uuid;

use super::administrator::Administrator;
use super::ports::AdministrationRepository;
use crate::error::StoreError;
use crate::ids::{Ids, JobId, UserId};
use crate::payload::{Payload, StoredData};
use crate::usage::ModelName;
use crate::users::Username;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminActionKind {
    /// Somebody became an administrator.
    GrantAdministrator,
    /// Somebody is none any more.
    RevokeAdministrator,
    /// An account was kept off the boards.
    FlagAccount,
    /// It is no more.
    UnflagAccount,
    /// A model got a price by decision.
    SetPrice,
    /// That decision was ended.
    EndPrice,
    /// A job is tried again.
    RetryJob,
    /// A job was removed.
    RemoveJob,
    /// The boards are computed anew.
    RefreshBoards,
}

impl AdminActionKind {
    /// All actions.
    pub const ALL: [Self; 9] = [
        Self::GrantAdministrator,
        Self::RevokeAdministrator,
        Self::FlagAccount,
        Self::UnflagAccount,
        Self::SetPrice,
        Self::EndPrice,
        Self::RetryJob,
        Self::RemoveJob,
        Self::RefreshBoards,
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
        }
    }
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    /// An account.
    User(UserId),
    /// A model.
    Model(ModelName),
    /// A job.
    Job(JobId),
    /// All boards.
    Boards,
}

impl AuditTarget {
    /// What sort of thing it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Model(_) => "model",
            Self::Job(_) => "job",
            Self::Boards => "boards",
        }
    }

    /// Which one, as text.
    pub fn name(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Model(name) => name.to_string(),
            Self::Job(id) => id.to_string(),
            Self::Boards => "all".to_owned(),
        }
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditActor {
    /// Whoever runs this instance, by a command of the worker.
    Operator,
    /// An administrator.
    Administrator(Administrator),
}

impl From<&Administrator> for AuditActor {
    fn from(administrator: &Administrator) -> Self {
        Self::Administrator(administrator.clone())
    }
}

/// Something that is done, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAction {
    /// What.
    pub kind: AdminActionKind,
    /// To what.
    pub target: AuditTarget,
    /// More about it, such as the reason.
    pub details: Payload,
}

impl AdminAction {
    /// `action`, done to `target`.
    pub fn new(kind: AdminActionKind, target: AuditTarget, details: Payload) -> Self {
        Self { kind, target, details }
    }

    /// Writes to the log that `actor` does this at `now`, in the transaction in which it is done.
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

/// An entry of the log, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Names the entry.
    pub id: Uuid,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub actor: AuditActor,
    /// What.
    pub action: AdminAction,
}

/// An entry of the log, as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Names the entry.
    pub id: Uuid,
    /// When.
    pub at: OffsetDateTime,
    /// Whether an operator did it.
    pub by_operator: bool,
    /// Which administrator did it, while there is that account.
    pub actor: Option<(UserId, Username)>,
    /// What, by [`AdminActionKind::name`]; another version may know more.
    pub action: String,
    /// What sort of thing it was done to, by [`AuditTarget::kind`].
    pub target_kind: String,
    /// Which one.
    pub target: String,
    /// What the account it was done to is called, where it is one and still there.
    pub target_username: Option<Username>,
    /// More about it.
    pub details: StoredData,
    /// From where.
    pub ip: Option<String>,
}

/// Which entries are asked for; what is `None` is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Those of the administrator called so.
    pub actor: Option<Username>,
    /// Those of this action.
    pub action: Option<AdminActionKind>,
    /// Those about this account (by id or username), model or job.
    pub target: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: BTreeSet<_> = AdminActionKind::ALL.into_iter().map(AdminActionKind::name).collect();
        assert_eq!(names.len(), AdminActionKind::ALL.len());
    }

    #[test]
    fn a_target_says_what_and_which() {
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
