//! Signed tokens for links in emails. A token proves that its bearer received the email; it is not stored.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::ids::UserId;
use crate::notifications::NotificationKind;

/// Separates this key from others derived from the same secret. The number changes when the signed fields change.
const PURPOSE: &str = "burntop tickets 1\n";

/// The bytes of a signature.
const TAG: usize = 32;

/// The bytes of the fixed fields: purpose, account, expiry.
const HEAD: usize = 1 + 16 + 8;

/// What a token permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Verifies the address.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
    /// Sets a new password, by a link that an administrator passed on.
    SetPassword,
    /// Stops emails of one kind.
    Unsubscribe(NotificationKind),
}

impl Purpose {
    const fn number(self) -> u8 {
        match self {
            Self::VerifyEmail => 1,
            Self::ResetPassword => 2,
            Self::Unsubscribe(_) => 3,
            Self::SetPassword => 4,
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Unsubscribe(kind) => kind.name(),
            Self::VerifyEmail | Self::ResetPassword | Self::SetPassword => "",
        }
    }

    fn of(number: u8, about: &[u8]) -> Option<Self> {
        let about = std::str::from_utf8(about).ok()?;
        match number {
            1 if about.is_empty() => Some(Self::VerifyEmail),
            2 if about.is_empty() => Some(Self::ResetPassword),
            3 => NotificationKind::of(about).map(Self::Unsubscribe),
            4 if about.is_empty() => Some(Self::SetPassword),
            _ => None,
        }
    }
}

/// The claims of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedToken {
    pub purpose: Purpose,
    pub user: UserId,
    /// The second from which the token is invalid; `None` is never.
    pub ends_at: Option<OffsetDateTime>,
}

impl SignedToken {
    fn bytes(&self) -> Vec<u8> {
        let end = self.ends_at.map_or(i64::MAX, OffsetDateTime::unix_timestamp);
        let mut bytes = vec![self.purpose.number()];
        bytes.extend(self.user.0.as_bytes());
        bytes.extend(end.to_be_bytes());
        bytes.extend(self.purpose.about().as_bytes());
        bytes
    }
}

/// A token whose signature has not been verified.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedToken {
    claims: SignedToken,
    tag: [u8; TAG],
}

impl UnverifiedToken {
    /// Reads the text of a token; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (claims_bytes, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let (head, about) = claims_bytes.split_at_checked(HEAD)?;
        let end = i64::from_be_bytes(head[17..].try_into().ok()?);
        let ends_at = if end == i64::MAX { None } else { Some(OffsetDateTime::from_unix_timestamp(end).ok()?) };
        let user = UserId(Uuid::from_slice(&head[1..17]).ok()?);
        let claims = SignedToken { purpose: Purpose::of(head[0], about)?, user, ends_at };
        Some(Self { claims, tag: tag.try_into().ok()? })
    }

    /// The unverified claims, to look up the values that the token is [verified](TokenKey::confirms) with.
    pub fn claims(&self) -> SignedToken {
        self.claims
    }
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken").field("claims", &self.claims).finish_non_exhaustive()
    }
}

