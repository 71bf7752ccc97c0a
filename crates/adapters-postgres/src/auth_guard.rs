//! Keeps the password from servers that request a weaker method of authentication.
//!
//! `tokio-postgres` answers every method of authentication that the server asks for, with the password itself if asked
//! for that. The guard reads the first message of the server before the driver does and ends the connection if the
//! method is not permitted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// An authentication request: type `R`, four bytes of length, four bytes that name the method.
const REQUEST_BYTES: usize = 9;

/// The types of messages with which a server can answer first: an authentication request, an error, a notice, or the version of the
/// protocol that it supports.
const FIRST_MESSAGES: [u8; 4] = *b"RENv";

/// Which methods of authentication may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuthPolicy {
    /// Only SCRAM, in which the server proves that it knows the password.
    pub(crate) scram_only: bool,
    /// The server runs on this machine.
    pub(crate) is_local: bool,
}

impl AuthPolicy {
    /// Whether the method with this code may be answered; the codes are those of PostgreSQL's protocol.
    fn check(self, method: u32, is_encrypted: bool) -> Result<(), &'static str> {
        match method {
            3 if !is_encrypted && !self.is_local => {
                Err("the server asks for the password in clear text over a connection without TLS")
            }
            0 | 3 | 5 if self.scram_only => Err("the server does not ask for SCRAM authentication, which is required"),
            _ => Ok(()),
        }
    }
}

/// Checks the first message that passes through it; everything after that passes unread.
#[derive(Debug)]
pub(crate) struct AuthGuard {
    policy: AuthPolicy,
    is_encrypted: bool,
    bytes: [u8; REQUEST_BYTES],
    received: usize,
    delivered: usize,
    is_checked: bool,
}

impl AuthGuard {
    pub(crate) fn new(policy: AuthPolicy, is_encrypted: bool) -> Self {
        Self { policy, is_encrypted, bytes: [0; REQUEST_BYTES], received: 0, delivered: 0, is_checked: false }
    }

    /// Reads from `stream` into `buf`.
    pub(crate) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_checked {
            // The type alone first: a message of another type may be shorter.
            let wanted = if self.received == 0 { 1 } else { REQUEST_BYTES };
            let mut part = ReadBuf::new(&mut self.bytes[self.received..wanted]);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut part))?;
            let read = part.filled().len();
            self.received += read;
            if read > 0 && !FIRST_MESSAGES.contains(&self.bytes[0]) {
                return Poll::Ready(Err(io::Error::other(
                    "the server does not speak the protocol of PostgreSQL; it may be another program",
                )));
            }
            let is_request = self.bytes[0] == b'R';
            self.is_checked = read == 0 || !is_request || self.received == REQUEST_BYTES;
            if let (true, [b'R', _, _, _, _, method @ ..]) = (self.received == REQUEST_BYTES, self.bytes) {
                self.policy.check(u32::from_be_bytes(method), self.is_encrypted).map_err(io::Error::other)?;
            }
        }
        if self.delivered < self.received {
            let count = buf.remaining().min(self.received - self.delivered);
            buf.put_slice(&self.bytes[self.delivered..self.delivered + count]);
            self.delivered += count;
            return Poll::Ready(Ok(()));
        }
        Pin::new(stream).poll_read(context, buf)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::connect::ConnectTarget;

    const OK: u32 = 0;
    const CLEAR_TEXT: u32 = 3;
    const MD5: u32 = 5;
    const SASL: u32 = 10;

    #[test]
    fn auth_clear_text_needs_tls_or_local_server() {
        for (is_encrypted, is_local, permitted) in
            [(false, false, false), (false, true, true), (true, false, true), (true, true, true)]
        {
            let policy = AuthPolicy { scram_only: false, is_local };
            assert_eq!(policy.check(CLEAR_TEXT, is_encrypted).is_ok(), permitted, "{is_encrypted} {is_local}");
            for method in [OK, MD5, SASL] {
                assert!(policy.check(method, is_encrypted).is_ok(), "{method}");
            }
        }
    }

    #[test]
    fn auth_scram_only_refuses_other_methods() {
        let policy = AuthPolicy { scram_only: true, is_local: true };
        for is_encrypted in [false, true] {
            for method in [OK, CLEAR_TEXT, MD5] {
                assert!(policy.check(method, is_encrypted).is_err(), "{method}");
            }
            assert!(policy.check(SASL, is_encrypted).is_ok());
        }
    }

    /// A server that asks for authentication with `method`, byte by byte; returns what the client sends after the start-up message.
    fn impostor(method: u32) -> (u16, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            client.read_exact(&mut length).unwrap();
            let mut startup = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
            client.read_exact(&mut startup).unwrap();
            let salt: &[u8] = if method == MD5 { b"salt" } else { b"" };
            let length = u32::try_from(8 + salt.len()).unwrap();
            for byte in [b"R", &length.to_be_bytes()[..], &method.to_be_bytes(), salt].concat() {
                if client.write_all(&[byte]).is_err() {
                    break;
                }
            }
            let mut answer = vec![0; 64];
            let count = client.read(&mut answer).unwrap_or_default();
            answer.truncate(count);
            answer
        });
        (port, server)
    }

    async fn answer_to(method: u32, parameters: &str) -> (String, Vec<u8>) {
        let (port, server) = impostor(method);
        let url = format!("postgres://me:hunter2@127.0.0.1:{port}/x{parameters}");
        let error = ConnectTarget::parse(&url).unwrap().connect().await.err().unwrap();
        (error.message, server.join().unwrap())
    }

    #[tokio::test]
    async fn auth_impostor_asking_for_password_gets_nothing() {
        for method in [CLEAR_TEXT, MD5, OK] {
            let (error, answer) = answer_to(method, "?require_auth=scram-sha-256").await;
            assert!(error.contains("SCRAM"), "{method}: {error}");
            assert!(answer.is_empty(), "{method}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn server_of_another_protocol_is_recognised() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            client
        });
        let url = format!("postgres://me:hunter2@127.0.0.1:{port}/x");
        let error = ConnectTarget::parse(&url).unwrap().connect().await.err().unwrap();
        assert!(error.message.contains("does not speak the protocol of PostgreSQL"), "{error}");
        drop(server.join().unwrap());
    }

    #[tokio::test]
    async fn auth_local_server_gets_password_unless_scram_is_required() {
        let (_, answer) = answer_to(CLEAR_TEXT, "").await;
        assert!(answer.windows(7).any(|part| part == b"hunter2"), "{answer:?}");
    }
}
