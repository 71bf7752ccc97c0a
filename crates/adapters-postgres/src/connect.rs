//! Connections to the database of a URL.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config, Connection, Socket};

use crate::error::{ConnectError, invalid_url};
use crate::tls::{ServerStream, Tls, TlsMode, TlsParameters};

/// How long a TCP connection may take, unless the URL has `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long TLS and authentication may take after that. A server that accepts a connection and stays silent is an error.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

const DEFAULT_PORT: u16 = 5432;

/// TCP keepalive: idle time before the first probe, and the time between probes. Three lost probes end the connection.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));

/// How long sent data may stay unacknowledged (Linux), unless the URL has `tcp_user_timeout`. The kernel's default is 15 minutes.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(35);

/// Everything a connection needs: the server, the credentials and the rules for TLS and passwords.
#[derive(Debug, Clone)]
pub(crate) struct ConnectTarget {
    config: Config,
    tls: Tls,
}

/// The server and the name of a database, for messages; without user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// `host:port`, several if the URL has several.
    pub server: String,
    pub database: String,
}

impl DatabaseAddress {
    /// The address in `url`.
    pub fn parse(url: &str) -> Result<Self, ConnectError> {
        ConnectTarget::parse(url).map(|target| target.address())
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.database, self.server)
    }
}

/// The driven half of a connection.
pub(crate) type Driver = Connection<Socket, ServerStream>;

impl ConnectTarget {
    /// Reads `url`: the parameters of `tokio-postgres`, and libpq's `sslmode`, `sslrootcert`, `sslcert`, `sslkey` and
    /// `require_auth`, of which the driver knows too little. Reads the certificate files that it names.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        refuse_bare_at_sign(url)?;
        let (url, own) = OwnParameters::split(url)?;
        let mut config: Config = url.parse().map_err(|error| invalid_url(&ConnectError::from(error).message))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE.0).keepalives_interval(KEEPALIVE.1).keepalives_retries(3);
        let is_local = is_this_machine(&config);
        let is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        let mode = match &own.sslmode {
            Some(mode) => mode.parse()?,
            None if own.sslrootcert.as_deref() == Some("system") => TlsMode::VerifyFull,
            None if is_local => TlsMode::Disable,
            None => TlsMode::Prefer,
        };
        let parameters = TlsParameters {
            mode,
            root_cert: own.sslrootcert,
            client_cert: own.sslcert,
            client_key: own.sslkey,
            is_direct,
            is_local,
            scram_only: own.scram_only,
        };
        let tls = Tls::new(&parameters)?;
        if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) && config.get_hostaddrs().is_empty() {
            if own.scram_only {
                return Err(invalid_url("require_auth: not supported for Unix sockets; pg_hba.conf decides"));
            }
            // As in libpq, a Unix socket has no TLS and ignores sslmode.
            config.ssl_mode(SslMode::Disable).ssl_negotiation(SslNegotiation::Postgres);
            return Ok(Self { config, tls });
        }
        if config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_))) {
            return Err(invalid_url("hosts: a Unix socket cannot be mixed with other hosts"));
        }
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        // `Tls` negotiates TLS itself, so that it sees every stream, the unencrypted ones included.
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        Ok(Self { config, tls })
    }

    /// The name of the database; as in libpq that of the user, if the URL has none.
    pub(crate) fn database(&self) -> &str {
        self.config.get_dbname().or_else(|| self.config.get_user()).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> DatabaseAddress {
        let ports = self.config.get_ports();
        let server = |(at, host): (usize, &Host)| {
            let port = ports.get(at).or(ports.first()).unwrap_or(&DEFAULT_PORT);
            match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(directory) => format!("{}:{port}", directory.display()),
            }
        };
        let servers: Vec<String> = self.config.get_hosts().iter().enumerate().map(server).collect();
        DatabaseAddress { server: servers.join(","), database: self.database().to_owned() }
    }

    /// The same target. PostgreSQL shows its connections as `burntop PURPOSE`, unless the URL has an `application_name`.
    pub(crate) fn for_purpose(mut self, purpose: &str) -> Self {
        if self.config.get_application_name().is_none() {
            self.config.application_name(format!("burntop {purpose}"));
        }
        self
    }

    /// The same server and credentials with another database.
    pub(crate) fn with_database(mut self, name: &str) -> Self {
        self.config.dbname(name);
        self
    }

    /// Opens a connection; the second value has to be driven.
    pub(crate) async fn connect(&self) -> Result<(Client, Driver), ConnectError> {
        let servers = self.config.get_hosts().len().max(1);
        let servers = u32::try_from(servers).unwrap_or(u32::MAX);
        let tcp = self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let limit = (tcp + HANDSHAKE_TIMEOUT).saturating_mul(servers);
        match timeout(limit, self.config.connect(self.tls.clone())).await {
            Ok(opened) => Ok(opened?),
            Err(_) => Err(ConnectError {
                sqlstate: None,
                message: format!("timed out: no answer to the start of a session within {limit:?}"),
            }),
        }
    }

    /// How the connections are encrypted; a cancel request needs it too.
    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }
}

