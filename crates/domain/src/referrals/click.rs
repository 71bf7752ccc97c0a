//! Clicks on a link with a code. What is kept of the one who clicked tells nobody who it was.

use std::fmt;

use sha2::{Digest, Sha256};

use super::code::ReferralCode;
use crate::identity::Device;

/// How many visitors of one code are kept for one day: nobody fills the disk by pretending to be many.
pub const MOST_CLICKS_A_DAY: u32 = 1_000;

/// Tells this salt from others made of the same secret; the number changes with what is hashed.
const PURPOSE: &str = "burntop referral visitor 1\n";

/// What visitors are hashed with: whoever does not know it cannot try addresses until one fits.
#[derive(Clone, Copy)]
pub struct VisitorSalt([u8; 32]);

impl VisitorSalt {
    /// The salt made of `secret`, which is not stored with the hashes.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize().into())
    }

    /// Who opens the link of `code` from `device`. Somebody else for another code, so that nobody's way is followed.
    pub fn visitor(&self, code: &ReferralCode, device: &Device) -> Visitor {
        let mut hash = Sha256::new().chain_update(self.0).chain_update(code.as_str());
        for part in [&device.ip, &device.user_agent] {
            let part = part.as_deref().unwrap_or_default();
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut visitor = [0; 16];
        visitor.copy_from_slice(&hash.finalize()[..16]);
        Visitor(visitor)
    }
}

impl fmt::Debug for VisitorSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorSalt(…)")
    }
}

/// What is kept of a visitor of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visitor(pub [u8; 16]);

#[cfg(test)]
mod tests {
    use super::*;

    fn device(ip: &str, agent: &str) -> Device {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Device { ip: text(ip), user_agent: text(agent) }
    }

    #[test]
    fn a_visitor_is_one_by_code_address_and_browser() {
        let (salt, other) = (VisitorSalt::of(b"secret"), VisitorSalt::of(b"another"));
        let (code, second) = (ReferralCode::trusted("0A1B2C3D"), ReferralCode::trusted("0A1B2C3E"));
        let one = salt.visitor(&code, &device("192.0.2.1", "x"));
        assert_eq!(one, salt.visitor(&code, &device("192.0.2.1", "x")));
        for different in [
            salt.visitor(&code, &device("192.0.2.2", "x")),
            salt.visitor(&code, &device("192.0.2.1", "y")),
            salt.visitor(&code, &device("192.0.2.1x", "")),
            salt.visitor(&code, &device("", "192.0.2.1x")),
            salt.visitor(&second, &device("192.0.2.1", "x")),
            other.visitor(&code, &device("192.0.2.1", "x")),
        ] {
            assert_ne!(one, different);
        }
        assert_eq!(format!("{salt:?}"), "VisitorSalt(…)");
    }
}
