//! Which mail server, and how safe the way to it is.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;

use crate::SetupError;

/// How the way to the server is kept safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is said; a server that does not offer it is told nothing.
    StartTls,
    /// Not at all: nothing leaves this machine.
    Loopback,
}

/// A mail server and what it is told to let us in.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept safe.
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
    /// The server at `url`: `smtps://` is TLS, on port 465 unless another is named; `smtp://` is STARTTLS, on port 587, or nothing
    /// on this machine's own addresses, on port 25. User and password are percent-encoded.
    pub fn parse(url: &str) -> Result<Self, SetupError> {
        let (scheme, rest) = url.split_once("://").ok_or(SetupError::Server("it has no scheme"))?;
        let rest = rest.trim_end_matches('/');
        // A password may itself hold an `@`; the last one ends it.
        let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let (host, port) = host_and_port(place)?;
        let security = match scheme {
            "smtps" => Security::Tls,
            "smtp" if is_loopback(&host) => Security::Loopback,
            "smtp" => Security::StartTls,
            _ => return Err(SetupError::Server("its scheme is another")),
        };
        let port = port.unwrap_or(match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Loopback => 25,
        });
        Ok(Self { host, port, security, credentials: login.map(credentials).transpose()? })
    }
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), SetupError> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
        return Err(SetupError::Server("it names no host"));
    }
    let port = port.map(|port| port.parse().map_err(|_| SetupError::Server("its port is no number"))).transpose()?;
    Ok((host.to_owned(), port))
}

fn credentials(login: &str) -> Result<(String, String), SetupError> {
    let (user, password) = login.split_once(':').ok_or(SetupError::Server("its user has no password"))?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    let both = decoded(user).zip(decoded(password));
    both.ok_or(SetupError::Server("its user or password is not percent-encoded UTF-8"))
}

/// Whether `host` is this machine, whatever a name server says.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_server_is_and_how_safe_the_way_must_be() {
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
    fn a_url_that_makes_no_sense_is_refused_without_its_password() {
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
