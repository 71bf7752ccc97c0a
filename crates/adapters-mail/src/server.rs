//! The mail server, and the security of the connection to it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::SetupError;

/// The security of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS before credentials and emails are sent; a server that does not offer it gets neither.
    StartTls,
    /// None: the connection does not leave this machine.
    Loopback,
}

/// A mail server and the credentials for it.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// A name or an address.
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, String)>,
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, credentials } = self;
        let user = credentials.as_ref().map(|(user, _)| user);
        write!(f, "SmtpServer({security:?}, {host}:{port}, user {user:?})")
    }
}

impl SmtpServer {
    /// The server at `url`. `smtps://` means TLS, by default on port 465. `smtp://` means STARTTLS, by default on port 587; for a
    /// loopback address no TLS, by default on port 25. User and password are percent-encoded.
    pub fn parse(url: &str) -> Result<Self, SetupError> {
        let url = Url::parse(url).map_err(|_| SetupError::Server("it is not a URL"))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(SetupError::Server("it names no host"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(SetupError::Server("it has more than a host and a port"));
        }
        let (security, usual_port) = match url.scheme() {
            "smtps" => (Security::Tls, 465),
            "smtp" if is_loopback(&host) => (Security::Loopback, 25),
            "smtp" => (Security::StartTls, 587),
            _ => return Err(SetupError::Server("it has another scheme")),
        };
        Ok(Self { host, port: url.port().unwrap_or(usual_port), security, credentials: credentials(&url)? })
    }
}

fn credentials(url: &Url) -> Result<Option<(String, String)>, SetupError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let password = url.password().ok_or(SetupError::Server("its user has no password"))?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    let both = decoded(url.username()).zip(decoded(password));
    both.map(Some).ok_or(SetupError::Server("its user or password is not percent-encoded UTF-8"))
}

/// Whether `host` is a loopback address, without asking a name server.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smtp_url_gives_server_and_security() {
        for (url, host, port, security, login) in [
            ("smtps://me:pw@mail.example.org", "mail.example.org", 465, Security::Tls, Some(("me", "pw"))),
            ("smtps://mail.example.org:4650/", "mail.example.org", 4650, Security::Tls, None),
            ("smtps://127.0.0.1", "127.0.0.1", 465, Security::Tls, None),
            ("smtp://mail.example.org", "mail.example.org", 587, Security::StartTls, None),
            ("smtp://a%40b.org:p%2Fw%3A@10.0.0.1:25", "10.0.0.1", 25, Security::StartTls, Some(("a@b.org", "p/w:"))),
            ("smtp://me:p@w:d@mail.example.org", "mail.example.org", 587, Security::StartTls, Some(("me", "p@w:d"))),
            ("smtp://[2001:db8::1]:26", "2001:db8::1", 26, Security::StartTls, None),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, Security::Loopback, None),
            ("smtp://127.9.9.9", "127.9.9.9", 25, Security::Loopback, None),
            ("smtp://LocalHost", "LocalHost", 25, Security::Loopback, None),
            ("smtp://[::1]", "::1", 25, Security::Loopback, None),
            ("smtp://localhost.example.org", "localhost.example.org", 587, Security::StartTls, None),
        ] {
            let credentials = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
            let server = SmtpServer { host: host.to_owned(), port, security, credentials };
            assert_eq!(SmtpServer::parse(url), Ok(server), "{url}");
        }
    }

    #[test]
    fn smtp_url_malformed_is_refused_without_password() {
        for bad in [
            "mail.example.org",
            "http://mail.example.org",
            "smtp://",
            "smtp://me:hunter2@",
            "smtps://me:hunter2@host:port",
            "smtps://hunter2@host",
            "smtps://me:hunter2%FF@host",
            "smtp://me:hunter2@ho st",
        ] {
            let error = SmtpServer::parse(bad).expect_err(bad);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let server = SmtpServer::parse("smtps://me:hunter2@mail.example.org").expect("a server");
        assert!(!format!("{server:?}").contains("hunter2"));
    }
}
