//! Ports of identity.

use async_trait::async_trait;
use thiserror::Error;
use time::OffsetDateTime;

use super::api_token::ApiToken;
use super::attempts::AttemptKey;
use super::authorization::{OAuthState, PkceVerifier};
use super::credentials::{Password, PasswordHash};
use super::device_login::{Confirmation, DeviceLogin, UserCode};
use super::error::IdentityError;
use super::external::{AccessToken, ExternalAccount, ExternalLink, LinkedAccount, ProviderName};
use super::invitation::Invitation;
use super::session::{AuthMethod, Credential, Principal, Session, TokenHash};
use crate::error::StoreError;
use crate::ids::{ApiTokenId, InvitationId, SessionId, UserId};

/// Stores sessions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send {
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Ends a session of `user`; returns whether it existed.
    async fn delete(&mut self, user: UserId, session: SessionId) -> Result<bool, StoreError>;

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;

    async fn delete_others(&mut self, user: UserId, session: SessionId) -> Result<(), StoreError>;

    async fn is_open(&mut self, user: UserId, session: SessionId, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Removes up to `most` sessions that had ended by `now`; returns their number.
    async fn forget_ended(&mut self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// Stores device logins.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait DeviceLoginRepository: Send {
    /// Stores a new login; returns false if its user code is taken.
    async fn insert(&mut self, login: &DeviceLogin) -> Result<bool, StoreError>;

    /// The login with that user code, in any state.
    async fn find_by_user_code(&mut self, code: &UserCode) -> Result<Option<DeviceLogin>, StoreError>;

    /// The login with this device code, locked until the end of the transaction.
    async fn lock(&mut self, device_code: TokenHash) -> Result<Option<DeviceLogin>, StoreError>;

    /// Stores the answer, unless there is one already; returns whether it is stored.
    async fn confirm(&mut self, device_code: TokenHash, confirmation: Confirmation) -> Result<bool, StoreError>;

    async fn note_poll(&mut self, device_code: TokenHash, now: OffsetDateTime) -> Result<(), StoreError>;

    async fn delete(&mut self, device_code: TokenHash) -> Result<(), StoreError>;

    /// Removes the logins that `user` confirmed.
    async fn delete_approved(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Removes the logins that had ended by `now`.
    async fn forget_ended(&mut self, now: OffsetDateTime) -> Result<(), StoreError>;
}

/// Stores API tokens.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ApiTokenRepository: Send {
    async fn insert(&mut self, token: &ApiToken) -> Result<(), StoreError>;

    /// The tokens of `user` that have not ended at `now`, newest first.
    async fn of(&mut self, user: UserId, now: OffsetDateTime) -> Result<Vec<ApiToken>, StoreError>;

    /// Revokes a token of `user`; returns whether it existed.
    async fn delete(&mut self, user: UserId, token: ApiTokenId) -> Result<bool, StoreError>;

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Removes up to `most` tokens that had ended by `now`; returns their number.
    async fn forget_ended(&mut self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// Stores invitations.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait InvitationRepository: Send {
    async fn insert(&mut self, invitation: &Invitation) -> Result<(), StoreError>;

    /// Stores the invitation of the first administrator in place of an unused one, unless an account exists; returns whether it
    /// is stored.
    async fn replace_setup(&mut self, invitation: &Invitation) -> Result<bool, StoreError>;

    /// The unused invitation with this token that is valid at `now`, locked until the end of the transaction.
    async fn lock(&mut self, token: TokenHash, now: OffsetDateTime) -> Result<Option<Invitation>, StoreError>;

    async fn mark_used(&mut self, id: InvitationId, by: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Removes the unused invitations that `user` created.
    async fn delete_unused_of(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Removes the unused invitations that had expired by `now`.
    async fn forget_expired(&mut self, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Removes an invitation that is not used; returns whether it existed.
    async fn delete_unused(&mut self, id: InvitationId) -> Result<bool, StoreError>;
}

/// Stores password attempts that have not succeeded.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LoginAttemptRepository: Send {
    /// Notes an attempt of `key` at `now`, unless `most` attempts after `since` are noted already. Forgets earlier ones, and
    /// some of other keys. Concurrent calls do not exceed `most`.
    async fn note(
        &mut self,
        key: AttemptKey,
        now: OffsetDateTime,
        since: OffsetDateTime,
        most: u32,
    ) -> Result<AttemptOutcome, StoreError>;

    async fn forget(&mut self, key: AttemptKey) -> Result<(), StoreError>;

    /// Forgets the attempt of `key` that was noted at `at`.
    async fn take_back(&mut self, key: AttemptKey, at: OffsetDateTime) -> Result<(), StoreError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// Whether the attempt was noted and may proceed.
    pub let_through: bool,
    /// The attempts that count, including this one if it was noted.
    pub tries: Vec<OffsetDateTime>,
}

/// Reads sessions outside a transaction.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionReader: Send + Sync {
    /// The principal that `credential` authenticates at `now`.
    async fn principal(&self, credential: Credential, now: OffsetDateTime) -> Result<Option<Principal>, StoreError>;

    /// Notes a use of the session or token at `now`.
    async fn touch(&self, via: AuthMethod, now: OffsetDateTime) -> Result<(), StoreError>;

    /// The open sessions of `user` at `now`, newest first.
    async fn open_sessions(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Session>, StoreError>;
}

/// Hashes passwords with Argon2id.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes `password` with a fresh salt.
    async fn hash(&self, password: Password) -> Result<PasswordHash, IdentityError>;

    /// Whether `password` has the hash. Without a hash it takes as long and returns false.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, IdentityError>;
}

/// Stores the links to accounts of providers.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ExternalAccountRepository: Send {
    /// The account that is linked to `subject` of `provider`. A deleted account is found only if it was deleted after
    /// `left_after`, or is suspended.
    async fn owner(
        &mut self,
        provider: &ProviderName,
        subject: &str,
        left_after: OffsetDateTime,
    ) -> Result<Option<UserId>, StoreError>;

    async fn has(&mut self, user: UserId, provider: &ProviderName) -> Result<bool, StoreError>;

    /// Stores a link; returns false if the external account is linked already, or `user` has another of the provider.
    async fn insert(&mut self, link: &ExternalLink) -> Result<bool, StoreError>;

    /// The linked accounts of `user`, by name of the provider.
    async fn of(&mut self, user: UserId) -> Result<Vec<LinkedAccount>, StoreError>;

    async fn delete(&mut self, user: UserId, provider: &ProviderName) -> Result<(), StoreError>;

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Notes a use of `external` at `now`, with its current login; returns whether it is still linked.
    async fn touch(&mut self, external: &ExternalAccount, now: OffsetDateTime) -> Result<bool, StoreError>;
}

/// An identity provider. Its tokens are used while a method runs and stored nowhere.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    fn name(&self) -> ProviderName;

    /// The name of the provider for users, such as `GitHub`.
    fn display_name(&self) -> String;

    /// The address at which a browser signs in and returns with `state` and a code.
    async fn authorize_url(&self, state: &OAuthState, verifier: &PkceVerifier) -> Result<String, ProviderError>;

    /// The account that `code` was issued for. A code works once, and only with the verifier of its challenge.
    async fn exchange(&self, code: &str, verifier: &PkceVerifier) -> Result<ExternalAccount, ProviderError>;

    /// The account that `token` was issued for, if the provider issued it to this application.
    async fn vouch(&self, token: &AccessToken) -> Result<ExternalAccount, ProviderError>;
}

/// Why a provider does not identify an account.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// The code or token is wrong, used, or issued to another application.
    #[error("the provider does not vouch for this: {0}")]
    Refused(String),
    /// No answer in time, a failure of the provider, or an answer that cannot be read.
    #[error("{0}")]
    Unavailable(String),
    /// The provider identifies the account, but it is in none of the groups that the operator permits.
    #[error("the account is in none of the permitted groups")]
    NotPermitted,
    /// The provider rejects this application: its id, secret or callback address is wrong.
    #[error("{0}")]
    RefusesUs(String),
}

impl From<ProviderError> for IdentityError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Refused(reason) => Self::NotVouchedFor(reason),
            ProviderError::Unavailable(reason) => Self::ProviderUnavailable(reason),
            ProviderError::NotPermitted => Self::NotPermitted,
            ProviderError::RefusesUs(reason) => Self::ProviderRefusesUs(reason),
        }
    }
}
