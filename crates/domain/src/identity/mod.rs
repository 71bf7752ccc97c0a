//! Identity: registration, sign-in with a password or through a provider, sessions.
//!
//! A session is an opaque bearer token of 256 random bits that lasts 30 days by default; only its SHA-256 is stored. Programs
//! call with API tokens, which have a name and scopes ([`ApiTokens`]). Wrong passwords are counted by account and by network
//! ([`FailedLogins`]), over all servers of the database.

mod access;
mod api_token;
mod attempts;
mod authorization;
mod credentials;
mod device_login;
mod device_logins;
mod email;
mod ended;
mod error;
mod external;
mod invitation;
mod linking;
mod oauth;
#[cfg(test)]
mod oauth_tests;
pub mod ports;
mod providers;
mod recovery;
#[cfg(test)]
mod recovery_tests;
mod registration;
mod registration_policy;
mod service;
mod session;
mod sign_in;
mod tokens;

pub(crate) use access::{KeptAccess, end_access};
pub use api_token::{ApiToken, IssuedToken, MOST_API_TOKENS, Scopes, TokenRequest, TokenScope};
pub use attempts::{AttemptKey, FailedLogins};
pub use authorization::{Authorization, OAuthState, PkceVerifier};
pub use credentials::{Password, PasswordHash, SignInName};
pub use device_login::{Confirmation, DeviceLogin, DevicePollState, UserCode};
pub use device_logins::{DeviceLogins, PollAnswer, StartedDeviceLogin};
pub use email::Email;
pub use ended::EndedSignIns;
pub use error::IdentityError;
pub use external::{AccessToken, ExternalAccount, ExternalLink, LinkedAccount, ProviderName, usernames};
pub use invitation::{Invitation, IssuedInvitation, ListedInvitation, NamedInvitation};
pub use linking::{LinkDecision, decide};
pub use oauth::OAuth;
pub use ports::ProviderError;
pub use providers::Providers;
pub use recovery::Recovery;
pub use registration::{Registration, SignInRequest};
pub use registration_policy::{RegistrationMode, RegistrationPolicy};
pub use service::{Identity, PasswordChange};
pub use session::{AuthMethod, Credential, Device, IssuedSession, Principal, Secret, Session, TokenHash};
pub use sign_in::VerifiedAccount;
pub use tokens::ApiTokens;
