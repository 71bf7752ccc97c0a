//! Clicks on referral links. The stored hashes do not identify the visitor.

use std::fmt;

use sha2::{Digest, Sha256};

use super::code::ReferralCode;
use crate::identity::Device;
use crate::network::ClientNetwork;

/// The most clicks on one code that are stored for a day: forged visitors cannot fill the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickLimits {
    pub a_day: u32,
    /// The most from one network: a client with many user agents cannot use up the limit of others.
    pub of_network: u32,
}

pub const CLICK_LIMITS: ClickLimits = ClickLimits { a_day: 1_000, of_network: 10 };

/// Separates this salt from other keys derived from the same secret. The number changes when the hashed fields change.
const PURPOSE: &str = "burntop referral visitor 1\n";

/// Separates the hash of a network from that of a visitor.
const NETWORK: &str = "network\n";

/// The key of visitors' hashes: without it, addresses cannot be found by trial.
#[derive(Clone, Copy)]
pub struct VisitorSalt([u8; 32]);

impl VisitorSalt {
    /// The salt derived from `secret`, which is not stored with the hashes.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize().into())
    }

    /// The visitor with `device` that opens the link of `code`. The hash differs by code, so a visitor cannot be tracked across
    /// codes.
    pub fn visitor(&self, code: &ReferralCode, device: &Device) -> Visitor {
        let mut hash = Sha256::new().chain_update(self.0).chain_update(code.as_str());
        for part in [&device.ip, &device.user_agent] {
            let part = part.as_deref().unwrap_or_default();
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Visitor(first_half(hash))
    }

    /// The network that opens the link of `code`, whatever the browser. All devices without an address share one network.
    pub fn network(&self, code: &ReferralCode, device: &Device) -> VisitorNetwork {
        let address = device.ip.as_deref().and_then(|ip| ip.parse().ok());
        let network = address.map(|address| ClientNetwork::new(address).to_bytes()).unwrap_or_default();
        let salted = Sha256::new().chain_update(self.0).chain_update(NETWORK);
        VisitorNetwork(first_half(salted.chain_update(code.as_str()).chain_update(network)))
    }
}

fn first_half(hash: Sha256) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

impl fmt::Debug for VisitorSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorSalt(…)")
    }
}

/// The stored hash of a visitor of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visitor(pub [u8; 16]);

/// The stored hash of the network of a visitor of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VisitorNetwork(pub [u8; 16]);

#[cfg(test)]
mod tests {
    use super::*;

    fn device(ip: &str, agent: &str) -> Device {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Device { ip: text(ip), user_agent: text(agent) }
    }

    #[test]
    fn visitor_is_one_by_code_address_and_browser() {
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

    #[test]
    fn visitor_network_is_one_by_code_and_address() {
        let salt = VisitorSalt::of(b"secret");
        let (code, second) = (ReferralCode::trusted("0A1B2C3D"), ReferralCode::trusted("0A1B2C3E"));
        let one = salt.network(&code, &device("2001:db8::1", "x"));
        assert_eq!(one, salt.network(&code, &device("2001:db8::2", "y")));
        for different in [
            salt.network(&code, &device("2001:db9::1", "x")),
            salt.network(&code, &device("", "x")),
            salt.network(&second, &device("2001:db8::1", "x")),
            VisitorSalt::of(b"another").network(&code, &device("2001:db8::1", "x")),
            VisitorNetwork(salt.visitor(&code, &device("2001:db8::1", "x")).0),
        ] {
            assert_ne!(one, different);
        }
    }
}
