//! Creating, listing and revoking invitations.

use time::OffsetDateTime;

use super::administrator::Administrator;
use super::audit::{AdminAction, AdminActionKind, AuditActor, AuditTarget};
use super::error::AdministrationError;
use crate::deps::Deps;
use crate::identity::{Email, Invitation, IssuedInvitation, ListedInvitation, Secret};
use crate::ids::{InvitationId, UserId};
use crate::page::{Page, PageRequest};
use crate::text::rfc3339;

/// The use cases of invitations.
#[derive(Clone)]
pub struct Invitations {
    deps: Deps,
}

impl Invitations {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Creates an invitation for `email`, or for any address, that is valid until `expires_at`, or for
    /// [`Invitation::LIFETIME`].
    pub async fn create(
        &self,
        by: impl Into<AuditActor>,
        email: Option<Email>,
        expires_at: Option<OffsetDateTime>,
    ) -> Result<IssuedInvitation, AdministrationError> {
        let actor = by.into();
        self.deps.retried(|| self.create_once(&actor, email.clone(), expires_at)).await
    }

    async fn create_once(
        &self,
        actor: &AuditActor,
        email: Option<Email>,
        expires_at: Option<OffsetDateTime>,
    ) -> Result<IssuedInvitation, AdministrationError> {
        let now = self.deps.now();
        let expires_at = expires_at.unwrap_or(now + Invitation::LIFETIME);
        if expires_at <= now || expires_at - now > Invitation::LONGEST {
            return Err(AdministrationError::InvitationLifetime);
        }
        let by = match actor {
            AuditActor::Operator => None,
            AuditActor::Administrator(administrator) => Some(administrator.id()),
        };
        let issued = self.issue(email, by, false, expires_at);
        let invitation = &issued.invitation;
        let mut tx = self.deps.begin().await?;
        tx.invitations().insert(invitation).await?;
        // Without the address: a record outlives the account.
        let details = vec![("expires_at", rfc3339(invitation.expires_at).into())];
        AdminAction::new(AdminActionKind::CreateInvitation, AuditTarget::Invitation(invitation.id), details)
            .record(tx.administration(), &*self.deps.ids, actor.clone(), invitation.created_at)
            .await?;
        tx.commit().await?;
        Ok(issued)
    }

    /// The invitation that makes the first account of an empty instance an administrator; `None` once there is an account. An
    /// earlier one that is unused ends.
    pub async fn first_administrator(&self) -> Result<Option<IssuedInvitation>, AdministrationError> {
        self.deps.retried(|| self.first_administrator_once()).await
    }

    async fn first_administrator_once(&self) -> Result<Option<IssuedInvitation>, AdministrationError> {
        let issued = self.issue(None, None, true, self.deps.now() + Invitation::SETUP_LIFETIME);
        let mut tx = self.deps.begin().await?;
        if !tx.invitations().replace_setup(&issued.invitation).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(issued))
    }

    fn issue(
        &self,
        email: Option<Email>,
        created_by: Option<UserId>,
        is_for_administrator: bool,
        expires_at: OffsetDateTime,
    ) -> IssuedInvitation {
        let (token, now) = (Secret::invitation(self.deps.ids.secret()), self.deps.now());
        let invitation = Invitation {
            id: InvitationId(self.deps.ids.fresh()),
            hash: token.hash(),
            email,
            is_for_administrator,
            created_by,
            created_at: now,
            expires_at,
        };
        IssuedInvitation { invitation, token }
    }

    /// All invitations, newest first.
    pub async fn list(
        &self,
        _: &Administrator,
        page: PageRequest,
    ) -> Result<Page<ListedInvitation>, AdministrationError> {
        Ok(self.deps.reads().administration().invitations(page).await?)
    }

    /// Removes an invitation that is not used.
    pub async fn revoke(&self, by: &Administrator, id: InvitationId) -> Result<(), AdministrationError> {
        self.deps.retried(|| self.revoke_once(by, id)).await
    }

    async fn revoke_once(&self, by: &Administrator, id: InvitationId) -> Result<(), AdministrationError> {
        let mut tx = self.deps.begin().await?;
        if !tx.invitations().delete_unused(id).await? {
            return Err(AdministrationError::UnknownInvitation(id));
        }
        AdminAction::new(AdminActionKind::RevokeInvitation, AuditTarget::Invitation(id), Vec::new())
            .record(tx.administration(), &*self.deps.ids, by, self.deps.now())
            .await?;
        Ok(tx.commit().await?)
    }
}
