//! Detects a reverse proxy that the configuration does not name. Rate limits then count all its clients as one.

use bootstrap::Settings;

/// Warns at start if the public address suggests a proxy and none is configured. The server listens on `port`.
pub(crate) fn warn_if_unnamed(settings: &Settings, port: u16) {
    let public_url = settings.app.public_url.as_str();
    if settings.server.trusted_proxies.is_empty() && suggests_proxy(public_url, port) {
        tracing::warn!(
            public_url,
            setting = "TRUSTED_PROXIES",
            "the public address suggests a proxy and none is trusted: rate limits count all its clients as one"
        );
    }
}

/// Warns at start if a proxy is configured and the public address is not https.
pub(crate) fn warn_without_https(settings: &Settings) {
    let public_url = settings.app.public_url.as_str();
    if !settings.server.trusted_proxies.is_empty() && !public_url.starts_with("https://") {
        tracing::warn!(
            public_url,
            setting = "PUBLIC_URL",
            "PUBLIC_URL is not https behind a proxy: links lead to it, and cookies are not limited to https"
        );
    }
}

/// Whether `public_url` differs from what a server on `port` offers: it uses https, which the server does not speak, or another
/// port of a host that is not the loopback address.
fn suggests_proxy(public_url: &str, port: u16) -> bool {
    let Some(rest) = public_url.strip_prefix("http://") else { return true };
    let authority = rest.split('/').next().unwrap_or(rest);
    let (host, public_port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (authority, Some(80)),
    };
    let is_this_machine = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    !is_this_machine && public_port != Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_url_other_than_listening_address_suggests_proxy() {
        for (public_url, port, expected) in [
            ("https://api.example.org", 8000, true),
            ("https://localhost:8000", 8000, true),
            ("http://api.example.org", 8000, true),
            ("http://api.example.org", 80, false),
            ("http://api.example.org:8000", 8000, false),
            ("http://api.example.org:8080/path", 8000, true),
            ("http://[2001:db8::1]:8000", 8000, false),
            ("http://[2001:db8::1]", 8000, true),
            ("http://127.0.0.1:8000", 4711, false),
            ("http://localhost", 8000, false),
            ("http://[::1]:80", 8000, false),
        ] {
            assert_eq!(suggests_proxy(public_url, port), expected, "{public_url} {port}");
        }
    }
}
