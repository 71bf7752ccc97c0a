//! Loopback servers with scripted answers, for the tests of adapters: [`Script`] answers in order, [`Pages`] by path.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server's reaction to one request.
#[derive(Debug, Clone)]
pub enum ScriptedResponse {
    /// Answers.
    Say {
        status: u16,
        /// One header, as a line.
        header: String,
        body: Vec<u8>,
    },
    /// Closes the connection.
    HangUp,
    /// Sends nothing.
    Wait,
    /// Sends only a part of the announced body.
    Stall,
}

/// Answers with `status` and `body`.
pub fn respond(status: u16, body: impl Into<Vec<u8>>) -> ScriptedResponse {
    respond_with(status, "X-Nothing: 1", body)
}

/// Answers with `status`, `body` and one more header, as a line.
pub fn respond_with(status: u16, header: impl Into<String>, body: impl Into<Vec<u8>>) -> ScriptedResponse {
    ScriptedResponse::Say { status, header: header.into(), body: body.into() }
}

/// Answers 200 with `body`.
pub fn ok(body: impl Into<Vec<u8>>) -> ScriptedResponse {
    respond(200, body)
}

/// A received request.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Method and path with query.
    pub line: String,
    /// The names are in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl ReceivedRequest {
    fn path(&self) -> &str {
        let target = self.line.split(' ').nth(1).unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }

    /// The header called `name` (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The server. Each request takes the next act, and the last act is repeated.
#[derive(Debug)]
pub struct Script {
    /// The address, without a path.
    pub url: String,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Script {
    /// Starts a server with at least one of `acts`; installs a TLS implementation.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn of(acts: impl IntoIterator<Item = ScriptedResponse>) -> Self {
        install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, acts) = (requests.clone(), acts.into_iter().collect::<Vec<_>>());
        tokio::spawn(async move {
            let mut next = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let act = acts[next.min(acts.len() - 1)].clone();
                next += 1;
                let recorded = recorded.clone();
                tokio::spawn(async move { play(stream, |_| act, &recorded).await });
            }
        });
        Self { url, requests }
    }

    /// The requests so far.
    ///
    /// # Panics
    /// If a request made the server panic.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().expect("requests").clone()
    }

    /// Method and path of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|requests| requests.line).collect()
    }
}

/// A server with an answer for each path, which can be replaced; other paths are a 404.
#[derive(Debug)]
pub struct Pages {
    /// The address, without a path.
    pub url: String,
    answers: Arc<Mutex<HashMap<String, ScriptedResponse>>>,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Pages {
    /// Starts a server without pages; installs a TLS implementation.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let pages = Self { url, answers: Arc::default(), requests: Arc::default() };
        let (answers, requests) = (pages.answers.clone(), pages.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, requests) = (answers.clone(), requests.clone());
                tokio::spawn(async move {
                    let answer = |request: &ReceivedRequest| {
                        let known = answers.lock().expect("answers").get(request.path()).cloned();
                        known.unwrap_or_else(|| respond(404, "{}"))
                    };
                    play(stream, answer, &requests).await;
                });
            }
        });
        pages
    }

    /// Answers requests to `path` with `answer`.
    ///
    /// # Panics
    /// If a request made the server panic.
    pub fn set(&self, path: &str, answer: ScriptedResponse) {
        self.answers.lock().expect("answers").insert(path.to_owned(), answer);
    }

    /// The requests to `path` so far.
    ///
    /// # Panics
    /// If a request made the server panic.
    pub fn requests_to(&self, path: &str) -> Vec<ReceivedRequest> {
        let requests = self.requests.lock().expect("requests");
        requests.iter().filter(|request| request.path() == path).cloned().collect()
    }
}

/// Installs a TLS implementation for rustls, once.
pub fn install_tls() {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

async fn play(
    mut stream: TcpStream,
    act: impl FnOnce(&ReceivedRequest) -> ScriptedResponse,
    recorded: &Mutex<Vec<ReceivedRequest>>,
) {
    let Some(request) = read(&mut stream).await else { return };
    let act = act(&request);
    recorded.lock().expect("requests").push(request);
    let (status, header, length, body) = match act {
        ScriptedResponse::Say { status, header, body } => (status, header, body.len(), body),
        ScriptedResponse::HangUp => return,
        ScriptedResponse::Wait => return until_given_up(&mut stream).await,
        ScriptedResponse::Stall => (200, "X-Nothing: 1".to_owned(), 1_000, b"{".to_vec()),
    };
    let head = format!("HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // A client may close the connection before everything is sent.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    if body.len() < length {
        until_given_up(&mut stream).await;
    }
}

/// Waits until the client closes the connection.
async fn until_given_up(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 16]).await;
}

async fn read(stream: &mut TcpStream) -> Option<ReceivedRequest> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head {
            let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = text.lines();
            let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
            let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
            let headers: Vec<_> = lines.filter_map(pair).collect();
            let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
            let length: usize = length.parse().ok()?;
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
                return Some(ReceivedRequest { line, headers, body });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
