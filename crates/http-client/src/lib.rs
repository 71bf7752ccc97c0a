//! HTTP requests to other hosts: with a timeout, limited bodies and burntop's user agent, without a proxy.
//!
//! The adapters decide what is requested and retried. A TLS implementation for rustls must be installed before a client is built.

mod body;
mod download;
mod error;
#[cfg(feature = "testing")]
pub mod script;

use std::time::Duration;

pub use body::{BodyError, body};
pub use download::{download, is_trustworthy};
pub use error::{ClientError, reason};
use reqwest::Client;
use reqwest::redirect::Policy;

const USER_AGENT: &str = concat!("burntop/", env!("CARGO_PKG_VERSION"));

/// A client for a thread without a runtime, with `timeout` for each request, no redirects and no proxy.
#[cfg(feature = "blocking")]
pub fn blocking_client(timeout: Duration) -> Result<reqwest::blocking::Client, ClientError> {
    reqwest::blocking::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(ClientError)
}

/// A client with `timeout` for each request and the policy `redirects`. It uses no proxy, so that only the configured host receives
/// what is sent.
pub fn client(timeout: Duration, redirects: Policy) -> Result<Client, ClientError> {
    Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(redirects)
        .no_proxy()
        .build()
        .map_err(ClientError)
}
