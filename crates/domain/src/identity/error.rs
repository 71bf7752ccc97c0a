//! Errors of identity.

use thiserror::Error;
use time::Duration;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};

/// Why a use case of sign-in failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// No such account, or a wrong password: the two are indistinguishable.
    #[error("The email address, username or password is wrong.")]
    WrongCredentials,
    /// Too many failed attempts under this name. Whether an account has the name is not revealed.
    #[error("Too many failed sign-in attempts. Wait for the time in Retry-After, then try again.")]
    TooManyFailures {
        /// Until the next attempt is permitted.
        retry_after: Duration,
    },
    /// The token opens no session.
    #[error("This request needs a valid session or API token. Sign in first.")]
    NotSignedIn,
    #[error("This email address is already in use. Sign in, or use another address.")]
    EmailTaken,
    #[error("The username {0} is already in use. Choose another one.")]
    UsernameTaken(String),
    #[error("This server accepts no new accounts.")]
    RegistrationClosed,
    #[error("A new account on this server needs an invitation. Ask an administrator for one.")]
    InvitationRequired,
    /// Unknown, used, expired, or for another address.
    #[error("This invitation is used, expired or for another email address. Ask an administrator for a new one.")]
    InvalidInvitation,
    /// Neither the domain of the address nor an organization or group at the provider is permitted.
    #[error(
        "This server accepts accounts of certain email domains, organizations or groups only, and this is none of them."
    )]
    NotPermitted,
    /// An administrator disabled or deleted the account.
    #[error("This account is disabled. Ask an administrator of this server.")]
    AccountDisabled,
    #[error("This account has no session {0}.")]
    UnknownSession(String),
    /// No device login waits for the code, or not any more.
    #[error("No device login waits for this code. Check the code, or start the login again.")]
    UnknownUserCode,
    #[error("This account has no API token {0}.")]
    UnknownToken(String),
    #[error("API token limit reached ({0}). Delete a token first.")]
    TooManyTokens(usize),
    /// The requested expiry is not in the future.
    #[error("The expiry of an API token must be in the future.")]
    TokenEndsBefore,
    #[error("The scopes of this API token do not permit this request. Use a token with the needed scope.")]
    OutOfScope,
    /// The account has no password: its owner signs in through a provider.
    #[error("This account has no password. Set one with a password reset.")]
    NoPassword,
    #[error("This account has no email address.")]
    NoAddress,
    /// The link of an email is invalid, used or expired.
    #[error("This link is invalid, used or expired. Request a new one.")]
    BadLink,
    /// The provider does not exist, or is not configured on this instance.
    #[error("The sign-in provider {0} is not available on this server.")]
    UnknownProvider(String),
    /// The provider does not identify an account: the code or token is wrong, used, or issued to another application. Its answer
    /// is for the log.
    #[error("The provider did not accept this code or token. Start the sign-in again.")]
    NotVouchedFor(String),
    /// The provider does not answer, or not with anything useful.
    #[error("the provider is not available: {0}")]
    ProviderUnavailable(String),
    /// The provider rejects this application: the client id or secret is wrong.
    #[error("the provider refuses this application: {0}")]
    ProviderRefusesUs(String),
    /// The external account is linked to another account of this instance.
    #[error("This account of the provider is linked to another account here. Unlink it there first.")]
    ExternalAccountTaken,
    /// The account has a link to another account of this provider.
    #[error("Another account of this provider is already linked. Unlink it first.")]
    AnotherAccountLinked,
    #[error("No account of the provider {0} is linked.")]
    NotLinked(String),
    /// Without this link no way to sign in to the account would remain.
    #[error("This is the only way to sign in to this account. Set a password or link another account first.")]
    LastWayIn,
    #[error("hashing failed: {0}")]
    Hashing(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for IdentityError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::WrongCredentials | Self::NotSignedIn | Self::NotVouchedFor(_) => ErrorKind::Unauthenticated.into(),
            Self::TooManyFailures { retry_after } => ErrorKind::RateLimited { retry_after: *retry_after }.into(),
            Self::EmailTaken | Self::NoAddress => ErrorKind::Conflict.in_field("User", "email"),
            Self::UsernameTaken(name) => ErrorKind::Conflict.about("User", "username", name),
            Self::ExternalAccountTaken => ErrorKind::Conflict.in_field("ExternalAccount", "subject"),
            Self::AnotherAccountLinked | Self::LastWayIn => ErrorKind::Conflict.in_field("ExternalAccount", "provider"),
            Self::TooManyTokens(_) => ErrorKind::Conflict.in_field("ApiToken", "user_id"),
            Self::NoPassword => ErrorKind::Conflict.in_field("User", "password"),
            Self::TokenEndsBefore | Self::BadLink => ErrorKind::Invalid.into(),
            Self::OutOfScope
            | Self::AccountDisabled
            | Self::RegistrationClosed
            | Self::InvitationRequired
            | Self::InvalidInvitation
            | Self::NotPermitted => ErrorKind::Forbidden.into(),
            Self::UnknownSession(id) => ErrorKind::NotFound.about("Session", "id", id),
            Self::UnknownProvider(name) => ErrorKind::NotFound.about("Provider", "name", name),
            Self::UnknownToken(id) => ErrorKind::NotFound.about("ApiToken", "id", id),
            Self::NotLinked(provider) => ErrorKind::NotFound.about("ExternalAccount", "provider", provider),
            Self::UnknownUserCode => ErrorKind::NotFound.in_field("DeviceLogin", "user_code"),
            Self::ProviderUnavailable(_) => ErrorKind::Unavailable.into(),
            Self::Hashing(_) | Self::ProviderRefusesUs(_) => ErrorKind::Internal.into(),
            Self::Store(error) => error.details(),
        }
    }
}
