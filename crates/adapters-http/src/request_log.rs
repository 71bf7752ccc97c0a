//! The line of a request in the log: who asked for what from where, how it ended, and why.
//!
//! The fields belong to the span of the request, so other lines of the request have those that are known by then.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use domain::identity::Principal;
use domain::usage::SyncReport;
use tracing::field::{Empty, display};
use tracing::{Span, debug, error, info, warn};

use crate::edge::CorrelationId;
use crate::metrics::method_label;

/// The routes that load balancers and service managers ask all the time start with one of these.
const PROBES: [&str; 2] = ["/health", "/api/v1/health"];

/// The span of a request. Its level is `ERROR`, so that its fields are part of every line that the filter lets through.
///
/// The client's address comes first: the fields after it can hold text that the client chose, without spaces, and a filter of
/// `config/fail2ban` must not take that for an address.
pub(crate) fn span(client: Option<IpAddr>, method: &Method, id: &CorrelationId) -> Span {
    tracing::error_span!(
        "request", client = client.map(display), method = %method_label(method), correlation_id = %id, user_id = Empty,
        username = Empty, new = Empty, updated = Empty, known = Empty, rejected = Empty, rejected_for = Empty, reason = Empty,
        route = Empty, status = Empty, duration_ms = Empty,
    )
}

/// Adds the caller to the line of the current request.
pub(crate) fn record_caller(principal: &Principal) {
    Span::current().record("user_id", display(principal.user.id)).record("username", display(&principal.user.username));
}

/// Adds the cause of an answer with a 5xx status, which the answer does not have.
pub(crate) fn record_reason(reason: &dyn Display) {
    Span::current().record("reason", display(reason));
}

/// Adds the outcomes of the messages of a sync, and the codes of the first rejections, each once.
pub(crate) fn record_sync(report: &SyncReport) {
    let span = Span::current();
    span.record("new", report.new).record("updated", report.updated).record("known", report.duplicates);
    span.record("rejected", report.rejected);
    let mut codes: Vec<&str> = Vec::new();
    for rejection in &report.rejections {
        if !codes.contains(&rejection.reason.code()) {
            codes.push(rejection.reason.code());
        }
    }
    if !codes.is_empty() {
        span.record("rejected_for", codes.join(","));
    }
}

/// Writes the line. Its level tells how the request ended: `ERROR` for a fault of the server, `WARN` for a 503, `DEBUG` for a probe
/// that succeeded, `INFO` otherwise.
pub(crate) fn write(span: &Span, route: &str, status: StatusCode, took: Duration) {
    let duration_ms = took.as_secs_f64() * 1000.0;
    span.record("route", route).record("status", status.as_u16()).record("duration_ms", duration_ms);
    let is_probe = PROBES.iter().any(|probe| route.starts_with(probe));
    let _entered = span.enter();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        warn!("request failed");
    } else if status.is_server_error() {
        error!("request failed");
    } else if is_probe && status.is_success() {
        debug!("request served");
    } else {
        info!("request served");
    }
}