/// Refuses a second `@` before the parameters. The driver takes the first for the end of the password and looks up a host that does
/// not exist.
fn refuse_bare_at_sign(url: &str) -> Result<(), ConnectError> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let address = rest.split_once('@').map_or("", |(_, address)| address);
    if address.split('?').next().unwrap_or_default().contains('@') {
        return Err(invalid_url("it has more than one `@`; write an `@` of the user or the password as %40"));
    }
    Ok(())
}

/// The parameters of a URL that `tokio-postgres` does not read as libpq does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnParameters {
    pub(crate) sslmode: Option<String>,
    pub(crate) sslrootcert: Option<String>,
    pub(crate) sslcert: Option<String>,
    pub(crate) sslkey: Option<String>,
    pub(crate) scram_only: bool,
}

impl OwnParameters {
    /// Takes these parameters out of `url`.
    pub(crate) fn split(url: &str) -> Result<(String, Self), ConnectError> {
        let mut own = Self::default();
        // A password may hold a question mark.
        let host = url.find('@').unwrap_or_default();
        let Some(question_mark) = url[host..].find('?').map(|at| host + at) else { return Ok((url.to_owned(), own)) };
        let mut others = Vec::new();
        for pair in url[question_mark + 1..].split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = || {
                let decoded = percent_decode_str(value).decode_utf8();
                decoded.map(String::from).map_err(|_| invalid_url(&format!("{name}: not UTF-8")))
            };
            match name {
                "sslmode" => own.sslmode = Some(value()?),
                "sslrootcert" => own.sslrootcert = Some(value()?),
                "sslcert" => own.sslcert = Some(value()?),
                "sslkey" => own.sslkey = Some(value()?),
                "require_auth" if value()? == "scram-sha-256" => own.scram_only = true,
                "require_auth" => return Err(invalid_url("require_auth: only scram-sha-256 can be required")),
                _ => others.push(pair),
            }
        }
        let separator = if others.is_empty() { "" } else { "?" };
        Ok((format!("{}{separator}{}", &url[..question_mark], others.join("&")), own))
    }
}

