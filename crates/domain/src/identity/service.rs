//! Registration, sign-in and sign-out.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::access::{KeptAccess, end_access};
use super::attempts::{AttemptKey, FailedLogins, LoginAttempt};
use super::credentials::{Password, PasswordHash, SignInName};
use super::error::IdentityError;
use super::invitation::NamedInvitation;
use super::ports::{PasswordHasher, SessionReader};
use super::registration::{Applicant, Registration, authorize, insert_account};
use super::registration_policy::RegistrationPolicy;
use super::session::{Credential, Device, IssuedSession, Principal, Session};
use super::sign_in::VerifiedAccount;
use crate::deps::Deps;
use crate::ids::{SessionId, UserId};
use crate::mail::{EmailJob, RequestedEmail};
use crate::referrals::{NewReferral, ReferralChain, ReferralCode, VisitorSalt};
use crate::store::UnitOfWork;
use crate::users::{Profile, User, gone_by};

/// How exactly the last use of a session is recorded: recording every request would write on every read.
const LAST_USED_PRECISION: Duration = Duration::minutes(5);

/// A change of a password that proves knowledge of the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordChange {
    pub current: Password,
    pub new: Password,
    /// Whether API tokens stay valid.
    pub keep_api_tokens: bool,
}

/// The use cases of sign-in.
#[derive(Clone)]
pub struct Identity {
    deps: Deps,
    sessions: Arc<dyn SessionReader>,
    passwords: Arc<dyn PasswordHasher>,
    session_lifetime: Duration,
    failed_logins: Option<FailedLogins>,
    salt: VisitorSalt,
    sends_email: bool,
    policy: RegistrationPolicy,
}

impl Identity {
    /// Looks tokens up in `sessions`, and hashes the visitors of referral links with `salt`.
    pub fn new(
        deps: Deps,
        sessions: Arc<dyn SessionReader>,
        passwords: Arc<dyn PasswordHasher>,
        salt: VisitorSalt,
    ) -> Self {
        let session_lifetime = Session::LIFETIME;
        let policy = RegistrationPolicy::default();
        Self { deps, sessions, passwords, session_lifetime, failed_logins: None, salt, sends_email: false, policy }
    }

    /// With sessions that last for `lifetime` instead of [`Session::LIFETIME`].
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Self {
        Self { session_lifetime: lifetime, ..self }
    }

    /// With a limit on the wrong passwords of an account in a minute; `None` is no limit.
    #[must_use]
    pub fn with_failed_logins(self, limit: Option<FailedLogins>) -> Self {
        Self { failed_logins: limit, ..self }
    }

    /// With `sends`, a registration queues an email that verifies the address.
    #[must_use]
    pub fn with_email(self, sends: bool) -> Self {
        Self { sends_email: sends, ..self }
    }

