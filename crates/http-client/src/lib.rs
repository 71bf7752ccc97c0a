//! How other hosts are asked over HTTP: patient for a while, bounded, through no proxy, under our name.
//!
//! What is asked, and what may be asked again, is up to the adapters. Whoever makes a client has installed a TLS implementation
//! for rustls before.

mod body;
mod error;
#[cfg(feature = "testing")]
pub mod script;

use std::time::Duration;

pub use body::{BodyError, body};
pub use error::{ClientError, reason};
use reqwest::Client;
use reqwest::redirect::Policy;

/// A client that gives each request `timeout` and goes by `redirects` alone. It uses no proxy, so that no other host sees what
/// is sent to a configured one.
pub fn client(timeout: Duration, redirects: Policy) -> Result<Client, ClientError> {
    Client::builder()
        .user_agent(concat!("burntop/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(redirects)
        .no_proxy()
        .build()
        .map_err(ClientError)
}
