//! A client of Server-Sent Events.

use reqwest::{Method, Response};
use serde_json::Value;

use crate::client::Client;

#[derive(Debug)]
pub struct Events {
    response: Response,
    unread: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: Option<String>,
    pub name: String,
    pub data: Value,
}

impl Events {
    /// Opens the live feed of the account of `client`, after the event with the id `last`. On return the server is listening.
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

    /// Waits for the next activity; `None` if the stream has ended regularly.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.unread.find("\n\n") {
                let block: String = self.unread.drain(..end + 2).collect();
                if let Some(event) = parse(&block).filter(|event| event.name == "activity") {
                    return Some(event);
                }
            }
            let chunk = self.response.chunk().await.expect("a complete stream")?;
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

/// Parses the event in `block`; `None` if it has no data, such as a comment or a retry interval.
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
