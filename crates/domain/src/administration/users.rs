//! Users for administrators: list, disable and enable, delete, end access, and links for new passwords.

use time::{Duration, OffsetDateTime};

use super::administrator::Administrator;
use super::audit::{AdminAction, AdminActionKind, AuditActor, AuditTarget};
use super::error::AdministrationError;
use super::listed_user::ListedUser;
use super::reason::AuditReason;
use crate::deps::Deps;
use crate::identity::{KeptAccess, PasswordHash, SignInName, end_access};
use crate::ids::UserId;
use crate::mail::{access_mark, bound_to_access};
use crate::page::{Page, PageRequest};
use crate::payload::Payload;
use crate::signed_token::{Purpose, SignedToken, TokenKey};
use crate::store::UnitOfWork;
use crate::users::{GRACE_PERIOD, Presence, Suspension, User, Username};

/// How long a link for a new password is valid.
const PASSWORD_LINK_LIFETIME: Duration = Duration::days(1);

/// A link that sets a new password, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLink {
    pub token: String,
    pub expires_at: OffsetDateTime,
}

impl PasswordLink {
    /// The page of the server at `public_url` that sets the password.
    pub fn url(&self, public_url: &str) -> String {
        format!("{public_url}/password?token={}", self.token)
    }
}

/// The use cases of administrators, and of the operator, about users. All but the list are audited. Only the operator changes the
/// accounts of administrators.
#[derive(Clone)]
pub struct UserAdministration {
    deps: Deps,
    tokens: TokenKey,
}

impl UserAdministration {
    /// Signs links for new passwords with `tokens`.
    pub fn new(deps: Deps, tokens: TokenKey) -> Self {
        Self { deps, tokens }
    }

