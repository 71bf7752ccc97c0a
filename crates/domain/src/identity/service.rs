//! What people do to be known: register, sign in, sign out.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::credentials::{Email, Password};
use super::error::IdentityError;
use super::ports::{PasswordHasher, SessionReader};
use super::session::{Device, Principal, Session, SessionToken, SignedIn, TokenHash};
use crate::clock::Clock;
use crate::days::Zone;
use crate::ids::{Ids, SessionId, UserId};
use crate::store::{Store, StoreError, UnitOfWork};
use crate::users::{Profile, User, Username};

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
}

impl Identity {
    /// Keeps accounts and sessions in `store` and looks tokens up in `sessions`.
    pub fn new(
        store: Arc<dyn Store>,
        sessions: Arc<dyn SessionReader>,
        passwords: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { store, sessions, passwords, clock, ids, session_lifetime: Session::LIFETIME }
    }

    /// The same, with sessions that last for `lifetime` instead of [`Session::LIFETIME`].
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Self {
        Self { session_lifetime: lifetime, ..self }
    }

    /// Makes an account and signs it in.
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
        let mut tx = self.store.begin().await?;
        tx.users().insert(&user, Some(password)).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_email_key" => IdentityError::EmailTaken,
            StoreError::Conflict { constraint } if constraint == "users_username_key" => {
                IdentityError::UsernameTaken(user.username.to_string())
            }
            other => other.into(),
        })?;
        let signed_in = self.open_session(&mut *tx, user.id, device, now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Signs in who knows the password of the account with that address or username.
    pub async fn login(&self, name: &str, password: Password, device: Device) -> Result<SignedIn, IdentityError> {
        let found = self.find_by_login(name).await?;
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user.id), hash));
        let fits = self.passwords.verify(password, hash).await?;
        let user = user.filter(|_| fits).ok_or(IdentityError::WrongCredentials)?;
        let mut tx = self.store.begin().await?;
        let signed_in = self.open_session(&mut *tx, user, device, self.clock.now()).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Who calls with `token`.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, IdentityError> {
        let hash = TokenHash::of_session(token).ok_or(IdentityError::NotSignedIn)?;
        let now = self.clock.now();
        let principal = self.sessions.principal(hash, now).await?.ok_or(IdentityError::NotSignedIn)?;
        if now - principal.last_used_at >= LAST_USED_GRAIN {
            self.sessions.touch(principal.session, now).await?;
        }
        Ok(principal)
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
        let mut tx = self.store.begin().await?;
        if !tx.sessions().delete(user, session).await? {
            return Err(IdentityError::UnknownSession(session.to_string()));
        }
        tx.commit().await?;
        Ok(())
    }

    async fn find_by_login(
        &self,
        name: &str,
    ) -> Result<Option<(User, Option<super::credentials::PasswordHash>)>, StoreError> {
        let mut tx = self.store.begin().await?;
        if let Ok(email) = Email::parse(name) {
            tx.users().find_by_email(&email).await
        } else if let Ok(username) = Username::parse(name) {
            tx.users().find_by_username(&username).await
        } else {
            Ok(None)
        }
    }

    async fn open_session(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        device: Device,
        now: OffsetDateTime,
    ) -> Result<SignedIn, IdentityError> {
        let token = SessionToken::of(self.ids.secret());
        let hash = TokenHash::of_session(token.expose()).ok_or(IdentityError::NotSignedIn)?;
        let session = Session {
            id: SessionId(self.ids.fresh()),
            user,
            token: hash,
            created_at: now,
            expires_at: now + self.session_lifetime,
            last_used_at: now,
            device,
        };
        tx.sessions().insert(&session).await?;
        Ok(SignedIn { session, token })
    }
}
