//! New accounts: what a request says of them, the check, and their row.

use time::OffsetDateTime;

use super::credentials::{Password, PasswordHash};
use super::email::Email;
use super::error::IdentityError;
use super::invitation::{Invitation, NamedInvitation};
use super::registration_policy::RegistrationPolicy;
use super::session::Device;
use crate::administration::{AdminAction, AdminActionKind, AuditActor, AuditTarget};
use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::Ids;
use crate::referrals::ReferralCode;
use crate::store::UnitOfWork;
use crate::users::{User, Username};

#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    pub email: Email,
    pub password: Password,
    pub username: Username,
    pub name: Option<String>,
    pub zone: Option<Zone>,
    /// The referral code that the user registers with. It may belong to no account.
    pub referral_code: Option<ReferralCode>,
    pub invitation: Option<NamedInvitation>,
}

/// A sign-in through a provider, which creates an account at its first time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignInRequest {
    pub device: Device,
    pub invitation: Option<NamedInvitation>,
}

impl From<Device> for SignInRequest {
    fn from(device: Device) -> Self {
        Self { device, invitation: None }
    }
}

/// What is known of an account before it is created.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applicant<'a> {
    pub(super) email: Option<&'a Email>,
    /// The organizations of the provider's account.
    pub(super) organizations: &'a [String],
    pub(super) invitation: Option<NamedInvitation>,
}

/// Fails unless `policy` permits an account of `applicant` at `now`. Returns the valid invitation that it names, locked until the
/// end of the transaction.
pub(super) async fn authorize(
    policy: &RegistrationPolicy,
    tx: &mut dyn UnitOfWork,
    applicant: Applicant<'_>,
    now: OffsetDateTime,
) -> Result<Option<Invitation>, IdentityError> {
    let invitation = match applicant.invitation {
        Some(named) => tx.invitations().lock(named.hash(), now).await?,
        None => None,
    };
    let invitation = invitation.filter(|invitation| invitation.permits(applicant.email));
    policy.authorize(applicant, invitation.as_ref())?;
    Ok(invitation)
}

/// Inserts the account `user`, and uses up its `invitation`.
pub(super) async fn insert_account(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    user: &User,
    password: Option<PasswordHash>,
    invitation: Option<&Invitation>,
) -> Result<(), IdentityError> {
    tx.users().insert(user, password).await.map_err(|error| match error {
        StoreError::Conflict { constraint } if constraint == "users_email_key" => IdentityError::EmailTaken,
        StoreError::Conflict { constraint } if constraint == "users_username_key" => {
            IdentityError::UsernameTaken(user.username.to_string())
        }
        other => other.into(),
    })?;
    let Some(invitation) = invitation else { return Ok(()) };
    tx.invitations().mark_used(invitation.id, user.id, user.created_at).await?;
    if invitation.is_for_administrator {
        tx.administration().set_administrator(user.id, true).await?;
        AdminAction::new(AdminActionKind::GrantAdministrator, AuditTarget::User(user.id), Vec::new())
            .record(tx.administration(), ids, AuditActor::Operator, user.created_at)
            .await?;
    }
    Ok(())
}
