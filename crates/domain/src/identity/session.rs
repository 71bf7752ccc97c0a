//! Sessions and the tokens that open them.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::ids::{SessionId, UserId};

/// The token of a session: `s_` and 43 base64url characters of 256 random bits. Shown once, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The token made of `secret`.
    pub fn of(secret: [u8; 32]) -> Self {
        Self(format!("s_{}", BASE64_URL_SAFE_NO_PAD.encode(secret)))
    }

    /// The token in the clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// What is stored of a token: its SHA-256. Looking up a hash tells a timing attacker nothing about tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of `token`.
    pub fn of(token: &SessionToken) -> Self {
        Self(Sha256::digest(token.0.as_bytes()).into())
    }

    /// The hash of a session token; `None` for a text that cannot be one.
    pub fn of_session(token: &str) -> Option<Self> {
        let secret = token.strip_prefix("s_")?;
        let plain = secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plain.then(|| Self(Sha256::digest(token.as_bytes()).into()))
    }
}

/// Where a session was opened from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// The client's address.
    pub ip: Option<String>,
    /// What the client calls itself, up to 300 characters.
    pub user_agent: Option<String>,
}

/// A signed-in session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names it.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What its token hashes to.
    pub token: TokenHash,
    /// When it was opened.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
    /// When it was last used, to within some minutes.
    pub last_used_at: OffsetDateTime,
    /// Where it was opened from.
    pub device: Device,
}

impl Session {
    /// How long a session lasts unless an operator says otherwise.
    pub const LIFETIME: Duration = Duration::days(30);
}

/// A session just opened, with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Its token, shown this once.
    pub token: SessionToken,
}

impl SignedIn {
    /// A session of `user` that opens at `now` and lasts for `lifetime`, with the token made of `secret`.
    pub fn new(
        id: SessionId,
        user: UserId,
        secret: [u8; 32],
        device: Device,
        now: OffsetDateTime,
        lifetime: Duration,
    ) -> Self {
        let token = SessionToken::of(secret);
        let session = Session {
            id,
            user,
            token: TokenHash::of(&token),
            created_at: now,
            expires_at: now + lifetime,
            last_used_at: now,
            device,
        };
        Self { session, token }
    }
}

/// Who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub user: UserId,
    /// The session it calls through.
    pub session: SessionId,
    /// Whether it may administer this instance.
    pub is_admin: bool,
    /// When the session was last noted as used.
    pub last_used_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_form_and_hashes_to_what_is_stored() {
        let token = SessionToken::of([7; 32]);
        assert_eq!(token.expose().len(), 45);
        assert_eq!(TokenHash::of_session(token.expose()), Some(TokenHash::of(&token)));
        assert!(!format!("{token:?}").contains(token.expose()));
        assert_ne!(TokenHash::of_session(token.expose()), TokenHash::of_session(SessionToken::of([8; 32]).expose()));
        for bad in
            ["", "s_", "t_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "s_!wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"]
        {
            assert_eq!(TokenHash::of_session(bad), None, "{bad}");
        }
    }
}
