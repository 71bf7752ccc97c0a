//! Sign-in through a provider, and links between accounts there and here.

use time::{Duration, OffsetDateTime};

use super::access::{KeptAccess, end_access, require_open_session};
use super::authorization::{Authorization, OAuthState, PkceVerifier};
use super::credentials::SignInName;
use super::error::IdentityError;
use super::external::{AccessToken, ExternalAccount, LinkedAccount, ProviderName, usernames};
use super::linking::{LinkDecision, decide};
use super::providers::Providers;
use super::registration::{Applicant, SignInRequest, authorize, insert_account};
use super::registration_policy::RegistrationPolicy;
use super::session::{IssuedSession, Session};
use super::sign_in::authorize_sign_in;
use crate::deps::Deps;
use crate::ids::{SessionId, UserId};
use crate::store::UnitOfWork;
use crate::users::{Profile, User, Username, gone_by};

/// How many times a sign-in that collides with concurrent ones is attempted.
const TRIES: usize = 5;

/// The use cases of signing in through a provider. The provider is asked before a transaction begins, never within.
#[derive(Clone)]
pub struct OAuth {
    deps: Deps,
    providers: Providers,
    session_lifetime: Duration,
    policy: RegistrationPolicy,
}

impl OAuth {
    /// Signs accounts in through `providers`.
    pub fn new(deps: Deps, providers: Providers) -> Self {
        Self { deps, providers, session_lifetime: Session::LIFETIME, policy: RegistrationPolicy::default() }
    }

    /// The same, with sessions that last for `lifetime` instead of [`Session::LIFETIME`].
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Self {
        Self { session_lifetime: lifetime, ..self }
    }

    /// With limits on new accounts.
    #[must_use]
    pub fn with_policy(self, policy: RegistrationPolicy) -> Self {
        Self { policy, ..self }
    }

    /// The names of the configured providers, with those for users.
    pub fn providers(&self) -> Vec<(ProviderName, String)> {
        self.providers.iter().map(|provider| (provider.name(), provider.display_name())).collect()
    }

    pub fn check(&self, provider: &str) -> Result<(), IdentityError> {
        self.providers.get(provider).map(drop)
    }

    /// Begins a sign-in at `provider`, which may have to be asked where it signs in.
    pub async fn begin(&self, provider: &str) -> Result<Authorization, IdentityError> {
        let provider = self.providers.get(provider)?;
        let (state, verifier) = (OAuthState::of(self.deps.ids.secret()), PkceVerifier::of(self.deps.ids.secret()));
        let url = provider.authorize_url(&state, &verifier).await?;
        Ok(Authorization { url, state, verifier })
    }

    /// Signs in with the `code` that a browser brings back from `provider`.
    pub async fn sign_in_with_code(
        &self,
        provider: &str,
        code: &str,
        verifier: &PkceVerifier,
        request: impl Into<SignInRequest>,
    ) -> Result<IssuedSession, IdentityError> {
        let external = self.providers.get(provider)?.exchange(code, verifier).await?;
        self.sign_in(&external, request).await
    }

    /// Signs in with a `token` that `provider` issued for this application.
    pub async fn sign_in_with_token(
        &self,
        provider: &str,
        token: &AccessToken,
        request: impl Into<SignInRequest>,
    ) -> Result<IssuedSession, IdentityError> {
        let external = self.providers.get(provider)?.vouch(token).await?;
        self.sign_in(&external, request).await
    }

    /// Links the account at `provider` that `token` was issued for with `user`, who calls through `session`.
    pub async fn link_with_token(
        &self,
        user: UserId,
        session: SessionId,
        provider: &str,
        token: &AccessToken,
    ) -> Result<(), IdentityError> {
        let external = self.providers.get(provider)?.vouch(token).await?;
        self.link(user, session, &external).await
    }

