//! A minimal HTTP/1.1 client over one open connection, cheap enough not to distort the measurement.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
}

#[derive(Debug)]
pub(crate) struct ServerResponse {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
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

/// The bytes of `GET path`.
pub(crate) fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    request("GET", path, token, None)
}

/// The bytes of `POST path` with a JSON body.
pub(crate) fn post(path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    request("POST", path, token, Some(body))
}

fn request(method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Vec<u8> {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.map(|body| format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    let length = length.unwrap_or_default();
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}{length}\r\n").into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default().as_bytes());
    bytes
}

impl Connection {
    /// Connects to `address`, which is `host:port`.
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(16 * 1024, stream), line: String::new() })
    }

    /// Sends `request` and waits for the answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<ServerResponse> {
        self.stream.get_mut().write_all(request).await.context("sending")?;
        let status = self.head_line().await?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status")?;
        let mut length = None;
        loop {
            let line = self.head_line().await?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let Some(length) = length.or((status == 204).then_some(0)) else { bail!("an answer of unknown length") };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.context("reading an answer")?;
        Ok(ServerResponse { status, body })
    }

    async fn head_line(&mut self) -> Result<&str> {
        self.line.clear();
        let read = self.stream.read_line(&mut self.line).await.context("reading an answer")?;
        ensure!(read > 0, "the server closed the connection");
        Ok(self.line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_with_body_states_its_length() {
        let text = String::from_utf8(post("/x", Some("s_1"), "{}")).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\n") && text.ends_with("Content-Length: 2\r\n\r\n{}"), "{text}");
        assert!(text.contains("Authorization: Bearer s_1\r\n"));
        assert!(!String::from_utf8(get("/x", None)).unwrap().contains("Length"));
    }
}
