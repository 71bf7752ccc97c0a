//! Binds a sign-in through a provider to the browser that began it: state (RFC 6749, 10.12) and PKCE (RFC 7636).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Sent to the provider and returned with its answer: 43 base64url characters of 256 random bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthState(String);

impl OAuthState {
    pub fn of(secret: [u8; 32]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(secret))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The PKCE code verifier: 43 base64url characters of 256 random bits. Only its [`challenge`](Self::challenge) passes through
/// the browser's address bar.
#[derive(Clone, PartialEq, Eq)]
pub struct PkceVerifier(String);

impl PkceVerifier {
    pub fn of(secret: [u8; 32]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(secret))
    }

    /// Takes a verifier from a source that protects it, such as a signed cookie.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The `S256` challenge: base64url of SHA-256 of the verifier's text (RFC 7636, 4.2).
    pub fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes()))
    }

    /// The nonce that an ID token of this sign-in must repeat (OpenID Connect Core 1.0, 15.5.2). A digest of the verifier, so that the
    /// browser's signed cookie protects both, and the address bar reveals neither.
    pub fn nonce(&self) -> String {
        let digest = Sha256::new().chain_update(b"burntop nonce\n").chain_update(self.0.as_bytes()).finalize();
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    }
}

impl fmt::Debug for PkceVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PkceVerifier(…)")
    }
}

/// A sign-in that has begun and continues at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The page of the provider.
    pub url: String,
    /// The state that the browser must return.
    pub state: OAuthState,
    /// Needed to exchange the code that the browser returns.
    pub verifier: PkceVerifier,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifier_challenge_matches_rfc_7636() {
        let verifier = PkceVerifier::trusted("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn verifier_nonce_differs_by_verifier_and_reveals_nothing() {
        let (one, other) = (PkceVerifier::of([7; 32]), PkceVerifier::of([8; 32]));
        assert_eq!(one.nonce(), PkceVerifier::of([7; 32]).nonce());
        assert_eq!(one.nonce().len(), 43);
        let distinct = [one.nonce(), other.nonce(), one.challenge(), one.expose().to_owned()];
        assert_eq!(distinct.iter().collect::<std::collections::BTreeSet<_>>().len(), distinct.len());
    }

    #[test]
    fn state_and_verifier_debug_hides_verifier() {
        assert_eq!(OAuthState::of([7; 32]).as_str().len(), 43);
        assert_ne!(OAuthState::of([7; 32]), OAuthState::of([8; 32]));
        let verifier = PkceVerifier::of([7; 32]);
        assert_eq!(verifier.expose().len(), 43);
        assert!(!format!("{verifier:?}").contains(verifier.expose()));
    }
}
