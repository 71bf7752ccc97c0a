//! The key of a client: an account, an address or a device code.

use std::net::IpAddr;

use domain::ids::UserId;
use domain::network::ClientNetwork;
use uuid::Uuid;

/// A client that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Account(Uuid),
    /// An IPv4 address as IPv6 knows it, or the network of an IPv6 address.
    Address([u8; 16]),
    /// The hash of a device code.
    DeviceCode([u8; 32]),
}

impl Key {
    pub(crate) fn account(user: UserId) -> Self {
        Self::Account(user.0)
    }

    /// The client at `address`; all clients without one share a key.
    pub(crate) fn address(address: Option<IpAddr>) -> Self {
        Self::Address(address.map(|address| ClientNetwork::new(address).to_bytes()).unwrap_or_default())
    }
}
