//! What sign-in needs from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::attempts::TriedName;
use super::credentials::{Password, PasswordHash};
use super::error::IdentityError;
use super::session::{Principal, Session, TokenHash};
use crate::ids::{SessionId, UserId};
use crate::store::StoreError;

/// Stores sessions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send {
    /// Stores a new session.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Ends a session of `user`; says whether there was one.
    async fn delete(&mut self, user: UserId, session: SessionId) -> Result<bool, StoreError>;
}

/// Stores when somebody tried to sign in under a name and has not succeeded since.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LoginAttemptRepository: Send {
    /// Notes a try under `name` at `now`, unless there are `most` after `since` already; forgets those until then, and
    /// some that other names have left behind. Of many who do this at the same time each is told the truth.
    async fn note(
        &mut self,
        name: TriedName,
        now: OffsetDateTime,
        since: OffsetDateTime,
        most: u32,
    ) -> Result<Noted, StoreError>;

    /// Forgets all tries under `names`.
    async fn forget(&mut self, names: &[TriedName]) -> Result<(), StoreError>;
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Whether it was noted, and so may go on.
    pub let_through: bool,
    /// The tries that count, itself included if it was noted.
    pub tries: Vec<OffsetDateTime>,
}

/// Reads sessions outside any transaction.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionReader: Send + Sync {
    /// Who calls with a token that hashes to `token`; `None` when it opens no session at `now`.
    async fn principal(&self, token: TokenHash, now: OffsetDateTime) -> Result<Option<Principal>, StoreError>;

    /// Notes that `session` was used at `now`.
    async fn touch(&self, session: SessionId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// The open sessions of `user` at `now`, newest first.
    async fn open_sessions(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Session>, StoreError>;
}

/// Hashes passwords with Argon2id.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The hash of `password` with a fresh salt.
    async fn hash(&self, password: Password) -> Result<PasswordHash, IdentityError>;

    /// Whether `password` has the hash. Takes as long, and says no, where there is no hash.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, IdentityError>;
}
