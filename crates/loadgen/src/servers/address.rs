//! The address of a measured server. Load goes to this machine only, unless the user allows others.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use hyper::Uri;
use hyper::header::{HOST, HeaderValue};
use tokio::net::{TcpStream, lookup_host};

use crate::http::{self, Request};

/// The path of the API where the base names none.
const API: &str = "/api/v1";

/// `http://host:port`, optionally with the path of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BaseUrl {
    /// Host and port as given.
    authority: String,
    /// Host and port to connect to.
    endpoint: String,
    path: String,
}

impl FromStr for BaseUrl {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let uri: Uri = text.parse().context("not a URL")?;
        ensure!(uri.scheme_str() == Some("http"), "the URL must begin with http://");
        let authority = uri.authority().context("the URL has no host")?;
        ensure!(!authority.as_str().contains('@'), "the URL must not have credentials");
        ensure!(uri.query().is_none(), "the URL must not have a query");
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            authority: authority.to_string(),
            endpoint: format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80)),
            path: if path.is_empty() { API } else { path }.to_owned(),
        })
    }
}

/// A server under measurement.
#[derive(Debug, Clone)]
pub(super) struct TargetServer {
    /// Host and port, for the report.
    pub(super) name: String,
    pub(super) address: SocketAddr,
    host: HeaderValue,
    path: String,
}

impl TargetServer {
    /// Finds the address of `base` at which a server listens. Fails if the host is not this machine, unless `allow_remote`.
    pub(super) async fn find(base: &BaseUrl, allow_remote: bool) -> Result<Self> {
        let name = base.authority.clone();
        let addresses: Vec<SocketAddr> =
            lookup_host(&base.endpoint).await.with_context(|| format!("looking up {name}"))?.collect();
        if !allow_remote && !addresses.iter().all(|address| address.ip().is_loopback()) {
            bail!("{name} is not on this machine: --allow-remote sends load to it");
        }
        for address in addresses {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(Self { host: HeaderValue::from_str(&name)?, name, address, path: base.path.clone() });
            }
        }
        bail!("no server listens at {name}")
    }

    /// `GET` of a path of the API.
    pub(super) fn get(&self, path: &str, token: Option<&str>) -> Result<Request> {
        Ok(self.addressed(http::get(&self.full(path), token)?))
    }

    /// `POST` of a JSON body to a path of the API.
    pub(super) fn post(&self, path: &str, token: Option<&str>, body: String) -> Result<Request> {
        Ok(self.addressed(http::post(&self.full(path), token, body)?))
    }

    fn full(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    fn addressed(&self, mut request: Request) -> Request {
        request.headers_mut().insert(HOST, self.host.clone());
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_url_has_default_port_and_path() {
        for (text, expected) in [
            ("http://127.0.0.1:8000", Some(("127.0.0.1:8000", "127.0.0.1:8000", "/api/v1"))),
            ("http://127.0.0.1:8000/", Some(("127.0.0.1:8000", "127.0.0.1:8000", "/api/v1"))),
            ("http://localhost/v1/", Some(("localhost", "localhost:80", "/v1"))),
            ("http://[::1]:8000", Some(("[::1]:8000", "[::1]:8000", "/api/v1"))),
            ("https://127.0.0.1:8000", None),
            ("127.0.0.1:8000", None),
            ("http://user:word@127.0.0.1", None),
            ("http://127.0.0.1/?a=b", None),
            ("", None),
        ] {
            let parsed = text.parse::<BaseUrl>().ok();
            let parts = parsed.as_ref().map(|base| (&*base.authority, &*base.endpoint, &*base.path));
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn remote_server_is_refused_unless_allowed() {
        // An address for documentation (RFC 5737), refused before anything is sent to it.
        let base: BaseUrl = "http://192.0.2.1:9".parse().unwrap();
        let refusal = TargetServer::find(&base, false).await.unwrap_err().to_string();
        assert_eq!(refusal, "192.0.2.1:9 is not on this machine: --allow-remote sends load to it");
    }
}
