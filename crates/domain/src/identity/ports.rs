//! What sign-in needs from outside.

use async_trait::async_trait;
use thiserror::Error;
use time::OffsetDateTime;

use super::api_token::ApiToken;
use super::attempts::AttemptKey;
use super::authorization::{State, Verifier};
use super::credentials::{Password, PasswordHash};
use super::device_login::{Confirmation, DeviceLogin, UserCode};
use super::error::IdentityError;
use super::external::{AccessToken, ExternalAccount, ExternalLink, LinkedAccount, ProviderName};
use super::session::{Credential, Principal, Session, TokenHash, Via};
use crate::error::StoreError;
use crate::ids::{ApiTokenId, SessionId, UserId};

/// Stores sessions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send {
    /// Stores a new session.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Ends a session of `user`; says whether there was one.
    async fn delete(&mut self, user: UserId, session: SessionId) -> Result<bool, StoreError>;

    /// Ends all sessions of `user`.
    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Ends all sessions of `user` but `session`.
    async fn delete_others(&mut self, user: UserId, session: SessionId) -> Result<(), StoreError>;

    /// Whether `session` is one of `user` and open at `now`.
    async fn is_open(&mut self, user: UserId, session: SessionId, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Removes up to `most` sessions that had ended by `now`; says how many.
    async fn forget_ended(&mut self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// Stores programs that wait for somebody to confirm their sign-in.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait DeviceLoginRepository: Send {
    /// Stores a new login; says no where its user code is taken.
    async fn insert(&mut self, login: &DeviceLogin) -> Result<bool, StoreError>;

    /// The login with that user code, whatever became of it.
    async fn find_by_user_code(&mut self, code: &UserCode) -> Result<Option<DeviceLogin>, StoreError>;

    /// The login whose device code has that hash, kept from others until the end of the transaction.
    async fn lock(&mut self, device_code: TokenHash) -> Result<Option<DeviceLogin>, StoreError>;

    /// Stores what was answered, if nothing was before; says whether it is.
    async fn confirm(&mut self, device_code: TokenHash, confirmation: Confirmation) -> Result<bool, StoreError>;

    /// Notes that the program asked at `now`.
    async fn note_poll(&mut self, device_code: TokenHash, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Removes a login.
    async fn delete(&mut self, device_code: TokenHash) -> Result<(), StoreError>;

    /// Removes those that `user` said yes to.
    async fn delete_approved(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Removes those that had ended by `now`.
    async fn forget_ended(&mut self, now: OffsetDateTime) -> Result<(), StoreError>;
}

/// Stores API tokens.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ApiTokenRepository: Send {
    /// Stores a new token.
    async fn insert(&mut self, token: &ApiToken) -> Result<(), StoreError>;

    /// The tokens of `user` that have not ended at `now`, newest first.
    async fn of(&mut self, user: UserId, now: OffsetDateTime) -> Result<Vec<ApiToken>, StoreError>;

    /// Revokes a token of `user`; says whether there was one.
    async fn delete(&mut self, user: UserId, token: ApiTokenId) -> Result<bool, StoreError>;

    /// Revokes all tokens of `user`.
    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Removes up to `most` tokens that had ended by `now`; says how many.
    async fn forget_ended(&mut self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// Stores attempts to give a password that have not succeeded.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LoginAttemptRepository: Send {
    /// Notes an attempt of `key` at `now`, unless there are `most` after `since` already; forgets those until then, and
    /// some that other keys have left behind. Of many who do this at the same time each is told the truth.
    async fn note(
        &mut self,
        key: AttemptKey,
        now: OffsetDateTime,
        since: OffsetDateTime,
        most: u32,
    ) -> Result<AttemptOutcome, StoreError>;

    /// Forgets all attempts of `key`.
    async fn forget(&mut self, key: AttemptKey) -> Result<(), StoreError>;

    /// Forgets the attempt of `key` that was noted at `at`.
    async fn take_back(&mut self, key: AttemptKey, at: OffsetDateTime) -> Result<(), StoreError>;
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// Whether it was noted, and so may go on.
    pub let_through: bool,
    /// The tries that count, itself included if it was noted.
    pub tries: Vec<OffsetDateTime>,
}

/// Reads sessions outside any transaction.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionReader: Send + Sync {
    /// Who calls with `credential`; `None` when it opens nothing at `now`.
    async fn principal(&self, credential: Credential, now: OffsetDateTime) -> Result<Option<Principal>, StoreError>;

    /// Notes that what somebody calls through was used at `now`.
    async fn touch(&self, via: Via, now: OffsetDateTime) -> Result<(), StoreError>;

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

/// Stores which accounts of providers belong to whom.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ExternalAccountRepository: Send {
    /// Whose the account `subject` of `provider` is. Of accounts of ours that were deleted, only those are found that were
    /// after `left_after`.
    async fn owner(
        &mut self,
        provider: &ProviderName,
        subject: &str,
        left_after: OffsetDateTime,
    ) -> Result<Option<UserId>, StoreError>;

    /// Whether `user` has an account of `provider`.
    async fn has(&mut self, user: UserId, provider: &ProviderName) -> Result<bool, StoreError>;

    /// Stores a link; says no where the external account belongs to somebody, or `user` has another of the provider.
    async fn insert(&mut self, link: &ExternalLink) -> Result<bool, StoreError>;

    /// The accounts that `user` has linked, in the order of the providers' names.
    async fn of(&mut self, user: UserId) -> Result<Vec<LinkedAccount>, StoreError>;

    /// Removes the link of `user` to an account of `provider`.
    async fn delete(&mut self, user: UserId, provider: &ProviderName) -> Result<(), StoreError>;

    /// Removes all links of `user`.
    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Notes that `external` was used at `now`, and what it is called there by now; returns whether it is linked still.
    async fn touch(&mut self, external: &ExternalAccount, now: OffsetDateTime) -> Result<bool, StoreError>;
}

/// A service that vouches for people. Its tokens are used while a method runs and kept nowhere.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Its name.
    fn name(&self) -> ProviderName;

    /// Where a browser goes to sign in there and come back with `state` and a code.
    fn authorize_url(&self, state: &State, verifier: &Verifier) -> String;

    /// Whose `code` it is. A code works once, and only with the verifier whose challenge it was asked for with.
    async fn exchange(&self, code: &str, verifier: &Verifier) -> Result<ExternalAccount, ProviderError>;

    /// Whose `token` it is, where the provider says that it was issued to our application.
    async fn vouch(&self, token: &AccessToken) -> Result<ExternalAccount, ProviderError>;
}

/// Why a provider does not say who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// The code or token is wrong, used up, or was not made for us.
    #[error("the provider does not vouch for this: {0}")]
    Refused(String),
    /// It does not answer in time, answers with a failure of its own, or nothing that makes sense.
    #[error("{0}")]
    Unavailable(String),
    /// It does not know our application: its id, secret or callback address is wrong.
    #[error("{0}")]
    RefusesUs(String),
}

impl From<ProviderError> for IdentityError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Refused(reason) => Self::NotVouchedFor(reason),
            ProviderError::Unavailable(reason) => Self::ProviderUnavailable(reason),
            ProviderError::RefusesUs(reason) => Self::ProviderRefusesUs(reason),
        }
    }
}
