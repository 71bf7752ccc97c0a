//! Sessions and their tokens.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::api_token::Scopes;
use crate::ids::{ApiTokenId, SessionId, UserId};
use crate::progression::Level;
use crate::users::User;

/// The secret of a session, an API token or an invitation: `s_`, `t_` or `i_`, and 43 base64url characters of 256 random bits. It is shown once and
/// never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn session(random: [u8; 32]) -> Self {
        Self(format!("{SESSION}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    pub fn api_token(random: [u8; 32]) -> Self {
        Self(format!("{API_TOKEN}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    pub fn invitation(random: [u8; 32]) -> Self {
        Self(format!("{INVITATION}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The stored form.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The prefix of a session's token.
const SESSION: &str = "s_";

/// The prefix of an API token.
const API_TOKEN: &str = "t_";

/// The prefix of an invitation's token.
const INVITATION: &str = "i_";

/// The stored form of a token: its SHA-256. The time of a lookup by hash reveals nothing about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// What authenticates a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    Session(TokenHash),
    ApiToken(TokenHash),
}

impl Credential {
    /// Reads a token; `None` if it has neither form.
    pub fn parse(text: &str) -> Option<Self> {
        let (of, random): (fn(TokenHash) -> Self, _) = match text.strip_prefix(SESSION) {
            Some(random) => (Self::Session, random),
            None => (Self::ApiToken, text.strip_prefix(API_TOKEN)?),
        };
        let plain = random.len() == 43 && random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plain.then(|| of(TokenHash::of(text)))
    }
}

/// The client that opened a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// The client's address.
    pub ip: Option<String>,
    /// The client's user agent, up to 300 characters.
    pub user_agent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub token: TokenHash,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Exact to some minutes.
    pub last_used_at: OffsetDateTime,
    pub device: Device,
}

impl Session {
    /// The default lifetime of a session.
    pub const LIFETIME: Duration = Duration::days(30);
}

/// A new session with its token, which is shown only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedSession {
    pub session: Session,
    pub token: Secret,
}

impl IssuedSession {
    /// Opens a session of `user` at `now`, with the token made of `secret`.
    pub fn new(
        id: SessionId,
        user: UserId,
        secret: [u8; 32],
        device: Device,
        now: OffsetDateTime,
        lifetime: Duration,
    ) -> Self {
        let token = Secret::session(secret);
        let session = Session {
            id,
            user,
            token: token.hash(),
            created_at: now,
            expires_at: now + lifetime,
            last_used_at: now,
            device,
        };
        Self { session, token }
    }
}

/// The authenticated caller of a request. It has what most reads of one's own data need of the account, so they need no other
/// statement for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    pub user: User,
    pub level: Level,
    pub via: AuthMethod,
    /// The last recorded use of the session or token.
    pub last_used_at: Option<OffsetDateTime>,
}

impl Principal {
    /// Whether the caller may administer this instance. An API token never may.
    pub fn is_admin(&self) -> bool {
        self.user.is_admin && matches!(self.via, AuthMethod::Session(_))
    }
}

/// The session or token that authenticates a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// Permits everything.
    Session(SessionId),
    /// Permits what its scopes permit.
    ApiToken(ApiTokenId, Scopes),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_has_prefix_and_hashes_to_stored_form() {
        for (secret, credential) in [
            (Secret::session([7; 32]), Credential::Session as fn(TokenHash) -> Credential),
            (Secret::api_token([7; 32]), Credential::ApiToken),
        ] {
            assert_eq!(secret.expose().len(), 45);
            assert_eq!(Credential::parse(secret.expose()), Some(credential(secret.hash())));
            assert!(!format!("{secret:?}").contains(secret.expose()));
        }
        assert_ne!(Secret::session([7; 32]).hash(), Secret::session([8; 32]).hash());
        assert_ne!(Secret::session([7; 32]).hash(), Secret::api_token([7; 32]).hash());
        for bad in [
            "",
            "s_",
            "t_",
            "x_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            "s_!wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        ] {
            assert_eq!(Credential::parse(bad), None, "{bad}");
        }
    }
}