    /// With limits on new accounts.
    #[must_use]
    pub fn with_policy(self, policy: RegistrationPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Creates an account and signs it in, if the policy permits it. A referral code that belongs to no account is ignored: the link may be old.
    pub async fn register(&self, registration: Registration, device: Device) -> Result<IssuedSession, IdentityError> {
        let invitation = registration.invitation;
        let applicant = Applicant { email: Some(&registration.email), organizations: &[], invitation };
        if self.policy.limits_accounts() || invitation.is_some() {
            // Hashing is costly, so a registration that is refused pays for none.
            authorize(&self.policy, &mut *self.deps.begin().await?, applicant, self.deps.now()).await?;
        }
        let password = self.passwords.hash(registration.password).await?;
        let now = self.deps.now();
        let user = User {
            id: UserId(self.deps.ids.fresh()),
            username: registration.username,
            email: Some(registration.email),
            email_verified: false,
            profile: Profile { name: registration.name, ..Profile::default() },
            is_public: !self.policy.are_profiles_private,
            is_admin: false,
            zone: registration.zone,
            created_at: now,
            updated_at: now,
        };
        let code = registration.referral_code;
        self.deps.retried(|| self.register_once(&user, &password, code.as_ref(), invitation, &device)).await
    }

    async fn register_once(
        &self,
        user: &User,
        password: &PasswordHash,
        code: Option<&ReferralCode>,
        invitation: Option<NamedInvitation>,
        device: &Device,
    ) -> Result<IssuedSession, IdentityError> {
        let now = user.created_at;
        let (mut tx, chain) = match code {
            Some(code) => ReferralChain::begin_by_code(&*self.deps.store, None, code).await?,
            None => (self.deps.begin().await?, None),
        };
        let applicant = Applicant { email: user.email.as_ref(), organizations: &[], invitation };
        let invitation = authorize(&self.policy, &mut *tx, applicant, now).await?;
        insert_account(&mut *tx, &*self.deps.ids, user, Some(password.clone()), invitation.as_ref()).await?;
        if let Some((chain, code)) = chain.zip(code) {
            let visitor = self.salt.visitor(code, device);
            let join = NewReferral { referred: user.id, visitor, now, pays: false };
            chain.join(&mut *tx, &*self.deps.ids, join).await?;
        }
        if self.sends_email {
            RequestedEmail::verification(&*self.deps.ids, user.id).enqueue(&mut *tx, now).await?;
        }
        let signed_in = self.open_session(&mut *tx, user.id, device.clone(), now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Signs in with an address or username and the password. A deleted account returns within its grace period.
    ///
    /// Wrong passwords count for the account, under each of its names, and for the network of `device`. A name that no account
    /// has is counted by itself.
    pub async fn login(&self, name: &str, password: Password, device: Device) -> Result<IssuedSession, IdentityError> {
        let known = self.recognise(name, password, &device).await?;
        self.deps.retried(|| self.login_once(&known, &device)).await
    }

    async fn login_once(&self, known: &VerifiedAccount, device: &Device) -> Result<IssuedSession, IdentityError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        if !known.authorize_sign_in(&mut *tx, now).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let signed_in = self.open_session(&mut *tx, known.user, device.clone(), now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Verifies the password of the account with that address or username. No session is opened, and a deleted account stays
    /// deleted. Attempts count as in [`login`](Self::login).
    pub async fn recognise(
        &self,
        name: &str,
        password: Password,
        device: &Device,
    ) -> Result<VerifiedAccount, IdentityError> {
        let (user, hash, attempt) = self.deps.retried(|| self.attempt_once(name, device)).await?;
        let fits = self.passwords.verify(password, hash.clone()).await?;
        let (user, password) = user.zip(hash).filter(|_| fits).ok_or(IdentityError::WrongCredentials)?;
        if let Some(attempt) = attempt {
            self.deps.retried(|| self.succeed_once(attempt)).await?;
        }
        Ok(VerifiedAccount { user, password })
    }

    /// Finds the account `name` and counts an attempt to sign in to it, if attempts are limited.
    async fn attempt_once(
        &self,
        name: &str,
        device: &Device,
    ) -> Result<(Option<UserId>, Option<PasswordHash>, Option<LoginAttempt>), IdentityError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let found = match SignInName::parse(name) {
            Some(name) => tx.users().find_for_sign_in(&name, gone_by(now)).await?,
            None => None,
        };
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user.id), hash));
        let target = user.map_or_else(|| AttemptKey::unknown_name(name), AttemptKey::account);
        let attempt = self.begin_attempt(tx, LoginAttempt::new(target, device, now)).await?;
        Ok((user, hash, attempt))
    }

    /// Counts `attempt`, if attempts are limited, and commits.
    async fn begin_attempt(
        &self,
        mut tx: Box<dyn UnitOfWork>,
        attempt: LoginAttempt,
    ) -> Result<Option<LoginAttempt>, IdentityError> {
        if let Some(limit) = self.failed_logins {
            attempt.begin(tx.login_attempts(), limit).await?;
        }
        tx.commit().await?;
        Ok(self.failed_logins.map(|_| attempt))
    }