/// Signs and verifies tokens.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl TokenKey {
    pub fn of(secret: &[u8]) -> Self {
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize());
        Self(Hmac::new(&key.into()))
    }

    /// `ticket` as text in base64url. The values of `bound` are signed but not included: the token becomes invalid when one of
    /// them changes.
    pub fn seal(&self, ticket: &SignedToken, bound: &[&str]) -> String {
        let mut bytes = ticket.bytes();
        let tag = self.signature(&bytes, bound).finalize().into_bytes();
        bytes.extend(tag);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether `unverified` was signed by this key with the same `bound`, and has not expired at `now`.
    pub fn confirms(&self, unverified: &UnverifiedToken, bound: &[&str], now: OffsetDateTime) -> bool {
        // Constant time for every wrong signature.
        let is_ours = self.signature(&unverified.claims.bytes(), bound).verify_slice(&unverified.tag).is_ok();
        is_ours && unverified.claims.ends_at.is_none_or(|end| now < end)
    }

    fn signature(&self, claims_bytes: &[u8], bound: &[&str]) -> Hmac<Sha256> {
        let mut signer = self.0.clone();
        for part in [claims_bytes].into_iter().chain(bound.iter().map(|part| part.as_bytes())) {
            Mac::update(&mut signer, &(part.len() as u64).to_be_bytes());
            Mac::update(&mut signer, part);
        }
        signer
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::usage::testing::NOW;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    fn key() -> TokenKey {
        TokenKey::of(b"a secret")
    }

    fn ticket(purpose: Purpose) -> SignedToken {
        SignedToken { purpose, user: ADA, ends_at: Some(NOW + Duration::HOUR) }
    }

    #[test]
    fn token_round_trips_and_is_confirmed_until_expiry() {
        let purposes = [Purpose::VerifyEmail, Purpose::ResetPassword, Purpose::SetPassword].into_iter();
        for purpose in purposes.chain(NotificationKind::ALL.map(Purpose::Unsubscribe)) {
            for ends_at in [Some(NOW + Duration::HOUR), None] {
                let made = SignedToken { ends_at, ..ticket(purpose) };
                let text = key().seal(&made, &["ada@example.org"]);
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
                let unverified = UnverifiedToken::parse(&text).expect("a ticket");
                assert_eq!(unverified.claims(), made);
                let confirmed = |at| key().confirms(&unverified, &["ada@example.org"], at);
                assert!(confirmed(NOW) && confirmed(NOW + Duration::minutes(59)), "{made:?}");
                assert_eq!(confirmed(NOW + Duration::HOUR), ends_at.is_none(), "{made:?}");
            }
        }
    }

    #[test]
    fn token_for_other_purpose_or_value_is_refused() {
        let text = key().seal(&ticket(Purpose::ResetPassword), &["ada@example.org", "hash"]);
        let unverified = UnverifiedToken::parse(&text).expect("a ticket");
        assert!(key().confirms(&unverified, &["ada@example.org", "hash"], NOW));
        for bound in [
            &["ada@example.org", "other"][..],
            &["ada@example.org"],
            &["ada@example.orghash"],
            &["hash", "ada@example.org"],
            &[],
        ] {
            assert!(!key().confirms(&unverified, bound, NOW), "{bound:?}");
        }
        assert!(!TokenKey::of(b"another").confirms(&unverified, &["ada@example.org", "hash"], NOW));
    }

    #[test]
    fn token_with_changed_byte_is_refused() {
        let made = ticket(Purpose::Unsubscribe(NotificationKind::LevelUp));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(key().seal(&made, &[])).expect("base64");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let text = BASE64_URL_SAFE_NO_PAD.encode(changed);
            let confirmed =
                UnverifiedToken::parse(&text).is_some_and(|unverified| key().confirms(&unverified, &[], NOW));
            assert!(!confirmed, "byte {place}");
        }
        let short = BASE64_URL_SAFE_NO_PAD.encode(&bytes[..HEAD + TAG - 1]);
        for bad in ["", "x", "!", "YQ", &short, &"A".repeat(10_000)] {
            assert_eq!(UnverifiedToken::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn token_with_text_that_its_purpose_does_not_have_is_refused() {
        for (purpose, number) in [(Purpose::VerifyEmail, 1), (Purpose::ResetPassword, 2), (Purpose::SetPassword, 4)] {
            assert_eq!((Purpose::of(number, b""), Purpose::of(number, b"level_up")), (Some(purpose), None));
        }
        assert_eq!((Purpose::of(3, b""), Purpose::of(5, b"")), (None, None));
    }

    #[test]
    fn token_debug_hides_key_and_signature() {
        let unverified = UnverifiedToken::parse(&key().seal(&ticket(Purpose::VerifyEmail), &[])).expect("a ticket");
        let shown = format!("{unverified:?}");
        assert!(shown.contains("VerifyEmail") && !shown.contains("tag"), "{shown}");
        assert_eq!(format!("{:?}", key()), "TokenKey(…)");
    }
}
