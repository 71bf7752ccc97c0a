//! Metrics of requests. Labels have few values: a request is counted under the pattern of its route, never under its path, and a
//! method that no route serves under `OTHER`.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use domain::usage::SyncReport;
use metrics::{
    Counter, Gauge, SharedString, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// The histogram of the times of requests, and the upper bounds of its buckets in seconds.
pub const DURATION_SECONDS: &str = "burntop_http_request_duration_seconds";
pub const DURATION_BOUNDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const REQUESTS: &str = "burntop_http_requests_total";
const IN_FLIGHT: &str = "burntop_http_requests_in_flight";
const ABANDONED: &str = "burntop_http_requests_abandoned_total";
const SYNC_MESSAGES: &str = "burntop_sync_messages_total";

/// The label of requests that match no route.
pub(crate) const UNMATCHED: &str = "unmatched";

/// Describes the metrics.
pub fn describe() {
    describe_counter!(REQUESTS, "Answered requests by method, pattern of the route, and status");
    describe_histogram!(
        DURATION_SECONDS,
        "Time from the head of a request to that of its answer, by method and pattern of the route"
    );
    describe_gauge!(IN_FLIGHT, "Requests that are not answered yet");
    describe_counter!(ABANDONED, "Requests whose client hung up before the answer");
    describe_counter!(SYNC_MESSAGES, "Messages of stored syncs, by outcome: new, updated, known or rejected");
    record_sync_messages([0; 4]);
}

/// Records the outcomes of the messages of a sync that was not a dry run.
pub(crate) fn record_sync(report: &SyncReport) {
    record_sync_messages([report.new, report.updated, report.duplicates, report.rejected]);
}

fn record_sync_messages(counts: [usize; 4]) {
    for (outcome, count) in ["new", "updated", "known", "rejected"].into_iter().zip(counts) {
        counter!(SYNC_MESSAGES, "outcome" => outcome).increment(count as u64);
    }
}

/// The pattern of the route of a request, which the route stores in the request's extensions. It is known for an answer to a panic or
/// a timeout too, although the request is lost then.
#[derive(Debug, Clone, Default)]
pub(crate) struct MatchedRoute(Rc<OnceCell<Arc<str>>>);

impl MatchedRoute {
    /// Stores `pattern` for `request`.
    pub(crate) fn set(request: &ServiceRequest, pattern: &Arc<str>) {
        if let Some(Self(route)) = request.extensions().get::<Self>() {
            // A request has one route.
            let _ = route.set(Arc::clone(pattern));
        }
    }

    /// The pattern, or [`UNMATCHED`].
    pub(crate) fn as_str(&self) -> &str {
        self.0.get().map_or(UNMATCHED, |pattern| pattern)
    }

    fn label(&self) -> SharedString {
        self.0
            .get()
            .map_or(SharedString::const_str(UNMATCHED), |pattern| SharedString::from_shared(Arc::clone(pattern)))
    }
}

/// Records requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RequestMetrics {
    in_flight: Gauge,
    abandoned: Counter,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self { in_flight: gauge!(IN_FLIGHT), abandoned: counter!(ABANDONED) }
    }
}

impl RequestMetrics {
    /// Counts a request as in flight until the returned value is dropped.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.increment(1.0);
        InFlight { metrics: self.clone(), is_answered: false }
    }
}

/// A request that is not answered yet. Dropping the value before [`answered`](Self::answered) means that its client hung up.
pub(crate) struct InFlight {
    metrics: RequestMetrics,
    is_answered: bool,
}

impl InFlight {
    /// Records the answer to a request with `method`.
    pub(crate) fn answered(mut self, method: &Method, route: &MatchedRoute, status: StatusCode, took: Duration) {
        self.is_answered = true;
        record_answer(method, route.label(), status, took);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.in_flight.decrement(1.0);
        if !self.is_answered {
            self.metrics.abandoned.increment(1);
        }
    }
}

/// Records an answer. Public for its benchmark.
#[doc(hidden)]
pub fn record_answer(method: &Method, route: SharedString, status: StatusCode, took: Duration) {
    let method = method_label(method);
    histogram!(DURATION_SECONDS, "method" => method, "route" => route.clone()).record(took);
    counter!(REQUESTS, "method" => method, "route" => route, "status" => status.as_str().to_owned()).increment(1);
}

/// The name of `method`. A client can send any, of any length.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn request_without_an_answer_is_abandoned() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let shows = |sample: &str| {
            let text = recorder.handle().render();
            assert!(text.lines().any(|line| line == sample), "{sample}: {text}");
        };
        metrics::with_local_recorder(&recorder, || {
            let requests = RequestMetrics::default();
            let (answered, abandoned) = (requests.begin(), requests.begin());
            shows("burntop_http_requests_in_flight 2");
            answered.answered(&Method::GET, &MatchedRoute::default(), StatusCode::NOT_FOUND, Duration::ZERO);
            drop(abandoned);
            shows("burntop_http_requests_in_flight 0");
            shows("burntop_http_requests_abandoned_total 1");
            shows(r#"burntop_http_requests_total{method="GET",route="unmatched",status="404"} 1"#);
        });
    }
}