    async fn succeed_once(&self, attempt: LoginAttempt) -> Result<(), IdentityError> {
        let mut tx = self.deps.begin().await?;
        attempt.succeed(tx.login_attempts()).await?;
        Ok(tx.commit().await?)
    }

    /// Authenticates the caller by `token`.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, IdentityError> {
        let credential = Credential::parse(token).ok_or(IdentityError::NotSignedIn)?;
        let now = self.deps.now();
        let principal = self.sessions.principal(credential, now).await?.ok_or(IdentityError::NotSignedIn)?;
        if principal.last_used_at.is_none_or(|last| now - last >= LAST_USED_PRECISION) {
            self.sessions.touch(principal.via, now).await?;
        }
        Ok(principal)
    }

    /// Changes the password of `user` and ends all access except `session`: other sessions, confirmed device logins and, unless
    /// they are kept, API tokens. Wrong passwords count like those of a sign-in from `device`. An email informs the owner.
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        change: PasswordChange,
        device: &Device,
    ) -> Result<(), IdentityError> {
        let PasswordChange { current, new, keep_api_tokens } = change;
        let mut tx = self.deps.begin().await?;
        let (_, hash) = tx.users().find_with_password(user).await?.ok_or(IdentityError::NotSignedIn)?;
        let password = hash.ok_or(IdentityError::NoPassword)?;
        let attempt = LoginAttempt::new(AttemptKey::account(user), device, self.deps.now());
        let attempt = self.begin_attempt(tx, attempt).await?;
        if !self.passwords.verify(current, Some(password.clone())).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let new = self.passwords.hash(new).await?;
        let known = VerifiedAccount { user, password };
        let kept = KeptAccess { session: Some(session), api_tokens: keep_api_tokens, ..KeptAccess::SIGN_IN_METHODS };
        self.deps.retried(|| self.change_password_once(&known, kept, attempt, &new)).await
    }

    async fn change_password_once(
        &self,
        known: &VerifiedAccount,
        kept: KeptAccess,
        attempt: Option<LoginAttempt>,
        new: &PasswordHash,
    ) -> Result<(), IdentityError> {
        let user = known.user;
        let mut tx = self.deps.begin().await?;
        if end_access(&mut *tx, user, kept).await?.is_none() || !known.is_current(&mut *tx).await? {
            return Err(IdentityError::WrongCredentials);
        }
        if let Some(attempt) = attempt {
            attempt.succeed(tx.login_attempts()).await?;
        }
        tx.users().set_password(user, new.clone()).await?;
        if self.sends_email {
            let now = self.deps.now();
            tx.jobs().enqueue(&[EmailJob::password_changed(&*self.deps.ids, user, now)], now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends the session that `user` calls through. A session that ended meanwhile counts as not signed in.
    pub async fn logout(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        self.end_session(user, session).await.map_err(|error| match error {
            IdentityError::UnknownSession(_) => IdentityError::NotSignedIn,
            other => other,
        })
    }

    /// The open sessions of `user`, newest first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, IdentityError> {
        Ok(self.sessions.open_sessions(user, self.deps.now()).await?)
    }

    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        self.deps.retried(|| self.end_session_once(user, session)).await
    }

    async fn end_session_once(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        let mut tx = self.deps.begin().await?;
        if !tx.sessions().delete(user, session).await? {
            return Err(IdentityError::UnknownSession(session.to_string()));
        }
        tx.commit().await?;
        Ok(())
    }

    async fn open_session(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        device: Device,
        now: OffsetDateTime,
    ) -> Result<IssuedSession, IdentityError> {
        let (id, secret) = (SessionId(self.deps.ids.fresh()), self.deps.ids.secret());
        let signed_in = IssuedSession::new(id, user, secret, device, now, self.session_lifetime);
        tx.sessions().insert(&signed_in.session).await?;
        Ok(signed_in)
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
