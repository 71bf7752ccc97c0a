//! What people do to be known: register, sign in, sign out.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::admission::Recognised;
use super::attempts::{FailedLogins, TriedName};
use super::credentials::{Email, Password, PasswordHash, SignInName};
use super::error::IdentityError;
use super::ports::{PasswordHasher, SessionReader};
use super::session::{Credential, Device, Principal, Session, SignedIn};
use crate::clock::Clock;
use crate::days::Zone;
use crate::ids::{Ids, SessionId, UserId};
use crate::mail::Letter;
use crate::referrals::{Join, ReferralCode, Upline, VisitorSalt};
use crate::store::{Store, StoreError, UnitOfWork, retried};
use crate::users::{Profile, User, Username, gone_by};

/// How exactly the last use of a session is known: noting every request would write on every read.
const LAST_USED_GRAIN: Duration = Duration::minutes(5);

/// What a new account is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Its address.
    pub email: Email,
    /// Its password.
    pub password: Password,
    /// Its username.
    pub username: Username,
    /// A name to show.
    pub name: Option<String>,
    /// The zone its owner lives in.
    pub zone: Option<Zone>,
    /// By whose code they come, if by one that may be somebody's.
    pub referral_code: Option<ReferralCode>,
}

/// The use cases of sign-in.
#[derive(Clone)]
pub struct Identity {
    store: Arc<dyn Store>,
    sessions: Arc<dyn SessionReader>,
    passwords: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    session_lifetime: Duration,
    failed_logins: Option<FailedLogins>,
    salt: VisitorSalt,
    sends_letters: bool,
}

impl Identity {
    /// Keeps accounts and sessions in `store`, looks tokens up in `sessions`, and finds the clicks of those who come by a
    /// code with `salt`.
    pub fn new(
        store: Arc<dyn Store>,
        sessions: Arc<dyn SessionReader>,
        passwords: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        salt: VisitorSalt,
    ) -> Self {
        let session_lifetime = Session::LIFETIME;
        Self {
            store,
            sessions,
            passwords,
            clock,
            ids,
            session_lifetime,
            failed_logins: None,
            salt,
            sends_letters: false,
        }
    }

    /// The same, with sessions that last for `lifetime` instead of [`Session::LIFETIME`].
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Self {
        Self { session_lifetime: lifetime, ..self }
    }

    /// The same, where only so many logins under one name may fail within a minute; `None` is no limit.
    #[must_use]
    pub fn with_failed_logins(self, limit: Option<FailedLogins>) -> Self {
        Self { failed_logins: limit, ..self }
    }

    /// The same, where whoever registers gets a letter that asks whether the address is theirs, if `sends` says so.
    #[must_use]
    pub fn with_letters(self, sends: bool) -> Self {
        Self { sends_letters: sends, ..self }
    }

