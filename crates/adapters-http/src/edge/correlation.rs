//! The correlation id: one name for a request in its answer and in every line of the log.

use std::fmt;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use domain::ids::Ids;

/// The header that carries it.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// A request's correlation id: 1 to 128 visible ASCII characters. Found in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(Arc<str>);

impl CorrelationId {
    /// The one the client sent, if it is usable, else a new one.
    pub(super) fn of(headers: &HeaderMap, ids: &dyn Ids) -> Self {
        let sent = headers.get(HEADER).map(HeaderValue::as_bytes);
        let usable = sent.filter(|id| (1..=128).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic));
        match usable.and_then(|id| std::str::from_utf8(id).ok()) {
            Some(id) => Self(id.into()),
            None => Self(ids.fresh().to_string().into()),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
