//! Requests to a provider, with retries, limits and without redirects.

use std::time::Duration;

use domain::identity::ProviderError;
use http_client::{BodyError, ClientError, reason};
use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;

/// The most bytes of an answer; real ones have a few thousand.
const LONGEST_ANSWER: usize = 256 * 1024;

/// The number of retries.
const RETRIES: u32 = 2;

/// The pause before the first retry; it doubles before the next.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Whether a request can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// Always, because it changes nothing.
    Safe,
    /// Only if it was not sent, because it uses up a code.
    UnlessSent,
}

#[derive(Debug)]
pub(crate) struct ProviderResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

impl ProviderResponse {
    /// Parses the body, whatever the status.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        // A parse error quotes values of the wrong type. Answers with tokens are therefore parsed into types that accept any text.
        serde_json::from_slice(&self.body).map_err(|error| {
            ProviderError::Unavailable(format!("it answered {} with an unreadable body: {error}", self.status))
        })
    }

    /// Parses the body of a 2xx answer; other answers are errors.
    pub(crate) fn success<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        if self.status.is_success() { self.read() } else { Err(self.unexpected()) }
    }

    /// The error of an unexpected status.
    pub(crate) fn unexpected(&self) -> ProviderError {
        ProviderError::Unavailable(format!("it answered {}", self.status))
    }
}

/// A client for one provider.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client);

impl Http {
    /// A client with `timeout` for each request. It follows no redirects, so that only the provider receives a token.
    pub(crate) fn new(timeout: Duration) -> Result<Self, ClientError> {
        http_client::client(timeout, redirect::Policy::none()).map(Self)
    }

    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    pub(crate) fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }

    /// Sends `request`; repeats it up to two times if the provider cannot be reached or answers 5xx, as `again` permits.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        again: RetryPolicy,
    ) -> Result<ProviderResponse, ProviderError> {
        let request = request.header(ACCEPT, "application/json");
        let mut pause = FIRST_RETRY_DELAY;
        for _ in 0..RETRIES {
            let Some(copy) = request.try_clone() else { break };
            match once(copy).await {
                Ok(answer) if answer.status.is_server_error() && again == RetryPolicy::Safe => {}
                Err(Failure { retriable, .. }) if retriable.allows(again) => {}
                done => return judged(done),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        judged(once(request).await)
    }
}

/// The failure of one attempt.
struct Failure {
    error: ProviderError,
    retriable: Retriable,
}

/// When a failed attempt can be repeated.
#[derive(Debug, Clone, Copy)]
enum Retriable {
    /// The request was not sent.
    Always,
    /// The request may have arrived.
    IfSafe,
    /// A repetition would fail in the same way, or take as long again.
    Never,
}

impl Retriable {
    fn allows(self, again: RetryPolicy) -> bool {
        match self {
            Self::Always => true,
            Self::IfSafe => again == RetryPolicy::Safe,
            Self::Never => false,
        }
    }
}

fn judged(done: Result<ProviderResponse, Failure>) -> Result<ProviderResponse, ProviderError> {
    let answer = done.map_err(|failure| failure.error)?;
    let status = answer.status;
    if status.is_server_error() || status.is_redirection() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(answer.unexpected());
    }
    Ok(answer)
}

async fn once(request: RequestBuilder) -> Result<ProviderResponse, Failure> {
    let response = request.send().await.map_err(failure)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = http_client::body(response, LONGEST_ANSWER).await.map_err(|error| match error {
        BodyError::Broken(error) => failure(error),
        BodyError::TooLong => {
            let error = ProviderError::Unavailable(format!("it answered with more than {LONGEST_ANSWER} bytes"));
            Failure { error, retriable: Retriable::Never }
        }
    })?;
    Ok(ProviderResponse { status, headers, body })
}

fn failure(error: reqwest::Error) -> Failure {
    let retriable = if error.is_timeout() || error.is_builder() {
        Retriable::Never
    } else if error.is_connect() {
        Retriable::Always
    } else {
        Retriable::IfSafe
    };
    Failure { error: ProviderError::Unavailable(reason(&error.without_url())), retriable }
}
