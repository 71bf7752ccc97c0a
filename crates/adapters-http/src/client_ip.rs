//! The client's address, also behind trusted proxies.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue, X_FORWARDED_FOR};
use actix_web::web::Data;
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-For` is trusted, from the app's data as `Data<TrustedProxies>`; without it none is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Takes addresses (`192.0.2.1`) and networks (`10.0.0.0/8`, `2001:db8::/32`); fails with the first that is neither.
    pub fn parse<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let network = |item: T| {
            let text = item.as_ref();
            text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into())).map_err(|_| text.to_owned())
        };
        items.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// An IPv4 address is also in a network of its IPv6 form, such as `::/0`.
    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let as_v6 = match address {
            IpAddr::V4(v4) => IpAddr::V6(v4.to_ipv6_mapped()),
            IpAddr::V6(_) => address,
        };
        self.0.iter().any(|network| network.contains(&address) || network.contains(&as_v6))
    }

    /// The client of a connection from `peer`: the nearest address that is not a trusted proxy's. Each proxy appends the address of its
    /// client, so entries before the first untrusted address are claims of the client and are not read. An entry of a trusted proxy that
    /// is not an address ends the search at that proxy.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
        let hops = lines.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty()) {
            if !self.contains(client) {
                break;
            }
            let Some(before) = address(hop) else { break };
            client = before;
        }
        client
    }
}

/// The client's address; `None` where the connection has none.
pub fn client_ip(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let Some(trusted) = request.app_data::<Data<TrustedProxies>>() else { return Some(peer.to_canonical()) };
    if request.headers().contains_key(X_FORWARDED_FOR) && !trusted.contains(peer) {
        warn_of_untrusted_proxy(peer);
    }
    Some(trusted.client(peer, request.headers()))
}

/// Warns once per process that a proxy seems to be missing from the configuration: all its clients then share the limits of one
/// address.
fn warn_of_untrusted_proxy(peer: IpAddr) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            %peer,
            setting = "TRUSTED_PROXIES",
            "X-Forwarded-For ignored: its sender is not a trusted proxy, so all its clients share one rate limit"
        );
    }
}

/// One entry of `X-Forwarded-For`, as proxies write it: an address, with or without a port, brackets, quotes (RFC 7239) and,
/// for IPv6, a zone.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?;
    let hop = hop.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(hop);
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    let without_zone = || bare.split_once('%').and_then(|(address, _)| address.parse().ok()).filter(IpAddr::is_ipv6);
    bare.parse().ok().or_else(with_port).or_else(without_zone).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(trusted: &[&str], peer: &str, forwarded: &[impl AsRef<[u8]>]) -> String {
        let trusted = TrustedProxies::parse(trusted).expect("networks");
        let peer = std::net::SocketAddr::new(peer.parse().expect("an address"), 40_000);
        let mut request = TestRequest::default().peer_addr(peer).app_data(Data::new(trusted));
        for line in forwarded {
            let line = HeaderValue::from_bytes(line.as_ref()).expect("a header");
            request = request.append_header((X_FORWARDED_FOR, line));
        }
        client_ip(&request.to_http_request()).map(|address| address.to_string()).unwrap_or_default()
    }

    #[test]
    fn forwarded_header_is_read_from_trusted_proxies_only() {
        for (trusted, peer, forwarded, expected) in [
            (&[][..], "192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            (&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            (&["10.0.0.0/8"], "10.1.2.3", &[], "10.1.2.3"),
            // The client's own claim is first and is not trusted.
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
            (&["::/0"], "10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            (&["::ffff:10.0.0.0/104"], "10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(client(trusted, peer, forwarded), expected, "{trusted:?} {peer} {forwarded:?}");
        }
    }

    #[test]
    fn forwarded_header_malformed_client_entry_is_skipped() {
        let proxies = &["10.0.0.0/8", "2001:db8::/32"];
        for (name, forwarded, expected) in [
            ("not ASCII", &[b"\xff\xe9, 203.0.113.9".as_slice()][..], "203.0.113.9"),
            ("not UTF-8 in a line of its own", &[b"\xff", b"203.0.113.9"], "203.0.113.9"),
            ("no address", &[b"unknown, 203.0.113.9"], "203.0.113.9"),
            ("before two proxies", &[b"\xc3\xa9", b"203.0.113.9, 10.0.0.7", b"10.0.0.8"], "203.0.113.9"),
            ("empty entries", &[b" , ,203.0.113.9 ,, ", b"", b" "], "203.0.113.9"),
            ("port", &[b"203.0.113.9:4711"], "203.0.113.9"),
            ("brackets", &[b"[2001:db9::7]"], "2001:db9::7"),
            ("brackets and port", &[b"[2001:db9::7]:4711"], "2001:db9::7"),
            ("quotes", &[br#""[2001:db9::7]:4711""#], "2001:db9::7"),
            ("zone", &[b"fe80::1%eth0"], "fe80::1"),
            ("zone in brackets", &[b"[fe80::1%eth0]"], "fe80::1"),
            ("tabs", &[b"1.1.1.1,\t203.0.113.9\t"], "203.0.113.9"),
            // The trusted proxy's entry is not an address: no entry before it is trusted.
            ("obfuscated by the proxy", &[b"1.1.1.1, unknown"], "10.1.2.3"),
            ("not ASCII by the proxy", &[b"1.1.1.1, \xff"], "10.1.2.3"),
            ("two addresses", &[b"1.1.1.1 2.2.2.2"], "10.1.2.3"),
            ("port of 6 digits", &[b"1.1.1.1:471100"], "10.1.2.3"),
            ("IPv4 with a zone", &[b"1.1.1.1%eth0"], "10.1.2.3"),
        ] {
            assert_eq!(client(proxies, "10.1.2.3", forwarded), expected, "{name}");
        }
    }

    #[test]
    fn trusted_proxies_malformed_network_is_named() {
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "host", "10.0.0.0/8/8"] {
            assert_eq!(TrustedProxies::parse(["10.0.0.0/8", bad]), Err(bad.to_owned()));
        }
    }
}
