//! The code that a user shares.

use std::fmt;

use sha2::{Digest, Sha256};

/// Crockford's base 32: no I, L, O, which look like digits, and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The characters of a code: 40 bits.
const LENGTH: usize = 8;

/// A code of eight characters that can be read aloud and typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReferralCode(String);

impl ReferralCode {
    /// Derives a code from random bits.
    pub fn of(secret: [u8; 32]) -> Self {
        // Hashed, so that every bit counts.
        let digest = Sha256::digest(secret);
        let bits = digest.iter().take(5).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digit = |place: usize| ALPHABET[usize::try_from(bits >> (5 * place) & 31).unwrap_or(0)];
        Self((0..LENGTH).rev().map(|place| char::from(digit(place))).collect())
    }

    /// Reads a code in any case, with letters that look like digits as digits; `None` if no code can be spelled so.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != LENGTH {
            return None;
        }
        let digit = |typed: char| {
            let meant = match typed.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            u8::try_from(meant).ok().filter(|meant| ALPHABET.contains(meant)).map(char::from)
        };
        text.chars().map(digit).collect::<Option<String>>().map(Self)
    }

    /// Takes a code that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReferralCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn referral_code_parses_any_case_and_lookalikes() {
        for (typed, meant) in [
            ("0A1B2C3D", Some("0A1B2C3D")),
            ("oalb2c3d", Some("0A1B2C3D")),
            (" 0AiB2C3D\n", Some("0A1B2C3D")),
            ("0A1B2C3U", None),
            ("0A1B2C3", None),
            ("0A1B2C3DE", None),
            ("0A1B-2C3D", None),
            ("0A1B2CÄ", None),
            ("whoever", None),
            ("", None),
        ] {
            assert_eq!(ReferralCode::parse(typed).as_ref().map(ReferralCode::as_str), meant, "{typed:?}");
        }
    }

    #[test]
    fn referral_code_uses_all_bits_and_parses() {
        let code = |last: u8| {
            let mut secret = [0; 32];
            secret[31] = last;
            ReferralCode::of(secret)
        };
        assert_ne!(code(0), code(1));
        for last in 0..=255 {
            assert_eq!(ReferralCode::parse(code(last).as_str()), Some(code(last)));
        }
        let used: std::collections::BTreeSet<char> =
            (0..=255).flat_map(|last| code(last).0.chars().collect::<Vec<_>>()).collect();
        assert_eq!(used.len(), 32, "every character is used");
        assert_eq!(code(7).to_string(), code(7).as_str());
    }
}
