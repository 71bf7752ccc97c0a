//! TLS to PostgreSQL: libpq's modes over rustls.

use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as RustlsStream;

use crate::auth_guard::{AuthGuard, AuthPolicy};
use crate::channel_binding::tls_server_end_point;
use crate::error::{ConnectError, invalid_url};
use crate::error_codes::ErrorCodes;

/// PostgreSQL's `SSLRequest`: length 8, code 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// libpq's `sslmode`, without `allow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// Never encrypts.
    Disable,
    /// Encrypts if the server offers TLS. An attacker on the network can prevent that.
    Prefer,
    /// Encrypts, and checks the certificate only if root certificates are given.
    Require,
    /// Also checks that a root certificate signed the server's.
    VerifyCa,
    /// Also checks that the certificate names the host.
    VerifyFull,
}

impl FromStr for TlsMode {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self, ConnectError> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(invalid_url("sslmode: must be disable, prefer, require, verify-ca or verify-full")),
        })
    }
}

/// The TLS and password settings of a URL.
#[derive(Debug)]
pub(crate) struct TlsParameters {
    pub(crate) mode: TlsMode,
    /// A PEM file, or `system`.
    pub(crate) root_cert: Option<String>,
    pub(crate) client_cert: Option<String>,
    pub(crate) client_key: Option<String>,
    /// TLS begins without asking the server for it (PostgreSQL 17 and newer).
    pub(crate) is_direct: bool,
    /// Every host is a loopback address.
    pub(crate) is_local: bool,
    /// The server has to prove that it knows the password.
    pub(crate) scram_only: bool,
}

/// Encrypts connections with the settings of a URL. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    mode: TlsMode,
    is_direct: bool,
    policy: AuthPolicy,
    config: Arc<ClientConfig>,
    awaits_end: bool,
}

impl Tls {
    pub(crate) fn new(parameters: &TlsParameters) -> Result<Self, ConnectError> {
        let &TlsParameters { mode, is_direct, is_local, scram_only, .. } = parameters;
        if is_direct && matches!(mode, TlsMode::Disable | TlsMode::Prefer) {
            return Err(invalid_url("sslnegotiation=direct needs sslmode=require or stronger"));
        }
        let config = Arc::new(client_config(parameters)?);
        Ok(Self { mode, is_direct, policy: AuthPolicy { scram_only, is_local }, config, awaits_end: false })
    }

    /// The same for the connection of a cancel request: its shutdown waits until the server has acted on the request.
    pub(crate) fn for_cancel_request(&self) -> Self {
        Self { awaits_end: true, ..self.clone() }
    }

    #[cfg(test)]
    pub(crate) fn mode(&self) -> TlsMode {
        self.mode
    }
}

fn client_config(parameters: &TlsParameters) -> Result<ClientConfig, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(parameters, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid_url(&error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match (&parameters.client_cert, &parameters.client_key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(cert), Some(key)) => {
            let unreadable =
                |error| invalid_url(&format!("sslkey: cannot read a PEM private key from {key} ({error})"));
            let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable)?;
            let chain = certificates("sslcert", cert)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| invalid_url(&format!("sslcert, sslkey: {error}")))?
        }
        _ => return Err(invalid_url("sslcert and sslkey must be given together")),
    };
    if parameters.is_direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

fn verifier(
    parameters: &TlsParameters,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConnectError> {
    let algorithms = provider.signature_verification_algorithms;
    let roots = match (parameters.mode, parameters.root_cert.as_deref()) {
        (TlsMode::Disable, _) | (TlsMode::Prefer | TlsMode::Require, None) => {
            return Ok(Arc::new(ChainVerifier { roots: None, algorithms }));
        }
        (TlsMode::VerifyCa, None) => return Err(invalid_url("sslmode=verify-ca needs sslrootcert")),
        (TlsMode::VerifyFull, None | Some("system")) => system_roots()?,
        // Any owner of a public certificate would pass.
        (_, Some("system")) => return Err(invalid_url("sslrootcert=system needs sslmode=verify-full")),
        (_, Some(file)) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates("sslrootcert", file)? {
                roots.add(certificate).map_err(|error| invalid_url(&format!("sslrootcert: {file}: {error}")))?;
            }
            Arc::new(roots)
        }
    };
    if parameters.mode != TlsMode::VerifyFull {
        return Ok(Arc::new(ChainVerifier { roots: Some(roots), algorithms }));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
    Ok(verifier.map_err(|error| invalid_url(&format!("sslrootcert: {error}")))?)
}

fn certificates(parameter: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        invalid_url(&format!("{parameter}: cannot read PEM certificates from {file} ({error})"))
    };
    let found = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| unreadable(&error))?;
    if found.is_empty() { Err(unreadable(&"it holds none")) } else { Ok(found) }
}

