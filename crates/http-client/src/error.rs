//! What goes wrong before an answer, told with its causes.

use std::fmt;

/// Why no client could be made: the TLS of this machine is of no use.
#[derive(Debug)]
pub struct ClientError(pub(crate) reqwest::Error);

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no HTTP client could be made: {}", reason(&self.0))
    }
}

impl std::error::Error for ClientError {}

/// `error` with its causes; its own text alone says little.
pub fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
