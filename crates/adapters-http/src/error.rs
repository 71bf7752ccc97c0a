//! The error contract: one JSON shape, and one table from the kind of an error to its status and code.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use domain::error::{DomainError, ErrorDetails, ErrorKind, Subject};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::instants;
use crate::request_log;
use crate::validation::Problems;

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

/// Seconds after which a client can retry while a dependency is unavailable.
pub(crate) const UNAVAILABLE_RETRY_SECONDS: u64 = 2;

/// An error as clients see it. Correlation id and instant are added when it is written.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: ErrorCode,
    detail: Value,
    details: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The errors of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is invalid.
    BadRequest,
    /// The request has no valid credentials.
    Unauthorized,
    /// The caller has no permission.
    Forbidden,
    /// The resource does not exist, or is hidden from the caller.
    NotFound,
    /// The path does not support the method.
    MethodNotAllowed,
    /// The request conflicts with the state of a resource.
    Conflict,
    /// The body exceeds the route's limit.
    PayloadTooLarge,
    /// The body's media type is not JSON.
    UnsupportedMediaType,
    /// Values of the request break rules.
    Validation,
    /// Too many requests.
    RateLimited,
    /// A defect of the server.
    Internal,
    /// A dependency is temporarily unavailable.
    Unavailable,
}

impl ErrorCode {
    /// The HTTP status and the `error_code`.
    const fn row(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::Conflict => (StatusCode::CONFLICT, "CONFLICT"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE"),
            Self::Validation => (StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR"),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The `error_code` in the body.
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }
}

impl From<ErrorKind> for ErrorCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::BadRequest,
            ErrorKind::Unauthenticated => Self::Unauthorized,
            ErrorKind::Forbidden => Self::Forbidden,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::RateLimited { .. } => Self::RateLimited,
            ErrorKind::Unavailable | ErrorKind::Collided => Self::Unavailable,
            ErrorKind::Internal => Self::Internal,
        }
    }
}

