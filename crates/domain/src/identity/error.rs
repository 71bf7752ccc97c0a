//! What can go wrong when somebody signs in.

use thiserror::Error;
use time::Duration;

use crate::error::{DomainError, ErrorKind, Subject};
use crate::store::StoreError;

/// Why a use case of sign-in failed; nothing was changed.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// No such account, or not its password: which of the two stays untold.
    #[error("The e-mail address, username or password is wrong.")]
    WrongCredentials,
    /// Too many tries under this name have failed; whether an account has it stays untold.
    #[error("Too many failed attempts to sign in.")]
    TooManyFailures {
        /// How long until the next try is let through.
        retry_after: Duration,
    },
    /// The token opens no session.
    #[error("Sign in to do this.")]
    NotSignedIn,
    /// Somebody has that address.
    #[error("This e-mail address is taken.")]
    EmailTaken,
    /// Somebody has that username.
    #[error("This username is taken.")]
    UsernameTaken(String),
    /// The caller has no such session.
    #[error("There is no such session.")]
    UnknownSession(String),
    /// No program waits for that code, or not any more.
    #[error("No program waits for this code.")]
    UnknownUserCode,
    /// The caller has no such API token.
    #[error("There is no such API token.")]
    UnknownToken(String),
    /// The account has as many API tokens as it may.
    #[error("An account can have {0} API tokens, and this one has.")]
    TooManyTokens(usize),
    /// The API token would have ended already.
    #[error("A token cannot end before it begins.")]
    TokenEndsBefore,
    /// The API token may not do this.
    #[error("This API token may not do this.")]
    OutOfScope,
    /// The account has no password: its owner signs in through a provider.
    #[error("This account has no password.")]
    NoPassword,
    /// The account has no address to write to.
    #[error("This account has no e-mail address.")]
    NoAddress,
    /// The link of a letter is not one of ours, was used, or is too old.
    #[error("This link does not work any more. Ask for another one.")]
    BadLink,
    /// No such provider, or none that this instance is configured for.
    #[error("There is no such way to sign in.")]
    UnknownProvider(String),
    /// The provider does not say who that is: its code or token is wrong, used up, or not made for us. What it said is for
    /// the log.
    #[error("The provider does not vouch for this.")]
    NotVouchedFor(String),
    /// The provider does not answer, or not with anything of use.
    #[error("the provider is not available: {0}")]
    ProviderUnavailable(String),
    /// The provider does not know us: our id or secret is wrong.
    #[error("the provider refuses this application: {0}")]
    ProviderRefusesUs(String),
    /// The external account belongs to somebody else here.
    #[error("This account belongs to somebody else here.")]
    ExternalAccountTaken,
    /// The account has another one of the same provider.
    #[error("Another account of this provider is linked.")]
    AnotherAccountLinked,
    /// A password could not be hashed.
    #[error("hashing failed: {0}")]
    Hashing(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for IdentityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongCredentials | Self::NotSignedIn | Self::NotVouchedFor(_) => ErrorKind::Unauthenticated,
            Self::TooManyFailures { retry_after } => ErrorKind::RateLimited { retry_after: *retry_after },
            Self::EmailTaken
            | Self::UsernameTaken(_)
            | Self::ExternalAccountTaken
            | Self::AnotherAccountLinked
            | Self::TooManyTokens(_)
            | Self::NoAddress
            | Self::NoPassword => ErrorKind::Conflict,
            Self::TokenEndsBefore | Self::BadLink => ErrorKind::Invalid,
            Self::OutOfScope => ErrorKind::Forbidden,
            Self::UnknownSession(_) | Self::UnknownProvider(_) | Self::UnknownToken(_) | Self::UnknownUserCode => {
                ErrorKind::NotFound
            }
            Self::ProviderUnavailable(_) => ErrorKind::Unavailable,
            Self::Hashing(_) | Self::ProviderRefusesUs(_) => ErrorKind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::NotSignedIn => "not_signed_in",
            Self::EmailTaken => "email_taken",
            Self::UsernameTaken(_) => "username_taken",
            Self::UnknownSession(_) => "unknown_session",
            Self::UnknownProvider(_) => "unknown_provider",
            Self::NotVouchedFor(_) => "not_vouched_for",
            Self::ProviderUnavailable(_) => "provider_unavailable",
            Self::ProviderRefusesUs(_) => "provider_refuses_us",
            Self::ExternalAccountTaken => "external_account_taken",
            Self::AnotherAccountLinked => "another_account_linked",
            Self::UnknownUserCode => "unknown_user_code",
            Self::UnknownToken(_) => "unknown_token",
            Self::TooManyTokens(_) => "too_many_tokens",
            Self::TokenEndsBefore => "token_ends_before",
            Self::OutOfScope => "out_of_scope",
            Self::NoPassword => "no_password",
            Self::NoAddress => "no_address",
            Self::BadLink => "bad_link",
            Self::Hashing(_) => "hashing_failed",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::EmailTaken | Self::NoAddress => Some(Subject::unnamed("User", "email")),
            Self::UsernameTaken(name) => Some(Subject::new("User", "username", name.clone())),
            Self::UnknownSession(id) => Some(Subject::new("Session", "id", id.clone())),
            Self::UnknownProvider(name) => Some(Subject::new("Provider", "name", name.clone())),
            Self::ExternalAccountTaken => Some(Subject::unnamed("ExternalAccount", "subject")),
            Self::AnotherAccountLinked => Some(Subject::unnamed("ExternalAccount", "provider")),
            Self::UnknownToken(id) => Some(Subject::new("ApiToken", "id", id.clone())),
            Self::UnknownUserCode => Some(Subject::unnamed("DeviceLogin", "user_code")),
            Self::TooManyTokens(_) => Some(Subject::unnamed("ApiToken", "user_id")),
            Self::NoPassword => Some(Subject::unnamed("User", "password")),
            Self::WrongCredentials
            | Self::TokenEndsBefore
            | Self::BadLink
            | Self::OutOfScope
            | Self::TooManyFailures { .. }
            | Self::NotSignedIn
            | Self::NotVouchedFor(_)
            | Self::ProviderUnavailable(_)
            | Self::ProviderRefusesUs(_)
            | Self::Hashing(_) => None,
            Self::Store(error) => error.subject(),
        }
    }
}
