//! A server on the loopback that follows a script.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use adapters_pricing::{FetchLimits, LiveTable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with a status, a header and a body.
    Say(u16, String, Vec<u8>),
    /// Hangs up.
    HangUp,
    /// Promises a body and never sends all of it.
    Stall,
}

/// The server; each request takes the next act, and the last one is repeated.
pub(crate) struct Script {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn say(status: u16, header: impl Into<String>, body: impl Into<Vec<u8>>) -> Act {
    Act::Say(status, header.into(), body.into())
}

pub(crate) fn ok(body: &str) -> Act {
    say(200, "X-Nothing: 1", body)
}

/// What tests allow: patient, for a slow machine, and without pauses.
pub(crate) fn limits() -> FetchLimits {
    FetchLimits { timeout: Duration::from_mins(1), pause: Duration::ZERO, bytes: 100_000 }
}

/// The table at `url`.
pub(crate) fn table(url: &str, limits: FetchLimits) -> LiveTable {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    LiveTable::at(url, limits).expect("a client")
}

impl Script {
    pub(crate) async fn of(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/table.json", listener.local_addr().expect("an address"));
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

    /// The heads of the requests so far, in lower case.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("requests").clone()
    }

    /// The table here.
    pub(crate) fn table(&self) -> LiveTable {
        table(&self.url, limits())
    }
}

async fn play(mut stream: TcpStream, act: Act, noted: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    noted.lock().expect("requests").push(String::from_utf8_lossy(&head).to_lowercase());
    let (status, header, length, body) = match act {
        Act::Say(status, header, body) => (status, header, body.len(), body),
        Act::HangUp => return,
        Act::Stall => (200, "X-Nothing: 1".to_owned(), 1_000, b"{".to_vec()),
    };
    let head = format!("HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // A client may have seen enough before everything was sent.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    if body.len() < length {
        // Until the client gives up.
        let _ = stream.read(&mut [0; 16]).await;
    }
}
