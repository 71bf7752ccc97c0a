//! Which client a request belongs to, for everything that is counted or shared by client.

use actix_web::{HttpMessage, HttpRequest};

use super::Class;
use super::key::Key;
use crate::client_ip::client_ip;

/// The client of one request. The guard of the route leaves it in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) class: Class,
    pub(crate) account: Option<Key>,
    pub(crate) address: Key,
}

impl Client {
    /// The client of `request`; only its address is known where no guard has looked.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get().copied();
        known.unwrap_or_else(|| Self {
            class: Class::Default,
            account: None,
            address: Key::address(client_ip(request)),
        })
    }
}
