//! The client of a request, for rate limits and shares.

use actix_web::{HttpMessage, HttpRequest};

use super::RateClass;
use super::key::Key;
use crate::client_ip::client_ip;

/// The client of one request, which the route's guard stores in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) class: RateClass,
    pub(crate) account: Option<Key>,
    pub(crate) address: Key,
}

impl Client {
    /// The client of `request`; only its address where no guard has identified it.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get().copied();
        known.unwrap_or_else(|| Self {
            class: RateClass::Default,
            account: None,
            address: Key::address(client_ip(request)),
        })
    }
}
