//! A TLS proxy in front of a mail server on the loopback interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The start of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsStart {
    /// With the first byte.
    AtOnce,
    /// After `STARTTLS`.
    WhenAsked,
}

/// A self-signed certificate of this machine's addresses.
pub struct Identity {
    acceptor: TlsAcceptor,
    directory: TempDir,
}

impl Identity {
    /// A new certificate for the name `localhost` and for 0.0.0.0, which is this machine too but not a loopback address.
    pub fn new() -> Self {
        let names = ["localhost".to_owned(), "0.0.0.0".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate and its key");
        let directory = TempDir::new().expect("a directory");
        std::fs::write(directory.path().join("certificate.pem"), cert.pem()).expect("a file");
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), directory }
    }

    /// The file with the certificate, for programs that should trust it.
    pub fn certificate(&self) -> PathBuf {
        Path::join(self.directory.path(), "certificate.pem")
    }

    /// Starts a proxy for the mail server at `port`; returns the proxy's port.
    pub async fn door(&self, opens: TlsStart, port: u16) -> u16 {
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust the certificate closes the connection.
                tokio::spawn(pass(stream, opens, acceptor.clone(), port));
            }
        });
        own
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

async fn pass(mut stream: TcpStream, opens: TlsStart, acceptor: TlsAcceptor, port: u16) -> std::io::Result<()> {
    if opens == TlsStart::WhenAsked && !is_asked(&mut stream).await? {
        return Ok(());
    }
    let mut safe = acceptor.accept(stream).await?;
    let mut server = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
    if opens == TlsStart::WhenAsked {
        // The client has been greeted already.
        server.read_line(&mut String::new()).await?;
    }
    copy_bidirectional(&mut safe, &mut server).await.map(drop)
}

/// Greets the client; returns whether it sent STARTTLS.
async fn is_asked(stream: &mut TcpStream) -> std::io::Result<bool> {
    stream.write_all(b"220 fake ESMTP\r\n").await?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let is_asked = line.trim_end().eq_ignore_ascii_case("STARTTLS");
        let answer: &[u8] = if is_asked { b"220 go on\r\n" } else { b"250-fake\r\n250 STARTTLS\r\n" };
        stream.write_all(answer).await?;
        if is_asked {
            return Ok(true);
        }
    }
}