    /// Makes an account and signs it in. A referral code that is nobody's is a link that has become old, and ignored.
    pub async fn register(&self, registration: Registration, device: Device) -> Result<SignedIn, IdentityError> {
        let password = self.passwords.hash(registration.password).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId(self.ids.fresh()),
            username: registration.username,
            email: Some(registration.email),
            email_verified: false,
            profile: Profile { name: registration.name, ..Profile::default() },
            is_public: true,
            is_admin: false,
            zone: registration.zone,
            created_at: now,
            updated_at: now,
        };
        let code = registration.referral_code;
        retried(&*self.store, || self.register_once(&user, &password, code.as_ref(), &device)).await
    }

    async fn register_once(
        &self,
        user: &User,
        password: &PasswordHash,
        code: Option<&ReferralCode>,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let now = user.created_at;
        let (mut tx, upline) = match code {
            Some(code) => Upline::begin_by_code(&*self.store, None, code).await?,
            None => (self.store.begin().await?, None),
        };
        tx.users().insert(user, Some(password.clone())).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_email_key" => IdentityError::EmailTaken,
            StoreError::Conflict { constraint } if constraint == "users_username_key" => {
                IdentityError::UsernameTaken(user.username.to_string())
            }
            other => other.into(),
        })?;
        if let Some((upline, code)) = upline.zip(code) {
            let visitor = self.salt.visitor(code, device);
            let join = Join { referred: user.id, visitor, now, pays: false };
            upline.join(&mut *tx, &*self.ids, join).await?;
        }
        if self.sends_letters {
            tx.jobs().enqueue(&[Letter::verification(&*self.ids, user.id, now)], now).await?;
        }
        let signed_in = self.open_session(&mut *tx, user.id, device.clone(), now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Signs in who knows the password of the account with that address or username. An account that was deleted, and is not
    /// gone for good, comes back.
    ///
    /// A try counts as failed from before its password is looked at until it has succeeded, so that of many at the same
    /// time no more are looked at than may fail. It counts under the name that was typed, known or not.
    pub async fn login(&self, name: &str, password: Password, device: Device) -> Result<SignedIn, IdentityError> {
        let known = self.recognise(name, password).await?;
        retried(&*self.store, || self.login_once(&known, &device)).await
    }

    async fn login_once(&self, known: &Recognised, device: &Device) -> Result<SignedIn, IdentityError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !known.admit(&mut *tx, now).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let signed_in = self.open_session(&mut *tx, known.user, device.clone(), now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Who knows the password of the account with that address or username; no session is opened, and nobody comes back.
    pub async fn recognise(&self, name: &str, password: Password) -> Result<Recognised, IdentityError> {
        let (user, hash) = match self.try_name(name).await? {
            Some((user, hash)) => (Some(user), hash),
            None => (None, None),
        };
        let fits = self.passwords.verify(password, hash.clone()).await?;
        let (user, password) = user.zip(hash).filter(|_| fits).ok_or(IdentityError::WrongCredentials)?;
        if self.failed_logins.is_some() {
            let email = user.email.as_ref().map(Email::as_str);
            let names: Vec<TriedName> = email.into_iter().chain([user.username.as_str()]).map(TriedName::of).collect();
            retried(&*self.store, || self.forget_attempts_once(&names)).await?;
        }
        Ok(Recognised { user: user.id, password })
    }

    async fn forget_attempts_once(&self, names: &[TriedName]) -> Result<(), IdentityError> {
        let mut tx = self.store.begin().await?;
        tx.login_attempts().forget(names).await?;
        Ok(tx.commit().await?)
    }

    /// Who calls with `token`.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, IdentityError> {
        let credential = Credential::parse(token).ok_or(IdentityError::NotSignedIn)?;
        let now = self.clock.now();
        let principal = self.sessions.principal(credential, now).await?.ok_or(IdentityError::NotSignedIn)?;
        if principal.last_used_at.is_none_or(|last| now - last >= LAST_USED_GRAIN) {
            self.sessions.touch(principal.via, now).await?;
        }
        Ok(principal)
    }

    /// Gives `user`, who knows the current password, a new one, and ends all their sessions but `session`. API tokens stay.
    /// Wrong passwords count like those of a sign-in. A letter tells the owner.
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        current: Password,
        new: Password,
    ) -> Result<(), IdentityError> {
        let name = self.username(user).await?;
        let (_, hash) = self.try_name(name.as_str()).await?.ok_or(IdentityError::NotSignedIn)?;
        let password = hash.ok_or(IdentityError::NoPassword)?;
        if !self.passwords.verify(current, Some(password.clone())).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let new = self.passwords.hash(new).await?;
        let known = Recognised { user, password };
        retried(&*self.store, || self.change_password_once(&known, session, &name, &new)).await
    }

    async fn change_password_once(
        &self,
        known: &Recognised,
        session: SessionId,
        name: &Username,
        new: &PasswordHash,
    ) -> Result<(), IdentityError> {
        let user = known.user;
        let mut tx = self.store.begin().await?;
        if tx.users().hold(user).await?.is_none() || !known.is_current(&mut *tx).await? {
            return Err(IdentityError::WrongCredentials);
        }
        if self.failed_logins.is_some() {
            tx.login_attempts().forget(&[TriedName::of(name.as_str())]).await?;
        }
        tx.users().set_password(user, new.clone()).await?;
        tx.sessions().delete_others(user, session).await?;
        if self.sends_letters {
            let now = self.clock.now();
            tx.jobs().enqueue(&[Letter::password_changed(&*self.ids, user, now)], now).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn username(&self, user: UserId) -> Result<Username, IdentityError> {
        let mut tx = self.store.begin().await?;
        let user = tx.users().find(user).await?.ok_or(IdentityError::NotSignedIn)?;
        Ok(user.username)
    }

    /// Ends the session that `user` calls through. One that ended meanwhile is no session to call through.
    pub async fn logout(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        self.end_session(user, session).await.map_err(|error| match error {
            IdentityError::UnknownSession(_) => IdentityError::NotSignedIn,
            other => other,
        })
    }

    /// The open sessions of `user`, newest first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, IdentityError> {
        Ok(self.sessions.open_sessions(user, self.clock.now()).await?)
    }

    /// Ends one session of `user`.
    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        retried(&*self.store, || self.end_session_once(user, session)).await
    }

    async fn end_session_once(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        let mut tx = self.store.begin().await?;
        if !tx.sessions().delete(user, session).await? {
            return Err(IdentityError::UnknownSession(session.to_string()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes a try under `name`, if it may come now, and finds the account.
    async fn try_name(&self, name: &str) -> Result<Option<(User, Option<PasswordHash>)>, IdentityError> {
        retried(&*self.store, || self.try_name_once(name)).await
    }

    async fn try_name_once(&self, name: &str) -> Result<Option<(User, Option<PasswordHash>)>, IdentityError> {
        let mut tx = self.store.begin().await?;
        if let Some(limit) = self.failed_logins {
            let now = self.clock.now();
            let since = FailedLogins::over_by(now);
            let noted = tx.login_attempts().note(TriedName::of(name), now, since, limit.0).await?;
            if !noted.let_through {
                let retry_after = limit.wait(&noted.tries, now).unwrap_or(Duration::ZERO);
                return Err(IdentityError::TooManyFailures { retry_after });
            }
        }
        let found = match SignInName::parse(name) {
            Some(name) => tx.users().find_for_sign_in(&name, gone_by(self.clock.now())).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(found)
    }

    async fn open_session(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        device: Device,
        now: OffsetDateTime,
    ) -> Result<SignedIn, IdentityError> {
        let (id, secret) = (SessionId(self.ids.fresh()), self.ids.secret());
        let signed_in = SignedIn::new(id, user, secret, device, now, self.session_lifetime);
        tx.sessions().insert(&signed_in.session).await?;
        Ok(signed_in)
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
