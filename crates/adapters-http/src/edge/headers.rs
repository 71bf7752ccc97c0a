//! Headers of every answer, and the request header that could prevent an answer.

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, AcceptEncoding, Encoding, HeaderMap, HeaderName, HeaderValue};

use super::correlation::{self, CorrelationId};

/// The headers of every answer, unless its handler sets them.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL, "no-store"),
];

/// One year, the minimum for preload lists of browsers.
const INSIST_ON_HTTPS: &str = "max-age=31536000; includeSubDomains";

pub(super) fn write(headers: &mut HeaderMap, id: &CorrelationId, https: bool) {
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(INSIST_ON_HTTPS));
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(correlation::HEADER, id);
    }
}

/// Drops an `Accept-Encoding` that no supported encoding satisfies: an uncompressed answer is more useful than a refusal.
pub(super) fn forget_impossible_encodings(request: &mut ServiceRequest) {
    let ours = [Encoding::identity(), Encoding::brotli(), Encoding::gzip()];
    let accepted = request.get_header::<AcceptEncoding>();
    if accepted.is_some_and(|accepted| accepted.negotiate(ours.iter()).is_none()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
}
