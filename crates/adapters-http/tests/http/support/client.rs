//! An HTTP/1.1 client that shows exactly what came over the wire.

use std::fmt::Write;
use std::net::SocketAddr;

use actix_web::rt::net::TcpStream;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Knows where the server is.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) SocketAddr);

/// A request that is being put together.
pub(crate) struct Request {
    address: SocketAddr,
    head: String,
    body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn request(self, method: &str, path: &str) -> Request {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        Request { address: self.0, head, body: None }
    }

    pub(crate) async fn get(self, path: &str) -> TestResponse {
        self.request("GET", path).send().await
    }

    pub(crate) async fn post(self, path: &str, body: impl Into<Vec<u8>>) -> TestResponse {
        self.request("POST", path).body(body).send().await
    }
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        write!(self.head, "{name}: {value}\r\n").expect("a string takes everything");
        self
    }

    /// Signs the request with `token`.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) async fn send(self) -> TestResponse {
        let length = self.body.as_ref().map_or(String::new(), |body| format!("Content-Length: {}\r\n", body.len()));
        self.send_raw(&length).await
    }

    /// Sends the request, which has no body, and leaves the answer to be read.
    pub(crate) async fn open(self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        stream.write_all(format!("{}\r\n", self.head).as_bytes()).await.expect("the server listens");
        stream
    }

    /// Reads a stream until it says `word`.
    pub(crate) async fn send_until(self, word: &str) -> TestResponse {
        let mut stream = self.open().await;
        let mut answer = Vec::new();
        while !String::from_utf8_lossy(&answer).contains(word) {
            assert_ne!(stream.read_buf(&mut answer).await.expect("more"), 0, "the stream ended");
        }
        TestResponse::parse(&answer)
    }

    /// Sends with `more` headers instead of the body's length.
    pub(crate) async fn send_raw(self, more: &str) -> TestResponse {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        let mut bytes = format!("{}{more}\r\n", self.head).into_bytes();
        bytes.extend(self.body.unwrap_or_default());
        // The server may answer, and stop reading, before it has seen the whole body.
        let _ = stream.write_all(&bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        TestResponse::parse(&answer)
    }
}

impl TestResponse {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&bytes[..end]).expect("text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers: Vec<_> = lines.filter_map(pair).collect();
        let mut answer = Self { status, headers, body: bytes[end + 4..].to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(&answer.body);
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// The `[loc] type` lines of a 422.
    pub(crate) fn problems(&self) -> Vec<String> {
        assert_eq!((self.status, self.json()["error_code"].as_str()), (422, Some("VALIDATION_ERROR")));
        let detail = self.json()["detail"].clone();
        let line = |problem: &Value| format!("{} {}", problem["loc"], problem["type"].as_str().unwrap_or_default());
        detail.as_array().expect("a list").iter().map(line).collect()
    }

    /// Checks the shape every error has.
    pub(crate) fn assert_error(&self, status: u16, code: &str, details: &Value) {
        let json = self.json();
        assert_eq!((self.status, json["error_code"].as_str()), (status, Some(code)), "{json}");
        assert_eq!(&json["details"], details, "{json}");
        assert_eq!(json["correlation_id"].as_str(), self.header("x-correlation-id"));
        assert_eq!(json["timestamp"], "2026-11-22T12:34:56.789Z");
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(5), "{json}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size @ 1..) = size else { break };
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    whole
}
