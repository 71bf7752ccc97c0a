//! Values that must not appear in logs.

use std::fmt;

/// A text that `Debug` hides.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// `url` with `***` for its password; other texts unchanged.
pub fn without_password(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // A password that is not percent-encoded may contain these characters; the last `@` ends it.
        let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'))?;
        let (user, _) = rest[..at].split_once(':')?;
        Some(format!("{scheme}://{user}:***{}", &rest[at..]))
    };
    let url = hidden().unwrap_or_else(|| url.to_owned());
    hide_parameter(url)
}

/// Hides `password=` among the parameters of a URL.
fn hide_parameter(url: String) -> String {
    let Some((address, query)) = url.split_once('?') else { return url };
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    format!("{address}?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_hidden_in_debug_output() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{:?}", Some(&secret)), "Some([secret])");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn url_password_is_hidden() {
        for (url, shown) in [
            ("postgres://me:pw@host:5432/db", "postgres://me:***@host:5432/db"),
            ("postgres://me:p@w@host/db", "postgres://me:***@host/db"),
            ("smtps://me:p/w?d@host", "smtps://me:***@host"),
            ("postgres://me@host/db", "postgres://me@host/db"),
            ("postgres://host/db?user=me&password=pw&x=1", "postgres://host/db?user=me&password=***&x=1"),
            ("https://example.org/@someone", "https://example.org/@someone"),
            ("no url: at all", "no url: at all"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
