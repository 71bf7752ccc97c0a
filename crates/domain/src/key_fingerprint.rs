//! Compares secret keys without storing them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Separates the key of the fingerprint from others derived from the same secret.
const PURPOSE: &[u8] = b"burntop key fingerprint 1\n";

/// The same for the same secret key. The key cannot be computed from it, unless it can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFingerprint(pub [u8; 32]);

impl KeyFingerprint {
    pub fn of(secret: &[u8]) -> Self {
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize());
        let mut signer = Hmac::<Sha256>::new(&key.into());
        Mac::update(&mut signer, PURPOSE);
        Self(signer.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_fingerprint_differs_by_key_and_does_not_contain_it() {
        let secret = b"0123456789abcdef0123456789abcdef";
        let one = KeyFingerprint::of(secret);
        assert_eq!(one, KeyFingerprint::of(secret));
        assert_ne!(one, KeyFingerprint::of(b"0123456789abcdef0123456789abcdeF"));
        assert_ne!(&one.0, secret);
    }
}
