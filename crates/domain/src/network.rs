//! The network of a client, as the key of limits.

use std::net::IpAddr;

/// The part of an IPv6 address that identifies a network. A provider assigns at least 64 bits of addresses to each customer, so
/// a limit on single addresses would have no effect.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// An IPv4 address, or the 64-bit network of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(u128);

impl ClientNetwork {
    pub fn new(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(v4.to_ipv6_mapped().to_bits()),
            IpAddr::V6(v6) => Self(v6.to_bits() & IPV6_NETWORK),
        }
    }

    /// The network as bytes: a mapped IPv4 address, or an IPv6 address whose last 64 bits are 0.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_network_is_ipv4_address_or_ipv6_network() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("2001:db8::1", "2001:db9::1", false),
        ] {
            let network = |text: &str| ClientNetwork::new(text.parse().expect("an address"));
            assert_eq!(network(one) == network(other), same, "{one} {other}");
            assert_eq!(network(one).to_bytes() == network(other).to_bytes(), same, "{one} {other}");
        }
    }
}
