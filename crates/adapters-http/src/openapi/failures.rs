//! The error contract in the API's document.
//!
//! An operation names its own failures among its responses: `responses((status = 200, …), failures::NotFound)`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

use crate::error::ErrorCode;

/// Every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    #[schema(inline)]
    detail: Detail,
    /// The stable name of the error.
    error_code: String,
    /// Names the request in the server's log.
    correlation_id: String,
    /// When the error occurred.
    #[schema(value_type = String, format = DateTime)]
    timestamp: String,
    /// Details of the error, by name.
    #[schema(value_type = Object)]
    details: Value,
}

/// What went wrong: a sentence, or the list of problems of a `VALIDATION_ERROR`.
// Described here: a description of the field would become a schema of its own that no sentence matches.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Detail {
    Sentence(String),
    Problems(Vec<ProblemBody>),
}

/// One value that breaks a rule.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the value is: `body`, `query` or `path`, then names and places in lists.
    #[schema(value_type = Vec<Value>)]
    loc: Value,
    /// The rule as a sentence.
    msg: String,
    /// The rule's stable name.
    r#type: String,
}

/// A failure that operations share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    PayloadTooLarge,
    UnsupportedMediaType,
    Validation,
    RateLimited,
    Internal,
    Unavailable,
}

impl Failure {
    pub(super) const ALL: [Self; 11] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::Validation,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The error code, its description, an example of its `detail` and `details`, and its headers.
    fn row(self) -> (ErrorCode, &'static str, Value, Value, &'static [&'static str]) {
        match self {
            Self::BadRequest => {
                (ErrorCode::BadRequest, "The request is invalid", json!("You cannot follow yourself"), json!({}), &[])
            }
            Self::Unauthorized => (
                ErrorCode::Unauthorized,
                "The request has no valid credentials",
                json!("Authentication is required."),
                json!({}),
                &["WWW-Authenticate"],
            ),
            Self::Forbidden => (
                ErrorCode::Forbidden,
                "The caller has no permission",
                json!("This profile is private. Only its followers can see it."),
                json!({}),
                &[],
            ),
            Self::NotFound => (
                ErrorCode::NotFound,
                "The resource does not exist, or is hidden from the caller",
                json!("User not found"),
                json!({"resource": "User", "field": "username", "value": "nobody"}),
                &[],
            ),
            Self::Conflict => (
                ErrorCode::Conflict,
                "The request conflicts with the state of a resource",
                json!("The username ada is already in use. Choose another one."),
                json!({"resource": "User", "field": "username"}),
                &[],
            ),
            Self::PayloadTooLarge => (
                ErrorCode::PayloadTooLarge,
                "The body exceeds the limit",
                json!("The body exceeds the limit of 1048576 bytes, counted after decompression."),
                json!({"limit_bytes": 1_048_576}),
                &[],
            ),
            Self::UnsupportedMediaType => (
                ErrorCode::UnsupportedMediaType,
                "The media type of the body is not JSON",
                json!("The body must be JSON. Send it with Content-Type: application/json."),
                json!({}),
                &[],
            ),
            Self::Validation => (
                ErrorCode::Validation,
                "Values break rules; all problems are listed",
                json!([{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]),
                json!({}),
                &[],
            ),
            Self::RateLimited => (
                ErrorCode::RateLimited,
                "The rate limit is exceeded",
                json!("Rate limit exceeded. Retry in 12 s."),
                json!({"retry_after": 12}),
                &["Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
            ),
            Self::Internal => (
                ErrorCode::Internal,
                "A defect of the server",
                json!("An internal error occurred. The correlation id names this request in the server's log."),
                json!({}),
                &[],
            ),
            Self::Unavailable => (
                ErrorCode::Unavailable,
                "A dependency is temporarily unavailable",
                json!("The service is temporarily unavailable. Retry in 2 s."),
                json!({}),
                &["Retry-After"],
            ),
        }
    }

    /// The status as documents write it.
    pub(super) fn status(self) -> String {
        self.row().0.status().as_u16().to_string()
    }

    /// The name among the document's shared responses.
    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }

    pub(super) fn reference(self) -> RefOr<Response> {
        RefOr::Ref(Ref::from_response_name(self.name()))
    }

    pub(super) fn response(self) -> Response {
        let (code, meaning, detail, details, headers) = self.row();
        let example = json!({
            "detail": detail, "error_code": code.as_str(), "correlation_id": "018f6f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b",
            "timestamp": "2026-11-22T12:34:56.789Z", "details": details,
        });
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).example(Some(example)).build();
        let response = ResponseBuilder::new().description(meaning).content("application/json", content);
        headers.iter().fold(response, |response, name| response.header(*name, header(name))).build()
    }
}

/// A header in the document. One without a description of its own is a text.
fn header(name: &str) -> Header {
    let words = match name {
        "Retry-After" => "Seconds after which to retry",
        "RateLimit-Limit" => "Requests that a client can make in a minute",
        "RateLimit-Remaining" => "Requests that would be served now",
        "RateLimit-Reset" => "Seconds after which the whole limit is available again",
        _ => {
            return HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build();
        }
    };
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    HeaderBuilder::new().schema(Some(seconds)).description(Some(words)).build()
}

macro_rules! responses {
    ($($name:ident: $meaning:literal),* $(,)?) => {$(
        #[doc = $meaning]
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([(Failure::$name.status(), Failure::$name.reference())])
            }
        }
    )*};
}

responses! {
    BadRequest: "400, for an operation without a body.",
    Unauthorized: "401, for an operation that checks credentials itself.",
    Forbidden: "403.",
    NotFound: "404.",
    Conflict: "409.",
}

/// 304, for an answer that clients can revalidate.
#[derive(Debug)]
pub struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = ResponseBuilder::new().description("The client's copy is current").build();
        BTreeMap::from([("304".to_owned(), response.into())])
    }
}
