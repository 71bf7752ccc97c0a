//! The HTTP API of the server, `/api/v1`.

mod account;
mod device;
mod error;
mod retry;
mod server_url;
mod sync;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::runtime::Runtime;

pub(crate) use account::{Account, IssuedToken};
pub(crate) use device::{DeviceCodes, DevicePoll};
pub(crate) use error::ApiError;
pub(crate) use retry::Retry;
pub(crate) use server_url::ServerUrl;
pub(crate) use sync::{Handover, SyncAnswer, SyncBody, SyncMessage, SyncState, SyncStats, SyncWarning};

use crate::credentials::{Credentials, Token};
use crate::output::note;

const USER_AGENT: &str = concat!("burntop/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A sync of 5,000 messages waits for its turn on a busy server.
const SYNC_TIMEOUT: Duration = Duration::from_mins(3);
/// After this time a line says what takes so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Answers are small; a longer one is not from burntop.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// A server, with or without a sign-in.
pub(crate) struct Api {
    runtime: Runtime,
    client: Client,
    server: ServerUrl,
    token: Option<Token>,
}

/// A request with its body.
enum RequestBody {
    Empty,
    Json(Value),
    /// The JSON of a sync, compressed.
    Gzip(Vec<u8>),
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct ApiAnswer {
    body: Vec<u8>,
    /// The server's clock.
    pub(crate) date: Option<OffsetDateTime>,
}

impl Api {
    /// The server without a sign-in.
    pub(crate) fn new(server: ServerUrl) -> Result<Self, ApiError> {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // A redirected POST loses its body, and its target would receive the token.
            .redirect(Policy::none());
        // The proxies of the environment apply, as to any program of the user, but lead nowhere from here to here.
        let client = if server.is_loopback() { client.no_proxy() } else { client };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            runtime: runtime.map_err(|error| ApiError::Setup(error.to_string()))?,
            client: client.build().map_err(|error| ApiError::Setup(error::reason(&error)))?,
            server,
            token: None,
        })
    }

    /// The server and account of `credentials`.
    pub(crate) fn signed_in(credentials: &Credentials) -> Result<Self, ApiError> {
        Ok(Self::new(credentials.server.clone())?.with_token(credentials.token.clone()))
    }

    #[must_use]
    pub(crate) fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    pub(crate) fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// `GET /health`: its answer has the server's clock.
    pub(crate) fn health(&self) -> Result<ApiAnswer, ApiError> {
        self.send(Method::GET, "/health", RequestBody::Empty)
    }

    fn send(&self, method: Method, path: &str, body: RequestBody) -> Result<ApiAnswer, ApiError> {
        let exchange = self.exchange(method, path, body);
        let notice = || note(format_args!("Waiting for an answer from {}.", self.server));
        self.runtime.block_on(announced(exchange, PATIENCE, notice))
    }

    async fn exchange(&self, method: Method, path: &str, body: RequestBody) -> Result<ApiAnswer, ApiError> {
        let mut request = self.client.request(method, format!("{}/api/v1{path}", self.server));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        request = match body {
            RequestBody::Empty => request,
            RequestBody::Json(value) => request.json(&value),
            RequestBody::Gzip(bytes) => {
                let request = request.timeout(SYNC_TIMEOUT);
                request.header(CONTENT_TYPE, "application/json").header(CONTENT_ENCODING, "gzip").body(bytes)
            }
        };
        let response = request.send().await.map_err(|error| ApiError::Unreachable(error::reason(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = http_client::body(response, MAX_ANSWER_BYTES).await.map_err(|error| match error {
            http_client::BodyError::TooLong => ApiError::NotBurntop("the answer is too long".to_owned()),
            http_client::BodyError::Broken(error) => ApiError::Unreachable(error::reason(&error)),
        })?;
        let date = date(&headers, DATE.as_str());
        if status.is_success() {
            return Ok(ApiAnswer { body, date });
        }
        Err(ApiError::answered(status.as_u16(), &body, retry_after(&headers, date)))
    }
}

/// Awaits `work`, and calls `notice` once if it takes longer than `patience`.
async fn announced<T>(work: impl Future<Output = T>, patience: Duration, notice: impl FnOnce()) -> T {
    let mut work = std::pin::pin!(work);
    if let Ok(result) = tokio::time::timeout(patience, &mut work).await {
        return result;
    }
    notice();
    work.await
}

impl ApiAnswer {
    /// The body as `T`.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError::NotBurntop(error.to_string()))
    }
}

/// The wait in `Retry-After`: seconds, or a date, which is compared with the server's own clock.
fn retry_after(headers: &HeaderMap, now: Option<OffsetDateTime>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = date(headers, RETRY_AFTER.as_str())? - now?;
    Some(wait.try_into().unwrap_or(Duration::ZERO))
}

/// The date in the header `name`.
fn date(headers: &HeaderMap, name: &str) -> Option<OffsetDateTime> {
    // A date of HTTP is one of RFC 2822 whose zone is spelled GMT.
    OffsetDateTime::parse(headers.get(name)?.to_str().ok()?, &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn retry_after_is_seconds_or_date() {
        let now = Some(datetime!(2026-11-30 12:00:00 UTC));
        for (value, expected) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("Mon, 30 Nov 2026 12:00:09 GMT", Some(9)),
            ("Mon, 30 Nov 2026 11:59:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().expect("a value"));
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
