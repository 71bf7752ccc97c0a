//! CORS: the origins whose pages can send requests with credentials.

use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The methods and headers that pages can send; the configuration adds headers.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const HEADERS: &str = "Authorization, Content-Type, Content-Encoding, If-None-Match, Last-Event-ID, X-Correlation-ID";

/// The headers of an answer that pages can read.
const EXPOSED: &str = "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Correlation-ID";

/// Seconds for which a browser caches a preflight answer.
const MAX_AGE_SECONDS: &str = "600";

/// The allowed origins.
#[derive(Debug)]
pub(super) struct Cors {
    origins: Vec<String>,
    /// The headers that pages can send.
    headers: HeaderValue,
}

/// The outcome for one request.
#[derive(Debug)]
pub(super) struct CorsDecision {
    /// The origin to name in the answer.
    origin: Option<HeaderValue>,
    preflight: bool,
    /// The headers that the page can send.
    headers: HeaderValue,
    /// Whether the answer depends on the origin.
    varies: bool,
}

impl Cors {
    /// Allows pages of `origins`, which can send `headers` besides the usual ones.
    pub(super) fn new(origins: Vec<String>, headers: &[String]) -> Self {
        let origins = origins.into_iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        let headers = [HEADERS].into_iter().chain(headers.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
        Self { origins, headers: HeaderValue::try_from(headers).unwrap_or(HeaderValue::from_static(HEADERS)) }
    }

    pub(super) fn judge(&self, head: &RequestHead) -> CorsDecision {
        let origin = head.headers().get(header::ORIGIN).filter(|origin| self.knows(origin)).cloned();
        let is_preflight_request =
            head.method == Method::OPTIONS && head.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let headers = self.headers.clone();
        CorsDecision {
            preflight: is_preflight_request && origin.is_some(),
            origin,
            headers,
            varies: !self.origins.is_empty(),
        }
    }

    fn knows(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)))
    }
}

impl CorsDecision {
    /// Whether the request is a preflight.
    pub(super) fn is_preflight(&self) -> bool {
        self.preflight
    }

    pub(super) fn write(self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = self.origin else { return };
        let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        set(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        if self.preflight {
            set(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            set(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers);
        } else {
            set(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}
