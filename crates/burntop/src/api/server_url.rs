//! The address of a server.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::failure::{Failure, FailureKind};

/// The address under which a server has its API, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ServerUrl(String);

impl ServerUrl {
    /// Reads an address as people type it. Without a scheme it is https, on this machine http. The path of the API may be part of it.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let invalid = |reason: &str| {
            let message =
                format!("`{text}` is not the address of a server: {reason}. Example: https://burntop.example.org");
            Failure::new(FailureKind::Usage, message)
        };
        let guessed = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&guessed).map_err(|error| invalid(&error.to_string()))?;
        if !text.contains("://") && is_loopback(&url) {
            url = Url::parse(&format!("http://{text}")).map_err(|error| invalid(&error.to_string()))?;
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("its scheme must be http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must not have a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must not have a query or a fragment"));
        }
        let base = url.as_str().trim_end_matches('/');
        Ok(Self(base.strip_suffix("/api/v1").unwrap_or(base).trim_end_matches('/').to_owned()))
    }

    /// Whether the server is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }

    /// Whether the token travels unencrypted through a network.
    pub(crate) fn is_exposed(&self) -> bool {
        self.0.starts_with("http://") && !self.is_loopback()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl TryFrom<String> for ServerUrl {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        Self::parse(&text)
    }
}

impl From<ServerUrl> for String {
    fn from(url: ServerUrl) -> Self {
        url.0
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_url_is_read_as_typed() {
        for (typed, expected) in [
            ("https://burntop.example.org", "https://burntop.example.org"),
            ("https://burntop.example.org/", "https://burntop.example.org"),
            ("https://example.org/burntop/api/v1/", "https://example.org/burntop"),
            ("http://127.0.0.1:8000/api/v1", "http://127.0.0.1:8000"),
            ("burntop.example.org", "https://burntop.example.org"),
            ("localhost:8000", "http://localhost:8000"),
            ("[::1]:8000", "http://[::1]:8000"),
            (" HTTPS://Example.ORG ", "https://example.org"),
        ] {
            assert_eq!(ServerUrl::parse(typed).map(String::from).as_deref(), Ok(expected), "{typed}");
        }
        for refused in ["", "ftp://example.org", "https://", "https://ada:pw@example.org", "https://e.org?x=1", "a b"] {
            assert!(ServerUrl::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn server_url_exposes_token_over_plain_http_elsewhere() {
        let exposed = |text| ServerUrl::parse(text).expect("an address").is_exposed();
        assert!(exposed("http://192.168.1.2:8000") && exposed("http://localhost.example.org"));
        assert!(!exposed("https://example.org") && !exposed("http://127.0.0.2:1") && !exposed("http://localhost"));
    }
}