/// Whether every host of `config` is a loopback address or a Unix socket.
pub(crate) fn is_this_machine(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    let is_local = |host: &Host| match host {
        Host::Unix(_) => true,
        // With `hostaddr`, the host is only the name that the certificate must have.
        Host::Tcp(name) => !addresses.is_empty() || is_loopback(name),
    };
    addresses.iter().all(|address| address.to_canonical().is_loopback()) && config.get_hosts().iter().all(is_local)
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_parameters_are_taken_out_of_the_url_and_decoded() {
        for (name, url, rest, expected) in [
            ("none", "postgres://db/x", "postgres://db/x", OwnParameters::default()),
            (
                "all among others",
                "postgres://me:a?b@db/x?application_name=a&sslmode=verify-full&sslrootcert=%2Fa%20b.pem&connect_timeout=3",
                "postgres://me:a?b@db/x?application_name=a&connect_timeout=3",
                OwnParameters {
                    sslmode: Some("verify-full".into()),
                    sslrootcert: Some("/a b.pem".into()),
                    ..OwnParameters::default()
                },
            ),
            (
                "only own",
                "postgres://db/x?sslcert=c&sslkey=k&require_auth=scram-sha-256",
                "postgres://db/x",
                OwnParameters {
                    sslcert: Some("c".into()),
                    sslkey: Some("k".into()),
                    scram_only: true,
                    ..OwnParameters::default()
                },
            ),
        ] {
            assert_eq!(OwnParameters::split(url).unwrap(), (rest.to_owned(), expected), "{name}");
        }
    }

    #[test]
    fn tls_mode_defaults_by_host() {
        for (url, expected) in [
            ("postgres://localhost/x", TlsMode::Disable),
            ("postgres://127.0.0.1/x", TlsMode::Disable),
            ("postgres://127.8.9.1/x", TlsMode::Disable),
            ("postgres://[::1]/x", TlsMode::Disable),
            ("postgres:///x?host=/run/postgresql", TlsMode::Disable),
            ("postgres://db.example.org/x", TlsMode::Prefer),
            ("postgres://192.0.2.1/x", TlsMode::Prefer),
            ("postgres://localhost,db.example.org/x", TlsMode::Prefer),
            ("postgres://localhost/x?hostaddr=192.0.2.1", TlsMode::Prefer),
            ("postgres://db.example.org/x?hostaddr=127.0.0.1", TlsMode::Disable),
            ("postgres://localhost/x?sslmode=require", TlsMode::Require),
            ("postgres://db.example.org/x?sslmode=disable", TlsMode::Disable),
            ("postgres://db.example.org/x?sslrootcert=system", TlsMode::VerifyFull),
        ] {
            assert_eq!(ConnectTarget::parse(url).unwrap().tls().mode(), expected, "{url}");
        }
    }

    #[test]
    fn at_sign_that_is_not_encoded_is_refused_without_password() {
        for url in ["postgres://me:hunt@er2@db/x", "postgres://m@e:hunter2@db/x", "postgres://me:hunt@er/2@db/x"] {
            let error = ConnectTarget::parse(url).unwrap_err();
            assert!(error.message.contains("%40") && !error.message.contains("er2"), "{url}: {error}");
        }
        for url in
            ["postgres://me:hunt%40er2@db/x", "postgres://me:p?w@db/x", "postgres://me@db/x?application_name=a@b"]
        {
            assert!(ConnectTarget::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn address_names_server_and_database() {
        for (url, expected) in [
            ("postgres://me:hunter2@db.example.org:5433/burntop", "`burntop` at db.example.org:5433"),
            ("postgres://me@db/x%20y?sslmode=disable", "`x y` at db:5432"),
            ("postgres://me:hunter2@[::1]", "`me` at [::1]:5432"),
            ("postgres://a,b:7/x", "`x` at a:5432,b:7"),
            ("postgres:///x?host=/run/postgresql", "`x` at /run/postgresql:5432"),
        ] {
            assert_eq!(DatabaseAddress::parse(url).unwrap().to_string(), expected, "{url}");
        }
    }

    #[test]
    fn contradictory_parameters_are_refused() {
        for (parameters, expected) in [
            ("sslmode=allow", "sslmode"),
            ("sslmode=verify-ca", "sslrootcert"),
            ("sslmode=require&sslrootcert=system", "verify-full"),
            ("sslmode=verify-ca&sslrootcert=/no/such/file", "/no/such/file"),
            ("sslmode=require&sslcert=/no/such/file", "sslkey"),
            ("sslmode=prefer&sslnegotiation=direct", "sslnegotiation"),
            ("require_auth=none", "require_auth"),
            ("sslcrl=/a", "sslcrl"),
            ("host=/run/postgresql", "Unix socket"),
        ] {
            let error = ConnectTarget::parse(&format!("postgres://db.example.org/x?{parameters}")).unwrap_err();
            assert!(error.message.contains(expected), "{parameters}: {error}");
        }
    }
}
