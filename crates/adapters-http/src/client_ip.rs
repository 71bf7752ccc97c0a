//! Who is at the other end: the client's address, also behind proxies that are known.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use actix_web::web::Data;

/// The proxies whose `X-Forwarded-For` is believed. Put into the app's data as `Data<TrustedProxies>`; without it none is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// A network, with IPv4 addresses as IPv6 knows them (`::ffff:a.b.c.d`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: u128,
    mask: u128,
}

impl TrustedProxies {
    /// Takes addresses (`192.0.2.1`) and networks (`10.0.0.0/8`, `2001:db8::/32`); fails with the first that is neither.
    pub fn parse<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let network = |item: T| Network::parse(item.as_ref()).ok_or_else(|| item.as_ref().to_owned());
        items.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client of a connection from `peer`: the nearest address that is not a trusted proxy's. Each proxy adds who
    /// called it at the end, so what stands before the first untrusted address is only the client's word.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.contains(client) {
                break;
            }
            let Some(before) = address(hop) else { break };
            client = before;
        }
        client
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let (before, most) = if address.is_ipv4() { (96, 32) } else { (0, 128) };
        let length: u32 = length.map_or(Some(most), |length| length.parse().ok())?;
        let mask = || u128::MAX.checked_shl(128 - (before + length)).unwrap_or(0);
        (length <= most).then(|| Self { address: bits(address), mask: mask() })
    }

    fn contains(self, address: IpAddr) -> bool {
        (bits(address) ^ self.address) & self.mask == 0
    }
}

/// The address of who sent `request`; `None` where the connection has none.
pub fn client_ip(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let trusted = request.app_data::<Data<TrustedProxies>>();
    Some(trusted.map_or(peer.to_canonical(), |trusted| trusted.client(peer, request.headers())))
}

/// One entry of `X-Forwarded-For`; some proxies add the port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse().ok().map(|address: std::net::SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted = TrustedProxies::parse(trusted).expect("networks");
        let peer = std::net::SocketAddr::new(peer.parse().expect("an address"), 40_000);
        let mut request = TestRequest::default().peer_addr(peer).app_data(Data::new(trusted));
        for line in forwarded {
            request = request.append_header(("X-Forwarded-For", *line));
        }
        client_ip(&request.to_http_request()).map(|address| address.to_string()).unwrap_or_default()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (trusted, peer, forwarded, expected) in [
            (&[][..], "192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            (&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            (&["10.0.0.0/8"], "10.1.2.3", &[], "10.1.2.3"),
            // The client's own claim stands first and is not believed.
            (&["10.0.0.0/8"], "10.1.2.3", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            (&["10.0.0.0/8"], "10.1.2.3", &["1.1.1.1", "203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            (&["10.0.0.0/8"], "10.1.2.3", &["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9, nonsense"], "10.1.2.3"),
            (&["10.1.2.3"], "10.1.2.3", &["203.0.113.9:4711"], "203.0.113.9"),
            (&["10.1.2.3"], "10.1.2.4", &["203.0.113.9"], "10.1.2.4"),
            (&["2001:db8::/32"], "2001:db8::1", &["[2001:db9::7]:80"], "2001:db9::7"),
            (&["10.0.0.0/8"], "::ffff:10.1.2.3", &["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["0.0.0.0/0"], "2001:db8::1", &["203.0.113.9"], "2001:db8::1"),
            (&["::/0"], "2001:db8::1", &["203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(client(trusted, peer, forwarded), expected, "{trusted:?} {peer} {forwarded:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "host", "10.0.0.0/8/8"] {
            assert_eq!(TrustedProxies::parse(["10.0.0.0/8", bad]), Err(bad.to_owned()));
        }
    }
}