    /// The users whose username or address contains `search`, by username; deleted ones that are not purged included.
    pub async fn list(
        &self,
        _: &Administrator,
        search: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<ListedUser>, AdministrationError> {
        self.list_for_operator(search, page).await
    }

    /// As [`list`](Self::list).
    pub async fn list_for_operator(
        &self,
        search: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<ListedUser>, AdministrationError> {
        Ok(self.deps.reads().administration().users(search.map(str::to_owned), page).await?)
    }

    /// Ends all access to the account `username`, and hides it, until it is [enabled](Self::enable).
    pub async fn disable(
        &self,
        by: impl Into<AuditActor>,
        username: &Username,
        reason: Option<AuditReason>,
    ) -> Result<(), AdministrationError> {
        let actor = by.into();
        self.deps.retried(|| self.suspend_once(&actor, username, Suspension::Disabled, reason.clone())).await?;
        Ok(())
    }

    /// Deletes the account `username` as its owner could, but signing in does not restore it. Returns when it is purged.
    pub async fn delete(
        &self,
        by: impl Into<AuditActor>,
        username: &Username,
        reason: Option<AuditReason>,
    ) -> Result<OffsetDateTime, AdministrationError> {
        let actor = by.into();
        let deleted_at =
            self.deps.retried(|| self.suspend_once(&actor, username, Suspension::Deleted, reason.clone())).await?;
        Ok(deleted_at + GRACE_PERIOD)
    }

    /// Returns when the account was hidden.
    async fn suspend_once(
        &self,
        actor: &AuditActor,
        username: &Username,
        suspension: Suspension,
        reason: Option<AuditReason>,
    ) -> Result<OffsetDateTime, AdministrationError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let (user, _) = find(&mut *tx, actor, username).await?;
        // A concurrent sync of the account is finished, or will not find it.
        tx.accounts().lock(user.id).await?;
        let presence = end_access(&mut *tx, user.id, KeptAccess::SIGN_IN_METHODS).await?;
        let hidden_at = match (presence, suspension) {
            (None | Some(Presence::Left(_) | Presence::Suspended), Suspension::Disabled) | (None, _) => {
                return Err(AdministrationError::IsNotActive(user.username));
            }
            // The owner's deletion keeps its date.
            (Some(Presence::Left(at)), Suspension::Deleted) => at,
            (Some(Presence::Here | Presence::Suspended), _) => now,
        };
        // A suspended account is a deleted one, so this comes first.
        tx.users().set_left(user.id, Some(hidden_at)).await?;
        tx.users().set_suspension(user.id, Some(suspension)).await?;
        tx.users().end_password_links(user.id, now).await?;
        tx.invitations().delete_unused_of(user.id).await?;
        if presence == Some(Presence::Here) {
            tx.follows().set_counted(user.id, false).await?;
        }
        let kind = match suspension {
            Suspension::Disabled => AdminActionKind::DisableUser,
            Suspension::Deleted => AdminActionKind::DeleteUser,
        };
        let details = vec![("reason", reason.as_ref().map(AuditReason::as_str).into())];
        self.record(&mut *tx, actor, kind, user.id, details).await?;
        tx.commit().await?;
        Ok(hidden_at)
    }

    /// Enables an account that an administrator disabled, or deleted and that is not purged.
    pub async fn enable(&self, by: impl Into<AuditActor>, username: &Username) -> Result<(), AdministrationError> {
        let actor = by.into();
        self.deps.retried(|| self.enable_once(&actor, username)).await
    }

    async fn enable_once(&self, actor: &AuditActor, username: &Username) -> Result<(), AdministrationError> {
        let mut tx = self.deps.begin().await?;
        let (user, _) = find(&mut *tx, actor, username).await?;
        match tx.users().hold(user.id).await? {
            Some(Presence::Suspended) => {}
            Some(Presence::Here) => return Err(AdministrationError::IsActive(user.username)),
            Some(Presence::Left(_)) => return Err(AdministrationError::OwnerDeleted(user.username)),
            None => return Err(AdministrationError::UnknownUser(username.to_string())),
        }
        tx.users().set_suspension(user.id, None).await?;
        tx.users().set_left(user.id, None).await?;
        tx.follows().set_counted(user.id, true).await?;
        self.record(&mut *tx, actor, AdminActionKind::EnableUser, user.id, Vec::new()).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the sessions, API tokens, confirmed device logins and password links of the account `username`. Its owner can sign in
    /// again.
    pub async fn end_sessions(
        &self,
        by: impl Into<AuditActor>,
        username: &Username,
    ) -> Result<(), AdministrationError> {
        let actor = by.into();
        self.deps.retried(|| self.end_sessions_once(&actor, username)).await
    }

    async fn end_sessions_once(&self, actor: &AuditActor, username: &Username) -> Result<(), AdministrationError> {
        let mut tx = self.deps.begin().await?;
        let (user, _) = find(&mut *tx, actor, username).await?;
        end_access(&mut *tx, user.id, KeptAccess::SIGN_IN_METHODS).await?;
        tx.users().end_password_links(user.id, self.deps.now()).await?;
        self.record(&mut *tx, actor, AdminActionKind::EndSessions, user.id, Vec::new()).await?;
        Ok(tx.commit().await?)
    }

    /// A link with which the owner of the account `username` sets a new password. It ends with the present password, when access
    /// is ended, and after a day; no email is needed.
    pub async fn password_link(
        &self,
        by: impl Into<AuditActor>,
        username: &Username,
    ) -> Result<PasswordLink, AdministrationError> {
        let actor = by.into();
        self.deps.retried(|| self.password_link_once(&actor, username)).await
    }

    async fn password_link_once(
        &self,
        actor: &AuditActor,
        username: &Username,
    ) -> Result<PasswordLink, AdministrationError> {
        let mut tx = self.deps.begin().await?;
        let (user, password) = find(&mut *tx, actor, username).await?;
        if tx.users().find(user.id).await?.is_none() {
            return Err(AdministrationError::IsNotActive(user.username));
        }
        // An expiry has whole seconds.
        let now = self.deps.now();
        let expires_at = (now + PASSWORD_LINK_LIFETIME).replace_nanosecond(0).unwrap_or(now);
        let claims = SignedToken { purpose: Purpose::SetPassword, user: user.id, ends_at: Some(expires_at) };
        let ended_at = tx.users().password_links_ended_at(user.id).await?;
        let token = self.tokens.seal(&claims, &bound_to_access(password.as_ref(), &access_mark(ended_at)));
        let link = PasswordLink { token, expires_at };
        self.record(&mut *tx, actor, AdminActionKind::CreatePasswordLink, user.id, Vec::new()).await?;
        tx.commit().await?;
        Ok(link)
    }

    async fn record(
        &self,
        tx: &mut dyn UnitOfWork,
        actor: &AuditActor,
        kind: AdminActionKind,
        user: UserId,
        details: Payload,
    ) -> Result<(), AdministrationError> {
        let action = AdminAction::new(kind, AuditTarget::User(user), details);
        Ok(action.record(tx.administration(), &*self.deps.ids, actor.clone(), self.deps.now()).await?)
    }
}

/// The account `username` with its password, also a deleted one that is not purged. Fails if `actor` may not change it.
async fn find(
    tx: &mut dyn UnitOfWork,
    actor: &AuditActor,
    username: &Username,
) -> Result<(User, Option<PasswordHash>), AdministrationError> {
    let name = SignInName::Username(username.clone());
    let found = tx.users().find_for_sign_in(&name, OffsetDateTime::UNIX_EPOCH).await?;
    let (user, password) = found.ok_or_else(|| AdministrationError::UnknownUser(username.to_string()))?;
    match actor {
        AuditActor::Administrator(administrator) if administrator.id() == user.id => {
            Err(AdministrationError::OwnAccount)
        }
        AuditActor::Administrator(_) if user.is_admin => Err(AdministrationError::IsAdministrator),
        AuditActor::Administrator(_) | AuditActor::Operator => Ok((user, password)),
    }
}
