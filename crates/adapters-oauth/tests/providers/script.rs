//! A server on the loopback that follows a script.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use adapters_oauth::Application;
use domain::identity::{AccessToken, Verifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with a status and a body.
    Say(u16, String),
    /// The same with one more header.
    SayWith(u16, &'static str, String),
    /// Hangs up.
    HangUp,
    /// Never answers.
    Wait,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Method and path with query.
    pub(crate) line: String,
    /// The headers, their names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The server; each request takes the next act, and the last one is repeated.
pub(crate) struct Script {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) fn ok(body: &str) -> Act {
    Act::Say(200, body.to_owned())
}

impl Script {
    pub(crate) async fn of(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, acts) = (asked.clone(), acts.into_iter().collect::<Vec<_>>());
        tokio::spawn(async move {
            let mut next = 0;
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let act = acts[next.min(acts.len() - 1)].clone();
                next += 1;
                let noted = noted.clone();
                tokio::spawn(async move { play(stream, act, &noted).await });
            }
        });
        Self { url, asked }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("requests").clone()
    }

    /// Method and path of what it was asked.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    /// An application registered here.
    pub(crate) fn application(&self) -> Application {
        application(&self.url)
    }
}

/// An application registered at `url`.
pub(crate) fn application(url: &str) -> Application {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Application {
        client_id: "our id".to_owned(),
        client_secret: "our secret".to_owned(),
        web_url: url.to_owned(),
        api_url: format!("{url}/api"),
        callback_url: "https://burntop.example.org/api/v1/auth/oauth/x/callback".to_owned(),
        timeout: Duration::from_mins(1),
    }
}

pub(crate) fn token() -> AccessToken {
    AccessToken::parse("token-of-a-client").expect("a token")
}

pub(crate) fn verifier() -> Verifier {
    Verifier::of([9; 32])
}

async fn play(mut stream: TcpStream, act: Act, noted: &Mutex<Vec<Asked>>) {
    let Some(asked) = read(&mut stream).await else { return };
    noted.lock().expect("requests").push(asked);
    let (status, header, body) = match act {
        Act::Say(status, body) => (status, "X-Nothing: 1", body),
        Act::SayWith(status, header, body) => (status, header, body),
        Act::HangUp => return,
        Act::Wait => {
            // Until the client gives up.
            let _ = stream.read(&mut [0; 16]).await;
            return;
        }
    };
    let head =
        format!("HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client may have seen enough before everything was sent.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
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
                return Some(Asked { line, headers, body });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