    /// Signs in the owner of `external`, or creates an account if the policy permits it; see [`decide`]. A deleted account returns within its grace
    /// period.
    pub async fn sign_in(
        &self,
        external: &ExternalAccount,
        request: impl Into<SignInRequest>,
    ) -> Result<IssuedSession, IdentityError> {
        let request = request.into();
        let names = usernames(&external.login, self.deps.ids.fresh().as_u64_pair().1);
        let mut tries = 1;
        loop {
            match self.try_sign_in(external, &names, &request).await {
                // A concurrent request was faster; its result changes the decision.
                Err(error) if is_race(&error) && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn try_sign_in(
        &self,
        external: &ExternalAccount,
        names: &[Username],
        request: &SignInRequest,
    ) -> Result<IssuedSession, IdentityError> {
        self.deps.retried(|| self.try_sign_in_once(external, names, request)).await
    }

    async fn try_sign_in_once(
        &self,
        external: &ExternalAccount,
        names: &[Username],
        request: &SignInRequest,
    ) -> Result<IssuedSession, IdentityError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let left_after = gone_by(now);
        let owner = tx.external_accounts().owner(&external.provider, &external.subject, left_after).await?;
        let holder = match &external.verified_email {
            Some(email) if owner.is_none() => {
                let held = tx.users().find_for_sign_in(&SignInName::Email(email.clone()), left_after).await?;
                held.map(|(user, _)| user)
            }
            _ => None,
        };
        let user = match decide(external, owner, holder.as_ref()) {
            LinkDecision::SignIn(user) => {
                // Unlinked a moment ago, perhaps because all access to the account ended.
                if !tx.external_accounts().touch(external, now).await? {
                    return Err(IdentityError::ExternalAccountTaken);
                }
                user
            }
            LinkDecision::Link(user) => {
                insert_link(&mut *tx, user, external, now).await?;
                user
            }
            LinkDecision::TakeAddressFrom(holder) => {
                release_address(&mut *tx, holder, external, now).await?;
                self.make_account(&mut *tx, external, names, request, now).await?
            }
            LinkDecision::Create => self.make_account(&mut *tx, external, names, request, now).await?,
        };
        if !authorize_sign_in(&mut *tx, user, now).await? {
            return Err(IdentityError::ExternalAccountTaken);
        }
        let (id, secret) = (SessionId(self.deps.ids.fresh()), self.deps.ids.secret());
        let signed_in = IssuedSession::new(id, user, secret, request.device.clone(), now, self.session_lifetime);
        tx.sessions().insert(&signed_in.session).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Links `external` with `user`, who calls through `session`. Linking twice changes nothing.
    pub async fn link(
        &self,
        user: UserId,
        session: SessionId,
        external: &ExternalAccount,
    ) -> Result<(), IdentityError> {
        match self.try_link(user, session, external).await {
            // A concurrent request was faster, perhaps the same one twice.
            Err(IdentityError::ExternalAccountTaken) => self.try_link(user, session, external).await,
            done => done,
        }
    }

    async fn try_link(
        &self,
        user: UserId,
        session: SessionId,
        external: &ExternalAccount,
    ) -> Result<(), IdentityError> {
        self.deps.retried(|| self.try_link_once(user, session, external)).await
    }

    async fn try_link_once(
        &self,
        user: UserId,
        session: SessionId,
        external: &ExternalAccount,
    ) -> Result<(), IdentityError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        match tx.external_accounts().owner(&external.provider, &external.subject, gone_by(now)).await? {
            Some(owner) if owner == user => {
                tx.external_accounts().touch(external, now).await?;
            }
            Some(_) => return Err(IdentityError::ExternalAccountTaken),
            None => insert_link(&mut *tx, user, external, now).await?,
        }
        require_open_session(&mut *tx, user, session, now).await?;
        Ok(tx.commit().await?)
    }

    /// The linked accounts of `user`, by name of the provider.
    pub async fn accounts(&self, user: UserId) -> Result<Vec<LinkedAccount>, IdentityError> {
        let mut tx = self.deps.begin().await?;
        Ok(tx.external_accounts().of(user).await?)
    }

    /// Removes the link of `user` to `provider`, which need not be configured any more. Fails if it is the last way to sign in:
    /// the account has no password and no other link to a configured provider.
    pub async fn unlink(&self, user: UserId, provider: &str) -> Result<(), IdentityError> {
        self.deps.retried(|| self.unlink_once(user, provider)).await
    }

    async fn unlink_once(&self, user: UserId, provider: &str) -> Result<(), IdentityError> {
        let mut tx = self.deps.begin().await?;
        // Of two concurrent removals, the second sees the result of the first.
        tx.users().hold(user).await?;
        let accounts = tx.external_accounts().of(user).await?;
        let (undone, others): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| account.provider.as_str() == provider);
        let [undone] = &*undone else { return Err(IdentityError::NotLinked(provider.to_owned())) };
        let opens = |account: &LinkedAccount| self.providers.get(account.provider.as_str()).is_ok();
        if !others.iter().any(opens) && !tx.users().has_password(user).await? {
            return Err(IdentityError::LastWayIn);
        }
        tx.external_accounts().delete(user, &undone.provider).await?;
        Ok(tx.commit().await?)
    }

    /// Creates an account for the owner of `external` with the first free name of `names`.
    async fn make_account(
        &self,
        tx: &mut dyn UnitOfWork,
        external: &ExternalAccount,
        names: &[Username],
        request: &SignInRequest,
        now: OffsetDateTime,
    ) -> Result<UserId, IdentityError> {
        let (email, invitation) = (external.verified_email.as_ref(), request.invitation);
        let applicant = Applicant { email, organizations: &external.organizations, invitation };
        let invitation = authorize(&self.policy, tx, applicant, now).await?;
        let free = tx.users().free_usernames(names).await?;
        let taken = || IdentityError::UsernameTaken(external.login.clone());
        let user = User {
            id: UserId(self.deps.ids.fresh()),
            username: free.into_iter().next().ok_or_else(taken)?,
            email: email.cloned(),
            email_verified: email.is_some(),
            profile: Profile { name: external.name.clone(), image: external.image.clone(), ..Profile::default() },
            is_public: !self.policy.are_profiles_private,
            is_admin: false,
            zone: None,
            created_at: now,
            updated_at: now,
        };
        insert_account(tx, &*self.deps.ids, &user, None, invitation.as_ref()).await?;
        insert_link(tx, user.id, external, now).await?;
        Ok(user.id)
    }
}

/// Links `external` with `user`.
async fn insert_link(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    external: &ExternalAccount,
    now: OffsetDateTime,
) -> Result<(), IdentityError> {
    let accounts = tx.external_accounts();
    if accounts.insert(&external.link_to(user, now)).await? {
        return Ok(());
    }
    // Linked a moment ago, perhaps with this account. The check comes after the insert, which waits for concurrent transactions.
    let is_owned = accounts.owner(&external.provider, &external.subject, gone_by(now)).await?.is_some();
    if !is_owned && accounts.has(user, &external.provider).await? {
        return Err(IdentityError::AnotherAccountLinked);
    }
    Err(IdentityError::ExternalAccountTaken)
}

/// Takes the address of `external` from `holder`, which never verified it. Ends the holder's sessions, API tokens and confirmed
/// device logins; data, the password and linked accounts stay.
async fn release_address(
    tx: &mut dyn UnitOfWork,
    holder: UserId,
    external: &ExternalAccount,
    now: OffsetDateTime,
) -> Result<(), IdentityError> {
    let Some(email) = &external.verified_email else { return Ok(()) };
    end_access(tx, holder, KeptAccess::SIGN_IN_METHODS).await?;
    if !tx.users().release_email(holder, email, now).await? {
        return Err(IdentityError::EmailTaken);
    }
    Ok(())
}

/// Whether another attempt may succeed. A name or address of a deleted account that is not purged yet collides every time.
fn is_race(error: &IdentityError) -> bool {
    use IdentityError::{EmailTaken, ExternalAccountTaken, UsernameTaken};
    matches!(error, EmailTaken | UsernameTaken(_) | ExternalAccountTaken)
}
