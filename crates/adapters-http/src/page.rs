//! Pages for browsers.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use domain::error::DomainError;

use crate::error::ErrorCode;
use crate::request_log;

/// A page loads only its style, from this server, and sends its form only to this server.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page `text`, which no cache stores.
pub(crate) fn html(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text.to_owned())
}

/// The status of a page for `error`, and the message to show. The cause of a server error goes to the log instead.
pub(crate) fn failure(error: &impl DomainError) -> (StatusCode, String) {
    let status = ErrorCode::from(error.kind()).status();
    if status.is_server_error() {
        request_log::record_reason(error);
        return (status, "An internal error occurred. Try again in a moment.".to_owned());
    }
    (status, error.to_string())
}

/// `text` with the characters of HTML escaped.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
