//! The outermost layer, which every request and every answer passes.
//!
//! Gives each request a correlation id and a span, each answer its headers, and each failure (an error of a use case,
//! of actix, a panic, an unknown route) the one shape of the error contract.

mod body;
mod correlation;
mod cors;
mod headers;

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use domain::clock::Clock;
use domain::ids::Ids;
use futures_util::FutureExt;
use tracing::Instrument;

pub use correlation::CorrelationId;

use crate::client_ip::client_ip;
use crate::error::ApiError;
use crate::limits::RateLimitHeaders;
use crate::metrics::{MatchedRoute, RequestMetrics};
use crate::request_log;
use cors::Cors;

/// The settings of the edge.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// The allowed origins, such as `https://burntop.dev`.
    pub cors_origins: Vec<String>,
    /// The headers that their pages can send besides the usual ones.
    pub cors_headers: Vec<String>,
    /// Whether the public address is https; browsers then get an HSTS header.
    pub https: bool,
    /// The timeout of a request, which then gets a 503.
    pub request_timeout: Duration,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            cors_origins: Vec::new(),
            cors_headers: Vec::new(),
            https: false,
            request_timeout: Duration::from_mins(5),
        }
    }
}

/// The edge with the ports it needs. Cheap to clone.
#[derive(Clone)]
pub struct Edge {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    cors: Arc<Cors>,
    https: bool,
    request_timeout: Duration,
    metrics: RequestMetrics,
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("cors", &self.cors).field("https", &self.https).finish_non_exhaustive()
    }
}

impl Edge {
    /// An edge with the time of `clock` and new correlation ids from `ids`.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, settings: EdgeSettings) -> Self {
        let EdgeSettings { cors_origins, cors_headers, https, request_timeout } = settings;
        let (cors, metrics) = (Arc::new(Cors::new(cors_origins, &cors_headers)), RequestMetrics::default());
        Self { clock, ids, cors, https, request_timeout, metrics }
    }

    /// The clock, for handlers.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Serves one request through the layers inside.
    pub(crate) async fn serve<B: MessageBody + 'static>(
        self,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let started = Instant::now();
        let in_flight = self.metrics.begin();
        let id = CorrelationId::of(request.headers(), &*self.ids);
        let (headers, route) = (RateLimitHeaders::default(), MatchedRoute::default());
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(headers.clone());
        request.extensions_mut().insert(route.clone());
        headers::forget_impossible_encodings(&mut request);
        let method = request.method().clone();
        let cors = self.cors.judge(request.head());
        let span = request_log::span(client_ip(request.request()), &method, &id);

        let served = if cors.is_preflight() {
            Ok(request.into_response(HttpResponse::NoContent().finish()))
        } else {
            self.call(request, next).instrument(span.clone()).await
        };
        let (request, answer) = match served {
            Ok(response) => {
                let (request, answer) = response.into_parts();
                (Some(request), answer)
            }
            Err(error) => (None, error.respond(id.as_str(), self.clock.now())),
        };
        let mut answer = self.in_contract(answer, &id);
        cors.write(answer.headers_mut());
        headers.write(answer.headers_mut());
        headers::write(answer.headers_mut(), &id, self.https);
        if method == Method::HEAD {
            answer = answer.map_body(|_, body| BoxBody::new(body::UnsentBody(body.size())));
        }
        let took = started.elapsed();
        request_log::write(&span, route.as_str(), answer.status(), took);
        in_flight.answered(&method, &route, answer.status(), took);
        match request {
            Some(request) => Ok(ServiceResponse::new(request, answer)),
            None => Err(InternalError::from_response("the request was lost on the way", answer).into()),
        }
    }

    /// Calls the inner layers. The error means that the request is lost: a panic, a timeout, a failed layer.
    async fn call<B: MessageBody + 'static>(
        &self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, ApiError> {
        let called = AssertUnwindSafe(next.call(request)).catch_unwind();
        match tokio::time::timeout(self.request_timeout, called).await {
            Ok(Ok(Ok(response))) => Ok(response.map_into_boxed_body()),
            Ok(Ok(Err(error))) => Err(ApiError::of(&error, error.as_response_error().status_code())),
            Ok(Err(panic)) => {
                request_log::record_reason(&format_args!("handler panicked: {}", message(&*panic)));
                Err(ApiError::internal())
            }
            Err(_) => {
                request_log::record_reason(&"timed out");
                Err(ApiError::unavailable())
            }
        }
    }

    /// Gives a failure without a body of its own the body of the contract. Headers set on the way stay.
    fn in_contract(&self, answer: HttpResponse, id: &CorrelationId) -> HttpResponse {
        let status = answer.status();
        if !(status.is_client_error() || status.is_server_error()) {
            return answer;
        }
        let error = match answer.error() {
            Some(error) => ApiError::of(error, status),
            None if answer.headers().contains_key(header::CONTENT_TYPE) => return answer,
            None => ApiError::of_status(status),
        };
        let mut written = error.respond(id.as_str(), self.clock.now());
        keep_headers(answer.headers(), written.headers_mut());
        written
    }
}

/// Copies headers that do not describe the old body and that the new answer has not.
fn keep_headers(old: &HeaderMap, new: &mut HeaderMap) {
    for name in old.keys().filter(|name| !name.as_str().starts_with("content-")) {
        if !new.contains_key(name) {
            old.get_all(name).for_each(|value| new.append(name.clone(), value.clone()));
        }
    }
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is not text")
}
