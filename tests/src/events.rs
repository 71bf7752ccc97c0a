//! Server-Sent Events, as a client reads them.

use reqwest::{Method, Response};
use serde_json::Value;

use crate::client::Client;

/// An open stream.
#[derive(Debug)]
pub struct Events {
    response: Response,
    unread: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub data: Value,
}

impl Events {
    /// Opens the live feed of whoever `client` is, after the event called `last`. On return the server listens for them.
    pub async fn open(client: &Client, last: Option<&str>) -> Self {
        let request = client.request(Method::GET, "/feed/stream");
        let request = match last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        };
        let response = request.send().await.expect("the server answers");
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        assert_eq!((response.status().as_u16(), kind), (200, Some("text/event-stream")));
        Self { response, unread: String::new() }
    }

    /// Waits for the next activity; `None` when the stream ended as it should.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.unread.find("\n\n") {
                let block: String = self.unread.drain(..end + 2).collect();
                if let Some(event) = parse(&block).filter(|event| event.name == "activity") {
                    return Some(event);
                }
            }
            let chunk = self.response.chunk().await.expect("a stream that is not cut off")?;
            self.unread.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// Waits for the next `count` activities.
    pub async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.next().await.expect("another activity"));
        }
        events
    }
}

/// The event that `block` writes; `None` for one that only tells the client how to behave.
fn parse(block: &str) -> Option<Event> {
    let field =
        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned);
    let data = field("data")?;
    Some(Event {
        id: field("id"),
        name: field("event").unwrap_or_default(),
        data: serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}")),
    })
}
