//! Requests that count only if they fail: those with which many users of one address sign in.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest};

use super::quota::RateLimitHeaders;
use super::{Key, Limits, RateClass};

/// A request that counts when it ends, unless it was accepted. One whose client hangs up counts too.
pub(super) struct Attempt {
    limits: Limits,
    class: RateClass,
    address: Key,
    acceptance: Acceptance,
    headers: Option<RateLimitHeaders>,
}

/// Whether the handler accepted the request, in the request's extensions.
#[derive(Debug, Clone, Default)]
struct Acceptance(Rc<Cell<bool>>);

/// Marks `request` as accepted: its credentials are right, or there was nothing to try. It does not count for its address, if its
/// route is of a class that counts failures only.
pub(crate) fn accept(request: &HttpRequest) {
    if let Some(acceptance) = request.extensions().get::<Acceptance>() {
        acceptance.0.set(true);
    }
}

impl Attempt {
    /// The attempt of `request`, if its `class` counts failures only.
    pub(super) fn begin(request: &HttpRequest, limits: &Limits, class: RateClass, address: Key) -> Option<Self> {
        if !class.counts_failures_only() {
            return None;
        }
        let acceptance = Acceptance::default();
        request.extensions_mut().insert(acceptance.clone());
        let headers = request.extensions().get().cloned();
        Some(Self { limits: limits.clone(), class, address, acceptance, headers })
    }

    /// Ends with the answer's `status`. A request that another limit refused, or that the server failed to answer, tried nothing.
    pub(super) fn end(self, status: StatusCode) {
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            self.acceptance.0.set(true);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.acceptance.0.get() {
            return;
        }
        if let Some(Ok(quota)) = self.limits.count(self.class, self.address)
            && let Some(headers) = &self.headers
        {
            headers.set(quota);
        }
    }
}
