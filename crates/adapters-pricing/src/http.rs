//! Fetches the table over HTTP, with retries, limits and redirects only on the same host.

use std::time::Duration;

use domain::pricing::ports::SourceError;
use http_client::{BodyError, ClientError, reason};
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use crate::FetchLimits;

/// The number of retries.
const RETRIES: u32 = 2;

/// The most redirects that are followed, all on the same host.
const REDIRECTS: usize = 3;

/// The most characters of an `ETag`; a longer one is ignored.
const LONGEST_ETAG: usize = 200;

pub(crate) enum FetchResponse {
    /// The table has the known `ETag`.
    Unchanged,
    /// The table is new.
    Body { etag: Option<String>, body: Vec<u8> },
}

/// A client for the table.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    pause: Duration,
    bytes: usize,
}

impl Http {
    /// A client with `limits`. It follows no redirect to another host.
    pub(crate) fn new(limits: FetchLimits) -> Result<Self, ClientError> {
        let redirects = redirect::Policy::custom(|attempt| {
            let stays = attempt.previous().first().is_some_and(|original| is_same_host(original, attempt.url()));
            if stays && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
        });
        let client = http_client::client(limits.timeout, redirects)?;
        Ok(Self { client, pause: limits.pause, bytes: limits.bytes })
    }

    /// Fetches `url`, unless its `ETag` is still `known`. Retries up to two times if the server cannot be reached, closes the
    /// connection or answers 5xx.
    pub(crate) async fn get(&self, url: &str, known: Option<&str>) -> Result<FetchResponse, SourceError> {
        let mut pause = self.pause;
        for _ in 0..RETRIES {
            match self.once(url, known).await {
                Err(Failure { is_passing: true, .. }) => {}
                done => return done.map_err(|failure| failure.error),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.once(url, known).await.map_err(|failure| failure.error)
    }

    async fn once(&self, url: &str, known: Option<&str>) -> Result<FetchResponse, Failure> {
        let mut request = self.client.get(url).header(ACCEPT, "application/json, text/plain");
        if let Some(known) = known {
            request = request.header(IF_NONE_MATCH, known);
        }
        let response = request.send().await.map_err(failure)?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && known.is_some() {
            return Ok(FetchResponse::Unchanged);
        }
        if status != StatusCode::OK {
            let what = if status.is_redirection() { ", which leads to another host or nowhere" } else { "" };
            let error = SourceError::Unavailable(format!("it answered {status}{what}"));
            return Err(Failure { error, is_passing: status.is_server_error() });
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.filter(|etag| etag.len() <= LONGEST_ETAG).map(str::to_owned);
        Ok(FetchResponse::Body { etag, body: self.body(response).await? })
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, Failure> {
        http_client::body(response, self.bytes).await.map_err(|error| match error {
            BodyError::Broken(error) => failure(error),
            BodyError::TooLong => {
                let error = SourceError::Nonsense(format!("it has more than {} bytes", self.bytes));
                Failure { error, is_passing: false }
            }
        })
    }
}

fn is_same_host(one: &Url, other: &Url) -> bool {
    let place = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    place(one) == place(other)
}

/// `url` without secrets: without query and fragment, and only the scheme if it contains a user.
pub(crate) fn without_secrets(url: &str) -> &str {
    let shown = url.split(['?', '#']).next().unwrap_or_default();
    match shown.split_once("://") {
        Some((scheme, rest)) if rest.split('/').next().is_some_and(|host| host.contains('@')) => scheme,
        _ => shown,
    }
}

/// The failure of one attempt.
struct Failure {
    error: SourceError,
    /// Whether a retry may help. After a timeout it would take as long again.
    is_passing: bool,
}

fn failure(error: reqwest::Error) -> Failure {
    let is_passing = !(error.is_timeout() || error.is_builder() || error.is_redirect());
    Failure { error: SourceError::Unavailable(reason(&error.without_url())), is_passing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_url_is_shown_without_secrets() {
        for (url, shown) in [
            ("https://example.org/a/b.json", "https://example.org/a/b.json"),
            ("https://example.org/b.json?token=x#y", "https://example.org/b.json"),
            ("https://ada:secret@example.org/b.json", "https"),
            ("https://example.org/@b.json", "https://example.org/@b.json"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }

    #[test]
    fn same_host_compares_scheme_host_and_port() {
        let url = |text: &str| Url::parse(text).expect("an address");
        let original = url("https://example.org/table");
        for (other, is_same) in [
            ("https://example.org:443/elsewhere", true),
            ("http://example.org/table", false),
            ("https://example.org:8443/table", false),
            ("https://www.example.org/table", false),
            ("https://169.254.169.254/table", false),
        ] {
            assert_eq!(is_same_host(&original, &url(other)), is_same, "{other}");
        }
    }
}
