//! A concise client of the REST API.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Sends requests to a server, also after a restart on another port; authenticated if it has a token.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    port: Arc<AtomicU16>,
    token: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ApiResponse {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is not JSON.
    pub json: Value,
}

impl Client {
    pub(crate) fn new(port: Arc<AtomicU16>) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        // The server closes connections that are idle for longer, and a request on a closed connection fails.
        let http = reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(30));
        let http = http.redirect(reqwest::redirect::Policy::none());
        Self { http: http.build().expect("a client needs nothing"), port, token: None }
    }

    /// A client of the server that listens on `port`.
    pub fn to_port(port: u16) -> Self {
        Self::new(Arc::new(AtomicU16::new(port)))
    }

    /// The same client with `token`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client without a token.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.load(Ordering::SeqCst)).into()
    }

    /// A request to `path` below `/api/v1`, to be completed and [sent](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}/api/v1{path}", self.address()));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the answer. Fails if the server cannot be reached or closes the connection.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<ApiResponse> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(ApiResponse { status, headers, text, json })
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> ApiResponse {
        self.try_send(request).await.expect("the server answers")
    }

    /// Sends `request`; returns the status and does not read the body, which may be endless.
    pub async fn status(&self, request: RequestBuilder) -> u16 {
        request.send().await.expect("the server answers").status().as_u16()
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> ApiResponse {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST path` with `body`.
    pub async fn post(&self, path: &str, body: &Value) -> ApiResponse {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `PATCH path` with `body`.
    pub async fn patch(&self, path: &str, body: &Value) -> ApiResponse {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> ApiResponse {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `POST path` with the content type JSON and the given encoding.
    pub async fn post_encoded(&self, path: &str, encoding: &str, body: Vec<u8>) -> ApiResponse {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.send(request.header("content-encoding", encoding).body(body)).await
    }
}

impl ApiResponse {
    /// Fails unless the status is `status`; returns the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// The header called `name`, if it is present.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Fails unless the answer is an error as documented; returns its `details`.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.json["error_code"].as_str()), (status, Some(code)), "{}", self.text);
        let mut fields: Vec<&str> = self.json.as_object().into_iter().flatten().map(|(name, _)| &**name).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["correlation_id", "detail", "details", "error_code", "timestamp"], "{}", self.text);
        assert_eq!(self.json["correlation_id"].as_str(), self.header("x-correlation-id"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json["details"].clone()
    }

    /// The problems of a 422 as `place type` lines, such as `body.messages.0.id missing`.
    #[track_caller]
    pub fn problems(&self) -> Vec<String> {
        self.expect_error(422, "VALIDATION_ERROR");
        let place = |problem: &Value| -> String {
            let steps = problem["loc"].as_array().expect("a place");
            let steps: Vec<String> =
                steps.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
            format!("{} {}", steps.join("."), problem["type"].as_str().unwrap_or_default())
        };
        self.json["detail"].as_array().expect("a list").iter().map(place).collect()
    }
}
