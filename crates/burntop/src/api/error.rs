//! Errors of requests to the server.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Failure, FailureKind};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// The client could not be set up.
    Setup(String),
    /// No connection, or it broke.
    Unreachable(String),
    /// The address answers, but not as burntop does.
    NotBurntop(String),
    /// The server answered with an error.
    Answered { status: u16, detail: String, code: Option<String>, retry_after: Option<Duration> },
}

impl ApiError {
    /// The error in an answer with `status`.
    pub(super) fn answered(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        /// The common form of errors. A proxy before the server answers otherwise.
        #[derive(Deserialize)]
        struct ErrorBody {
            detail: Value,
            #[serde(default)]
            details: Option<ErrorDetails>,
        }
        #[derive(Deserialize)]
        struct ErrorDetails {
            error: Option<String>,
        }
        let (detail, code) = match serde_json::from_slice::<ErrorBody>(body) {
            Ok(ErrorBody { detail: Value::String(text), details }) => (text, details.and_then(|details| details.error)),
            Ok(ErrorBody { detail, .. }) => (problems(&detail), None),
            Err(_) => (String::new(), None),
        };
        Self::Answered { status, detail, code, retry_after }
    }

    /// Whether the same request can succeed later.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Answered { status: 408 | 429 | 502 | 503 | 504, .. })
    }

    /// The wait that the server asks for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// The problems of a 422 in one line: at most three, each with its place.
fn problems(detail: &Value) -> String {
    let of = |problem: &Value| {
        let place = problem["loc"].as_array().map(|parts| {
            let parts = parts.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
            parts.collect::<Vec<_>>().join(".")
        });
        format!("{}: {}", place.unwrap_or_default(), problem["msg"].as_str().unwrap_or_default())
    };
    let Some(problems) = detail.as_array() else { return String::new() };
    problems.iter().take(3).map(of).collect::<Vec<_>>().join("; ")
}

/// The text of `error` with its causes, which have the details.
pub(super) fn reason(error: &reqwest::Error) -> String {
    http_client::reason(error)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(reason) => write!(f, "The HTTP client could not be set up: {reason}"),
            Self::Unreachable(reason) => write!(f, "The server cannot be reached: {reason}"),
            Self::NotBurntop(reason) => write!(f, "The answer is not one of a burntop server: {reason}"),
            Self::Answered { status: 301..=308, .. } => {
                f.write_str("The server redirects elsewhere. Sign in with the address that the browser shows.")
            }
            Self::Answered { status: 401, .. } => {
                f.write_str("The server does not accept the sign-in. Run `burntop login` again.")
            }
            Self::Answered { status, detail, .. } if detail.is_empty() => {
                write!(f, "The server answered with status {status}.")
            }
            Self::Answered { status, detail, .. } => write!(f, "The server answered with status {status}: {detail}"),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let kind = match &error {
            ApiError::Setup(_) => FailureKind::Local,
            ApiError::Answered { status: 401, .. } => FailureKind::SignedOut,
            error if error.is_temporary() => FailureKind::Unavailable,
            ApiError::Unreachable(_) | ApiError::NotBurntop(_) | ApiError::Answered { .. } => FailureKind::Refused,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> ApiError {
        ApiError::answered(status, body.as_bytes(), None)
    }

    #[test]
    fn api_error_shows_detail_and_sets_exit_code() {
        let problems =
            r#"{"detail": [{"loc": ["body", "messages", 0, "id"], "msg": "is too long", "type": "string_too_long"}]}"#;
        for (name, error, kind, text) in [
            (
                "refused",
                answered(403, r#"{"detail": "No."}"#),
                FailureKind::Refused,
                "The server answered with status 403: No.",
            ),
            (
                "validation",
                answered(422, problems),
                FailureKind::Refused,
                "status 422: body.messages.0.id: is too long",
            ),
            ("a proxy", answered(502, "<html>"), FailureKind::Unavailable, "The server answered with status 502."),
            (
                "a fault of the server",
                answered(500, r#"{"detail": "Internal server error."}"#),
                FailureKind::Refused,
                "The server answered with status 500: Internal server error.",
            ),
            ("signed out", answered(401, "{}"), FailureKind::SignedOut, "Run `burntop login` again."),
            ("redirect", answered(301, ""), FailureKind::Refused, "redirects elsewhere"),
            (
                "unreachable",
                ApiError::Unreachable("refused".into()),
                FailureKind::Unavailable,
                "cannot be reached: refused",
            ),
        ] {
            let failure = Failure::from(error);
            assert_eq!(failure.kind, kind, "{name}");
            assert!(failure.to_string().ends_with(text) || failure.to_string().contains(text), "{name}: {failure}");
        }
    }

    #[test]
    fn api_error_is_temporary_if_time_heals() {
        for status in [408, 429, 502, 503, 504] {
            assert!(answered(status, "").is_temporary(), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 413, 422, 500] {
            assert!(!answered(status, "").is_temporary(), "{status}");
        }
        assert!(!ApiError::NotBurntop(String::new()).is_temporary());
    }
}
