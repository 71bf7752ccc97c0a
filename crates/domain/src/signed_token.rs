//! What the links in emails prove: that whoever opens one was sent it. Signed, and stored nowhere.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::ids::UserId;
use crate::notifications::NotificationKind;

/// Tells this key from others made of the same secret; the number changes with what is signed.
const PURPOSE: &str = "burntop tickets 1\n";

/// Bytes of a signature.
const TAG: usize = 32;

/// Bytes of what every ticket says: purpose, account, end.
const HEAD: usize = 1 + 16 + 8;

/// What a ticket is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that an address is its owner's.
    VerifyEmail,
    /// Gives an account another password.
    ResetPassword,
    /// Stops emails of one kind.
    Unsubscribe(NotificationKind),
}

impl Purpose {
    const fn number(self) -> u8 {
        match self {
            Self::VerifyEmail => 1,
            Self::ResetPassword => 2,
            Self::Unsubscribe(_) => 3,
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Unsubscribe(kind) => kind.name(),
            Self::VerifyEmail | Self::ResetPassword => "",
        }
    }

    fn of(number: u8, about: &[u8]) -> Option<Self> {
        let about = std::str::from_utf8(about).ok()?;
        match number {
            1 if about.is_empty() => Some(Self::VerifyEmail),
            2 if about.is_empty() => Some(Self::ResetPassword),
            3 => NotificationKind::of(about).map(Self::Unsubscribe),
            _ => None,
        }
    }
}

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedToken {
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose it is.
    pub user: UserId,
    /// From this second on it is worth nothing; `None` is never.
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

/// A ticket that somebody brought, before anybody looked whether it is one of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedToken {
    claims: SignedToken,
    tag: [u8; TAG],
}

impl UnverifiedToken {
    /// What `text` says; `None` where it has not the form of a ticket.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let (head, about) = said.split_at_checked(HEAD)?;
        let end = i64::from_be_bytes(head[17..].try_into().ok()?);
        let ends_at = if end == i64::MAX { None } else { Some(OffsetDateTime::from_unix_timestamp(end).ok()?) };
        let user = UserId(Uuid::from_slice(&head[1..17]).ok()?);
        let claims = SignedToken { purpose: Purpose::of(head[0], about)?, user, ends_at };
        Some(Self { claims, tag: tag.try_into().ok()? })
    }

    /// What it says, true or not: enough to look up what it is [checked](TokenKey::confirms) against.
    pub fn claims(&self) -> SignedToken {
        self.claims
    }
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken").field("claims", &self.claims).finish_non_exhaustive()
    }
}

/// Signs tickets.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl TokenKey {
    /// The key made of `secret`.
    pub fn of(secret: &[u8]) -> Self {
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize());
        Self(Hmac::new(&key.into()))
    }

    /// `ticket` as the text of a link, in base64url. It is worth nothing once one of `bound`, which it does not tell, is another.
    pub fn seal(&self, ticket: &SignedToken, bound: &[&str]) -> String {
        let mut bytes = ticket.bytes();
        let tag = self.signature(&bytes, bound).finalize().into_bytes();
        bytes.extend(tag);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether `brought` was made with this key for the same `bound`, and has not ended at `now`.
    pub fn confirms(&self, unverified: &UnverifiedToken, bound: &[&str], now: OffsetDateTime) -> bool {
        // Takes the same time whatever is wrong with the signature.
        let is_ours = self.signature(&unverified.claims.bytes(), bound).verify_slice(&unverified.tag).is_ok();
        is_ours && unverified.claims.ends_at.is_none_or(|end| now < end)
    }

    fn signature(&self, said: &[u8], bound: &[&str]) -> Hmac<Sha256> {
        let mut signer = self.0.clone();
        for part in [said].into_iter().chain(bound.iter().map(|part| part.as_bytes())) {
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
    fn a_ticket_says_what_it_was_made_for_and_is_confirmed_in_time() {
        let purposes = [Purpose::VerifyEmail, Purpose::ResetPassword].into_iter();
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
    fn a_ticket_is_worth_nothing_for_what_it_was_not_made_for() {
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
    fn no_byte_of_a_ticket_can_be_changed() {
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
    fn neither_key_nor_signature_is_shown() {
        let unverified = UnverifiedToken::parse(&key().seal(&ticket(Purpose::VerifyEmail), &[])).expect("a ticket");
        assert!(!format!("{unverified:?}").contains("tag"));
        assert_eq!(format!("{:?}", key()), "TokenKey(…)");
    }
}
