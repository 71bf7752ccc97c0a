//! The live price table of LiteLLM: `http.rs` fetches it, `json.rs` parses it. The domain interprets the entries.
//!
//! A TLS implementation for rustls must be installed before a [`LiveTable`] is built.

mod http;
mod json;

use std::time::Duration;

use async_trait::async_trait;
use domain::pricing::ports::{FetchOutcome, PriceSource, SourceError};

use http::{FetchResponse, Http};
pub use http_client::ClientError;

/// The limits of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// The time limit of one attempt.
    pub timeout: Duration,
    /// The pause before the first retry; it doubles before the next.
    pub pause: Duration,
    /// The most bytes of the table after decompression. The real one has about two million.
    pub bytes: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_mins(1), pause: Duration::from_secs(1), bytes: 32 * 1024 * 1024 }
    }
}

/// The table at a URL.
#[derive(Debug, Clone)]
pub struct LiveTable {
    url: String,
    http: Http,
}

impl LiveTable {
    /// The table at `url`; sends no request yet.
    pub fn at(url: &str, limits: FetchLimits) -> Result<Self, ClientError> {
        Ok(Self { url: url.to_owned(), http: Http::new(limits)? })
    }
}

#[async_trait]
impl PriceSource for LiveTable {
    fn address(&self) -> &str {
        // Without a password before an `@`, and without a query, which may contain a token.
        http::without_secrets(&self.url)
    }

    async fn fetch(&self, known: Option<String>) -> Result<FetchOutcome, SourceError> {
        match self.http.get(&self.url, known.as_deref()).await? {
            FetchResponse::Unchanged => Ok(FetchOutcome::Unchanged),
            FetchResponse::Body { etag, body } => Ok(FetchOutcome::Table { etag, entries: json::entries(&body)? }),
        }
    }
}
