//! `api-server healthcheck`: asks the running server for its health, as the health check of a container does.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use bootstrap::{Settings, StartupError};

const PATH: &str = "/api/v1/health";

/// The time limit of the connection and of each wait for the answer. The server itself waits for its database for
/// `database.wait_timeout_seconds`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes read of the answer's first line.
const MOST_BYTES: u64 = 256;

/// Asks the server that listens where `settings` say. Returns a line for the operator; fails unless the server answers 200.
pub(crate) fn ask(settings: &Settings) -> Result<String, StartupError> {
    let (host, port) = (reachable(&settings.server.host), settings.server.port);
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let failed = |reason: String| StartupError::Other { doing: "the health check", reason };
    if port == 0 {
        return Err(failed("PORT is 0, so the server's port is not known".to_owned()));
    }
    let line = status_line(&host, port, &authority)
        .map_err(|error| failed(format!("no answer from http://{authority}{PATH} ({error})")))?;
    let status = line.split(' ').nth(1).unwrap_or(&line);
    let report = format!("http://{authority}{PATH} answers {status}");
    if status == "200" { Ok(report + "\n") } else { Err(failed(report)) }
}

/// The first line of the server's answer.
fn status_line(host: &str, port: u16, authority: &str) -> io::Result<String> {
    let mut stream = connect((host, port).to_socket_addrs()?)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {PATH} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream.take(MOST_BYTES)).read_line(&mut line)?;
    if line.starts_with("HTTP/1.") { Ok(line) } else { Err(ErrorKind::InvalidData.into()) }
}

/// Connects to the first of `addresses` that accepts.
fn connect(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut failure = ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The address under which this machine reaches a server that listens on `host`.
fn reachable(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(any)) if any.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(any)) if any.is_unspecified() => "::1".to_owned(),
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn ask_port(port: u16) -> Result<String, String> {
        let variables = [("PORT", port.to_string()), ("HOST", "127.0.0.1".to_owned())];
        let settings = Settings::from_environment(variables.map(|(name, value)| (name.to_owned(), value))).unwrap();
        ask(&settings).map_err(|error| error.to_string())
    }

    /// Asks a server that answers with `answer` and hangs up.
    fn ask_for(answer: &'static str) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while lines.read_line(&mut line).unwrap() > 2 {
                if line.starts_with("GET") {
                    assert_eq!(line, "GET /api/v1/health HTTP/1.1\r\n");
                }
                line.clear();
            }
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let asked = ask_port(port);
        server.join().unwrap();
        asked
    }

    #[test]
    fn healthcheck_succeeds_only_with_200() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n{}", Ok("answers 200")),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n{}", Err("answers 503")),
            ("SSH-2.0\r\n", Err("no answer")),
            ("", Err("no answer")),
        ] {
            let asked = ask_for(answer);
            let (text, is_healthy) = match &asked {
                Ok(text) | Err(text) => (text, asked.is_ok()),
            };
            let (part, expects_healthy) = match expected {
                Ok(part) | Err(part) => (part, expected.is_ok()),
            };
            assert!(is_healthy == expects_healthy && text.contains(part), "{answer:?}: {asked:?}");
        }
    }

    #[test]
    fn healthcheck_without_a_server_or_a_port_fails() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(ask_port(port).unwrap_err().contains(&format!("no answer from http://127.0.0.1:{port}/api/v1/health")));
        assert!(ask_port(0).unwrap_err().contains("PORT is 0"));
    }

    #[test]
    fn healthcheck_reaches_a_server_on_every_interface_by_loopback() {
        for (host, expected) in
            [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1"), ("localhost", "localhost")]
        {
            assert_eq!(reachable(host), expected);
        }
    }
}
