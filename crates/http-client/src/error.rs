//! Errors of requests, with their causes.

use std::fmt;

/// A client could not be built, because TLS could not be set up.
#[derive(Debug)]
pub struct ClientError(pub(crate) reqwest::Error);

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the HTTP client could not be built: {}", reason(&self.0))
    }
}

impl std::error::Error for ClientError {}

/// The text of `error` followed by its causes, which have the details.
pub fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