/// The root certificates of the operating system, read once: that takes tens of milliseconds.
fn system_roots() -> Result<Arc<RootCertStore>, ConnectError> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    if roots.is_empty() {
        return Err(invalid_url(
            "sslmode=verify-full: the system has no root certificates; install ca-certificates or set sslrootcert",
        ));
    }
    Ok(Arc::clone(roots))
}

/// Checks the signature of a certificate and not its name; without roots it accepts every certificate.
#[derive(Debug)]
struct ChainVerifier {
    roots: Option<Arc<RootCertStore>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for ChainVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            rustls::client::verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = ServerStream;
    type TlsConnect = HostTls;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<HostTls> {
        Ok(HostTls { tls: self.clone(), host: host.trim_start_matches('[').trim_end_matches(']').to_owned() })
    }
}

/// Encrypts one connection to `host`.
pub(crate) struct HostTls {
    tls: Tls,
    host: String,
}

impl TlsConnect<Socket> for HostTls {
    type Stream = ServerStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<ServerStream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(self.negotiate(socket))
    }
}

impl HostTls {
    async fn negotiate(self, mut socket: Socket) -> io::Result<ServerStream> {
        let Tls { mode, is_direct, policy, config, awaits_end } = self.tls;
        let is_encrypted = mode != TlsMode::Disable && (is_direct || offers_tls(&mut socket).await?);
        let (guard, codes) = (AuthGuard::new(policy, is_encrypted), ErrorCodes::new());
        if !is_encrypted {
            return match mode {
                TlsMode::Disable | TlsMode::Prefer => {
                    Ok(ServerStream { transport: Transport::Plain(socket), guard, codes, awaits_end })
                }
                _ => Err(io::Error::other("the server does not offer TLS, which sslmode requires")),
            };
        }
        let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
        let stream = TlsConnector::from(config).connect(name, socket).await?;
        Ok(ServerStream { transport: Transport::Tls(Box::new(stream)), guard, codes, awaits_end })
    }
}

/// Requests TLS. Reads one byte alone: the bytes after it belong to the handshake.
async fn offers_tls(socket: &mut Socket) -> io::Result<bool> {
    socket.write_all(&SSL_REQUEST).await?;
    match socket.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        _ => Err(io::Error::other("the server did not understand the request for TLS")),
    }
}

/// A connection to the server, encrypted or not, whose first answer is checked by an [`AuthGuard`] and whose errors get their codes
/// from [`ErrorCodes`].
pub(crate) struct ServerStream {
    transport: Transport,
    guard: AuthGuard,
    codes: ErrorCodes,
    /// Whether a shutdown waits until the server closes the connection.
    awaits_end: bool,
}

enum Transport {
    Plain(Socket),
    Tls(Box<RustlsStream<Socket>>),
}

impl TlsStream for ServerStream {
    fn channel_binding(&self) -> ChannelBinding {
        let Transport::Tls(stream) = &self.transport else { return ChannelBinding::none() };
        let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        certificate
            .and_then(|certificate| tls_server_end_point(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for ServerStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { transport, guard, codes, .. } = self.get_mut();
        codes.poll_read(context, buf, |context, buf| guard.poll_read(transport, context, buf))
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { transport, awaits_end, .. } = self.get_mut();
        if *awaits_end {
            return transport.poll_end(context).map(Ok);
        }
        match transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl Transport {
    /// Reads until the server closes the connection, or the connection fails.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut bytes = [0; 64];
            let mut buf = ReadBuf::new(&mut bytes);
            if ready!(Pin::new(&mut *self).poll_read(context, &mut buf)).is_err() || buf.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buf),
        }
    }
}
