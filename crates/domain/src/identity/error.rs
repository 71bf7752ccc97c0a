//! What can go wrong when somebody signs in.

use thiserror::Error;
use time::Duration;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};

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
    /// The link of an email is not one of ours, was used, or is too old.
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
    /// The account has no link to that provider.
    #[error("No account of this provider is linked.")]
    NotLinked(String),
    /// Without this link nobody could sign in to the account any more.
    #[error("This is the only way to sign in to this account: set a password or link another account first.")]
    LastWayIn,
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
    fn each_error_of_sign_in_is_as_the_api_promises() {
        assert_promises([
            (
                IdentityError::WrongCredentials,
                ErrorKind::Unauthenticated,
                "wrong_credentials",
                None,
                "The e-mail address, username or password is wrong.",
            ),
            (
                IdentityError::TooManyFailures { retry_after: Duration::seconds(42) },
                ErrorKind::RateLimited { retry_after: Duration::seconds(42) },
                "too_many_failures",
                None,
                "Too many failed attempts to sign in.",
            ),
            (IdentityError::NotSignedIn, ErrorKind::Unauthenticated, "not_signed_in", None, "Sign in to do this."),
            (
                IdentityError::EmailTaken,
                ErrorKind::Conflict,
                "email_taken",
                Some(Subject::unnamed("User", "email")),
                "This e-mail address is taken.",
            ),
            (
                IdentityError::UsernameTaken("ada".into()),
                ErrorKind::Conflict,
                "username_taken",
                Some(Subject::new("User", "username", "ada")),
                "This username is taken.",
            ),
            (
                IdentityError::UnknownSession("7".into()),
                ErrorKind::NotFound,
                "unknown_session",
                Some(Subject::new("Session", "id", "7")),
                "There is no such session.",
            ),
            (
                IdentityError::UnknownUserCode,
                ErrorKind::NotFound,
                "unknown_user_code",
                Some(Subject::unnamed("DeviceLogin", "user_code")),
                "No program waits for this code.",
            ),
            (
                IdentityError::UnknownToken("7".into()),
                ErrorKind::NotFound,
                "unknown_token",
                Some(Subject::new("ApiToken", "id", "7")),
                "There is no such API token.",
            ),
            (
                IdentityError::TooManyTokens(50),
                ErrorKind::Conflict,
                "too_many_tokens",
                Some(Subject::unnamed("ApiToken", "user_id")),
                "An account can have 50 API tokens, and this one has.",
            ),
            (
                IdentityError::TokenEndsBefore,
                ErrorKind::Invalid,
                "token_ends_before",
                None,
                "A token cannot end before it begins.",
            ),
            (IdentityError::OutOfScope, ErrorKind::Forbidden, "out_of_scope", None, "This API token may not do this."),
            (
                IdentityError::NoPassword,
                ErrorKind::Conflict,
                "no_password",
                Some(Subject::unnamed("User", "password")),
                "This account has no password.",
            ),
            (
                IdentityError::NoAddress,
                ErrorKind::Conflict,
                "no_address",
                Some(Subject::unnamed("User", "email")),
                "This account has no e-mail address.",
            ),
            (
                IdentityError::BadLink,
                ErrorKind::Invalid,
                "bad_link",
                None,
                "This link does not work any more. Ask for another one.",
            ),
            (
                IdentityError::UnknownProvider("gitea".into()),
                ErrorKind::NotFound,
                "unknown_provider",
                Some(Subject::new("Provider", "name", "gitea")),
                "There is no such way to sign in.",
            ),
            (
                IdentityError::NotVouchedFor("bad_verification_code".into()),
                ErrorKind::Unauthenticated,
                "not_vouched_for",
                None,
                "The provider does not vouch for this.",
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
                "This account belongs to somebody else here.",
            ),
            (
                IdentityError::AnotherAccountLinked,
                ErrorKind::Conflict,
                "another_account_linked",
                Some(Subject::unnamed("ExternalAccount", "provider")),
                "Another account of this provider is linked.",
            ),
            (
                IdentityError::NotLinked("github".into()),
                ErrorKind::NotFound,
                "not_linked",
                Some(Subject::new("ExternalAccount", "provider", "github")),
                "No account of this provider is linked.",
            ),
            (
                IdentityError::LastWayIn,
                ErrorKind::Conflict,
                "last_way_in",
                Some(Subject::unnamed("ExternalAccount", "provider")),
                "This is the only way to sign in to this account: set a password or link another account first.",
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
