//! Requests over one open connection, cheap enough not to distort the measurement.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub(crate) type Request = hyper::Request<Full<Bytes>>;

#[derive(Debug)]
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

#[derive(Debug)]
pub(crate) struct ServerResponse {
    pub(crate) status: u16,
    /// The seconds of the header `Retry-After`, if it has any.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Bytes,
}

impl ServerResponse {
    /// Fails unless the status is 2xx.
    pub(crate) fn success(self) -> Result<Self> {
        let text = || String::from_utf8_lossy(&self.body[..self.body.len().min(500)]).into_owned();
        ensure!((200..300).contains(&self.status), "the server answered {}: {}", self.status, text());
        Ok(self)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context("the body is not JSON")
    }
}

/// `GET path`.
pub(crate) fn get(path: &str, token: Option<&str>) -> Result<Request> {
    request("GET", path, token, None)
}

/// `POST path` with a JSON body.
pub(crate) fn post(path: &str, token: Option<&str>, body: String) -> Result<Request> {
    request("POST", path, token, Some(body))
}

fn request(method: &str, path: &str, token: Option<&str>, body: Option<String>) -> Result<Request> {
    let mut request = hyper::Request::builder().method(method).uri(path).header(HOST, "127.0.0.1");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    Ok(request.body(Full::from(body.unwrap_or_default()))?)
}

impl Connection {
    /// Connects to `address`, which is `host:port`.
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender, whose requests report its errors.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends `request` and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<ServerResponse> {
        let response = self.stream(request).await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.into_body().collect().await.context("reading an answer")?.to_bytes();
        Ok(ServerResponse { status, retry_after, body })
    }

    /// Sends `request`; returns the answer when its head has arrived.
    pub(crate) async fn stream(&mut self, request: &Request) -> Result<hyper::Response<Incoming>> {
        self.0.ready().await.context("the server closed the connection")?;
        self.0.send_request(request.clone()).await.context("sending a request")
    }
}
