//! Errors of identity.

use thiserror::Error;
use time::Duration;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};

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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongCredentials | Self::NotSignedIn | Self::NotVouchedFor(_) => ErrorKind::Unauthenticated,
            Self::TooManyFailures { retry_after } => ErrorKind::RateLimited { retry_after: *retry_after },
            Self::EmailTaken
            | Self::UsernameTaken(_)
            | Self::ExternalAccountTaken
            | Self::AnotherAccountLinked
            | Self::TooManyTokens(_)
            | Self::LastWayIn
            | Self::NoAddress
            | Self::NoPassword => ErrorKind::Conflict,
            Self::TokenEndsBefore | Self::BadLink => ErrorKind::Invalid,
            Self::OutOfScope => ErrorKind::Forbidden,
            Self::UnknownSession(_)
            | Self::UnknownProvider(_)
            | Self::UnknownToken(_)
            | Self::NotLinked(_)
            | Self::UnknownUserCode => ErrorKind::NotFound,
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
            Self::NotLinked(_) => "not_linked",
            Self::LastWayIn => "last_way_in",
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
            Self::AnotherAccountLinked | Self::LastWayIn => Some(Subject::unnamed("ExternalAccount", "provider")),
            Self::NotLinked(provider) => Some(Subject::new("ExternalAccount", "provider", provider.clone())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table with a row for each variant")]
    fn identity_errors_keep_api_contract() {
        assert_promises([
            (
                IdentityError::WrongCredentials,
                ErrorKind::Unauthenticated,
                "wrong_credentials",
                None,
                "The email address, username or password is wrong.",
            ),
            (
                IdentityError::TooManyFailures { retry_after: Duration::seconds(42) },
                ErrorKind::RateLimited { retry_after: Duration::seconds(42) },
                "too_many_failures",
                None,
                "Too many failed sign-in attempts. Wait for the time in Retry-After, then try again.",
            ),
            (
                IdentityError::NotSignedIn,
                ErrorKind::Unauthenticated,
                "not_signed_in",
                None,
                "This request needs a valid session or API token. Sign in first.",
            ),
            (
                IdentityError::EmailTaken,
                ErrorKind::Conflict,
                "email_taken",
                Some(Subject::unnamed("User", "email")),
                "This email address is already in use. Sign in, or use another address.",
            ),
            (
                IdentityError::UsernameTaken("ada".into()),
                ErrorKind::Conflict,
                "username_taken",
                Some(Subject::new("User", "username", "ada")),
                "The username ada is already in use. Choose another one.",
            ),
            (
                IdentityError::UnknownSession("7".into()),
                ErrorKind::NotFound,
                "unknown_session",
                Some(Subject::new("Session", "id", "7")),
                "This account has no session 7.",
            ),
            (
                IdentityError::UnknownUserCode,
                ErrorKind::NotFound,
                "unknown_user_code",
                Some(Subject::unnamed("DeviceLogin", "user_code")),
                "No device login waits for this code. Check the code, or start the login again.",
            ),
            (
                IdentityError::UnknownToken("7".into()),
                ErrorKind::NotFound,
                "unknown_token",
                Some(Subject::new("ApiToken", "id", "7")),
                "This account has no API token 7.",
            ),
            (
                IdentityError::TooManyTokens(50),
                ErrorKind::Conflict,
                "too_many_tokens",
                Some(Subject::unnamed("ApiToken", "user_id")),
                "API token limit reached (50). Delete a token first.",
            ),
            (
                IdentityError::TokenEndsBefore,
                ErrorKind::Invalid,
                "token_ends_before",
                None,
                "The expiry of an API token must be in the future.",
            ),
            (
                IdentityError::OutOfScope,
                ErrorKind::Forbidden,
                "out_of_scope",
                None,
                "The scopes of this API token do not permit this request. Use a token with the needed scope.",
            ),
            (
                IdentityError::NoPassword,
                ErrorKind::Conflict,
                "no_password",
                Some(Subject::unnamed("User", "password")),
                "This account has no password. Set one with a password reset.",
            ),
            (
                IdentityError::NoAddress,
                ErrorKind::Conflict,
                "no_address",
                Some(Subject::unnamed("User", "email")),
                "This account has no email address.",
            ),
            (
                IdentityError::BadLink,
                ErrorKind::Invalid,
                "bad_link",
                None,
                "This link is invalid, used or expired. Request a new one.",
            ),
            (
                IdentityError::UnknownProvider("gitea".into()),
                ErrorKind::NotFound,
                "unknown_provider",
                Some(Subject::new("Provider", "name", "gitea")),
                "The sign-in provider gitea is not available on this server.",
            ),
            (
                IdentityError::NotVouchedFor("bad_verification_code".into()),
                ErrorKind::Unauthenticated,
                "not_vouched_for",
                None,
                "The provider did not accept this code or token. Start the sign-in again.",
            ),
            (
                IdentityError::ProviderUnavailable("it answers 502".into()),
                ErrorKind::Unavailable,
                "provider_unavailable",
                None,
                "the provider is not available: it answers 502",
            ),
            (
                IdentityError::ProviderRefusesUs("a wrong secret".into()),
                ErrorKind::Internal,
                "provider_refuses_us",
                None,
                "the provider refuses this application: a wrong secret",
            ),
            (
                IdentityError::ExternalAccountTaken,
                ErrorKind::Conflict,
                "external_account_taken",
                Some(Subject::unnamed("ExternalAccount", "subject")),
                "This account of the provider is linked to another account here. Unlink it there first.",
            ),
            (
                IdentityError::AnotherAccountLinked,
                ErrorKind::Conflict,
                "another_account_linked",
                Some(Subject::unnamed("ExternalAccount", "provider")),
                "Another account of this provider is already linked. Unlink it first.",
            ),
            (
                IdentityError::NotLinked("github".into()),
                ErrorKind::NotFound,
                "not_linked",
                Some(Subject::new("ExternalAccount", "provider", "github")),
                "No account of the provider github is linked.",
            ),
            (
                IdentityError::LastWayIn,
                ErrorKind::Conflict,
                "last_way_in",
                Some(Subject::unnamed("ExternalAccount", "provider")),
                "This is the only way to sign in to this account. Set a password or link another account first.",
            ),
            (
                IdentityError::Hashing("out of memory".into()),
                ErrorKind::Internal,
                "hashing_failed",
                None,
                "hashing failed: out of memory",
            ),
        ]);
    }
}