impl ApiError {
    fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: Value::String(detail.into()), details: Map::new(), headers: Vec::new() }
    }

    /// 400: the request is invalid, for the reason in `detail`.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, detail)
    }

    /// 401: the request has no valid credentials.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthorized, detail).with_header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// 403: the caller has no permission.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, detail)
    }

    /// 404: the resource does not exist, or is hidden from the caller.
    pub fn not_found(subject: Subject) -> Self {
        let detail = format!("{} not found", subject.resource);
        Self::new(ErrorCode::NotFound, detail).about(subject)
    }

    /// 404: no route has this path.
    pub fn unknown_route() -> Self {
        Self::new(ErrorCode::NotFound, "No route has this path. GET /api/v1/openapi.json lists all routes.")
            .with_detail("resource", json!("Route"))
    }

    /// 405: the path exists, for the methods in `allow` (`GET, HEAD`).
    pub fn method_not_allowed(allow: &str) -> Self {
        Self::new(ErrorCode::MethodNotAllowed, format!("This path does not support the method. It supports {allow}."))
            .with_header(header::ALLOW, allow)
    }

    /// 413: the body has more than `limit` bytes after decompression.
    pub fn payload_too_large(limit: usize) -> Self {
        Self::new(
            ErrorCode::PayloadTooLarge,
            format!("The body exceeds the limit of {limit} bytes, counted after decompression."),
        )
        .with_detail("limit_bytes", json!(limit))
    }

    /// 415: the body's media type is not JSON.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            ErrorCode::UnsupportedMediaType,
            "The body must be JSON. Send it with Content-Type: application/json.",
        )
    }

    /// 415: the body's media type is not that of a form.
    pub fn not_a_form() -> Self {
        Self::new(
            ErrorCode::UnsupportedMediaType,
            "The body must be a form. Send it with Content-Type: application/x-www-form-urlencoded.",
        )
    }

    /// 422: values break rules; `detail` lists every problem.
    pub fn validation(problems: &Problems) -> Self {
        let mut error = Self::new(ErrorCode::Validation, "");
        error.detail = problems.to_json();
        error
    }

    /// 429: the rate limit is exceeded; the next request is served after `seconds`.
    pub fn rate_limited(seconds: u64) -> Self {
        Self::new(ErrorCode::RateLimited, format!("Rate limit exceeded. Retry in {seconds} s."))
            .with_detail("retry_after", json!(seconds))
            .with_header(header::RETRY_AFTER, &seconds.to_string())
    }

    /// 429: the client has used up its share of concurrent requests or body bytes; it can retry after `seconds`.
    pub fn too_many_at_once(seconds: u64) -> Self {
        let detail = format!("Too many requests of this client are in progress. Retry in {seconds} s.");
        Self { detail: Value::String(detail), ..Self::rate_limited(seconds) }
    }

    /// 500: a defect of the server. Its cause is logged and not shown.
    pub fn internal() -> Self {
        Self::new(
            ErrorCode::Internal,
            "An internal error occurred. The correlation id names this request in the server's log.",
        )
    }

    /// 503: a dependency is temporarily unavailable.
    pub fn unavailable() -> Self {
        Self::new(
            ErrorCode::Unavailable,
            format!("The service is temporarily unavailable. Retry in {UNAVAILABLE_RETRY_SECONDS} s."),
        )
        .with_header(header::RETRY_AFTER, &UNAVAILABLE_RETRY_SECONDS.to_string())
    }

    /// Adds one fact to `details`.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: Value) -> Self {
        self.details.insert(name.to_owned(), value);
        self
    }

    /// Sends a header with the error. A value that is not valid in a header is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    fn about(mut self, subject: Subject) -> Self {
        self = self.with_detail("resource", json!(subject.resource)).with_detail("field", json!(subject.field));
        match subject.value {
            Some(value) => self.with_detail("value", json!(value)),
            None => self,
        }
    }

    /// What kind of error this is.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The contract's error for an error of a route or of actix.
    pub(crate) fn of(error: &actix_web::Error, status: StatusCode) -> Self {
        error.as_error::<Self>().cloned().unwrap_or_else(|| Self::of_status(status))
    }

    /// The contract's error for a status without further details.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::unauthorized("Authentication is required."),
            StatusCode::FORBIDDEN => Self::forbidden("This request is not allowed."),
            StatusCode::NOT_FOUND => Self::unknown_route(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported_media_type(),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(),
            status if status.is_client_error() => Self::bad_request("The request is invalid."),
            _ => Self::internal(),
        }
    }

    /// Writes the error out.
    pub(crate) fn respond(&self, correlation_id: &str, now: OffsetDateTime) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.json(json!({
            "detail": self.detail,
            "error_code": self.code.as_str(),
            "correlation_id": correlation_id,
            "timestamp": instants::format(now),
            "details": self.details,
        }))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// An answer without a body; the outermost middleware knows the correlation id and writes it.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.code.status())
    }
}

impl<E: DomainError> From<E> for ApiError {
    /// The kind gives the status and `error_code`, the subject `details`. The cause of a server error is logged and not shown.
    fn from(error: E) -> Self {
        let ErrorDetails { kind, subject } = error.details();
        if let ErrorKind::RateLimited { retry_after } = kind {
            return Self::rate_limited(whole_seconds(retry_after.unsigned_abs()));
        }
        match ErrorCode::from(kind) {
            ErrorCode::Internal => {
                request_log::record_reason(&error);
                Self::internal()
            }
            ErrorCode::Unavailable => {
                request_log::record_reason(&error);
                Self::unavailable()
            }
            ErrorCode::Unauthorized => Self::unauthorized(error.to_string()),
            code => {
                let plain = Self::new(code, error.to_string());
                match subject {
                    Some(subject) => plain.about(subject),
                    None => plain,
                }
            }
        }
    }
}

/// `wait` in whole seconds, at least one, so that it is over after them.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl From<Problems> for ApiError {
    fn from(problems: Problems) -> Self {
        Self::validation(&problems)
    }
}
