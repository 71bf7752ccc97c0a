//! The live price table of LiteLLM: `http.rs` fetches it, `json.rs` reads it. What its entries mean is the domain's business.
//!
//! Whoever makes a [`LiveTable`] has installed a TLS implementation for rustls before.

mod http;
mod json;

use std::time::Duration;

use async_trait::async_trait;
use domain::pricing::ports::{Fetched, PriceSource, SourceError};

use http::{Answer, Http};
pub use http_client::ClientError;

/// How the table is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// How long one try may take.
    pub timeout: Duration,
    /// How long to wait before the first retry; twice as long before the next.
    pub pause: Duration,
    /// The most bytes of the table, unpacked. The real one has some two million.
    pub bytes: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_mins(1), pause: Duration::from_secs(1), bytes: 32 * 1024 * 1024 }
    }
}

/// The table at an address.
#[derive(Debug, Clone)]
pub struct LiveTable {
    url: String,
    http: Http,
}

impl LiveTable {
    /// The table at `url`. Nothing is asked yet.
    pub fn at(url: &str, limits: FetchLimits) -> Result<Self, ClientError> {
        Ok(Self { url: url.to_owned(), http: Http::new(limits)? })
    }
}

#[async_trait]
impl PriceSource for LiveTable {
    fn address(&self) -> &str {
        // Without a password, which an address may have before an `@`, and without a query, which may be a token.
        http::without_secrets(&self.url)
    }

    async fn fetch(&self, known: Option<String>) -> Result<Fetched, SourceError> {
        match self.http.get(&self.url, known.as_deref()).await? {
            Answer::Unchanged => Ok(Fetched::Unchanged),
            Answer::Body { etag, body } => Ok(Fetched::Table { etag, entries: json::entries(&body)? }),
        }
    }
}
