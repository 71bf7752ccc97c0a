//! Who is counted: an account, or an address.

use std::net::IpAddr;

use domain::ids::UserId;
use uuid::Uuid;

/// Somebody who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Account(Uuid),
    /// An IPv4 address as IPv6 knows it, or the network of an IPv6 address.
    Address([u8; 16]),
}

/// The network that one customer of an IPv6 provider has at least: 64 bits. Counting single addresses would count nothing.
const NETWORK: u128 = u128::MAX << 64;

impl Key {
    pub(crate) fn account(user: UserId) -> Self {
        Self::Account(user.0)
    }

    /// The client at `address`; those without one are one client.
    pub(crate) fn address(address: Option<IpAddr>) -> Self {
        let bits = match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(v4)) => v4.to_ipv6_mapped().to_bits(),
            Some(IpAddr::V6(v6)) => v6.to_bits() & NETWORK,
            None => 0,
        };
        Self::Address(bits.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_is_a_client_and_so_is_a_network_of_ipv6() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("2001:db8::1", "2001:db9::1", false),
        ] {
            let key = |text: &str| Key::address(Some(text.parse().expect("an address")));
            assert_eq!(key(one) == key(other), same, "{one} {other}");
        }
    }
}
