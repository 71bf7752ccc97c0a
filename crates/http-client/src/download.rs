//! Downloads large files, part by part.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};
use url::{Host, Url};

use crate::USER_AGENT;
use crate::error::reason;

/// How long the server may send nothing. The whole download may take longer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

const MAX_REDIRECTS: usize = 5;

/// Passes the body of `url` to `receive`, part by part, each with the length of the whole body if the server says it. Fails if the
/// server does not answer with 200, if the body is incomplete, if `receive` fails, or if the address or one that it redirects to is
/// not [trustworthy](is_trustworthy). The error is for an operator.
pub async fn download(url: &str, mut receive: impl FnMut(&[u8], Option<u64>) -> io::Result<()>) -> Result<(), String> {
    if !is_trustworthy(url) {
        return Err(format!("{url} is not an https address"));
    }
    let client = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(READ_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(Policy::custom(follow))
        // The file is wanted as it is stored, even if the server calls its format an encoding.
        .no_gzip()
        .no_proxy()
        .build()
        .map_err(|error| reason(&error))?;
    let mut response = client.get(url).send().await.map_err(|error| reason(&error.without_url()))?;
    if response.status() != 200 {
        return Err(format!("the server answered {}", response.status()));
    }
    let total = response.content_length();
    let mut received = 0;
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error.without_url()))? {
        received += chunk.len() as u64;
        receive(&chunk, total).map_err(|error| error.to_string())?;
    }
    match total {
        Some(total) if total != received => Err(format!("only {received} of {total} bytes arrived")),
        _ => Ok(()),
    }
}

/// Whether the answer of `url` cannot be changed on its way: the address is https, or one of this machine.
pub fn is_trustworthy(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => IpAddr::V4(address).is_loopback(),
        ("http", Some(Host::Ipv6(address))) => IpAddr::V6(address).is_loopback(),
        ("http", Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("too many redirects");
    }
    if !is_trustworthy(attempt.url().as_str()) {
        return attempt.error("it redirects to an address without https");
    }
    attempt.follow()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_trustworthy() {
        for (url, expected) in [
            ("https://example.org/x", true),
            ("http://127.0.0.1:8000/x", true),
            ("http://[::1]/x", true),
            ("http://localhost:1/x", true),
            ("http://example.org/x", false),
            ("http://localhost.example.org/x", false),
            ("http://127.0.0.1@example.org/x", false),
            ("file:///etc/passwd", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(is_trustworthy(url), expected, "{url}");
        }
    }
}
