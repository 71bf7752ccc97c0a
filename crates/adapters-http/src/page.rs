//! Pages of our own for a browser, where the API has no other face.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

/// Such a page loads its style from here, nothing else, and sends its form to this server alone.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page `text`, which nobody keeps.
pub(crate) fn html(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text.to_owned())
}

/// `text` as HTML says it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
