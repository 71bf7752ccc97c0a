//! The services that vouch for people: one file per provider, and `http.rs` for what they share.
//!
//! Whoever builds a provider has installed a TLS implementation for rustls before.

mod github;
mod gitlab;
mod http;

use std::fmt;
use std::time::Duration;

use domain::display::cleaned_name;
use domain::identity::{Email, State, Verifier};
use domain::users::WebUrl;

pub use github::GitHub;
pub use gitlab::GitLab;
pub use http_client::ClientError;

/// An application that was registered at a provider.
#[derive(Clone)]
pub struct Application {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where browsers go and codes are exchanged, without a slash at the end.
    pub web_url: String,
    /// Where its API is, without a slash at the end.
    pub api_url: String,
    /// Where the provider sends browsers back to: exactly what was registered there.
    pub callback_url: String,
    /// How long one request may take.
    pub timeout: Duration,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("client_id", &self.client_id)
            .field("web_url", &self.web_url)
            .field("api_url", &self.api_url)
            .field("callback_url", &self.callback_url)
            .finish_non_exhaustive()
    }
}

impl Application {
    /// The address at `path` of the web site with what every authorization request says (RFC 6749, 4.1.1; RFC 7636, 4.3).
    fn authorize_url(&self, path: &str, scope: &str, state: &State, verifier: &Verifier) -> String {
        let challenge = verifier.challenge();
        let query = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", &self.callback_url),
            ("response_type", "code"),
            ("scope", scope),
            ("state", state.as_str()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let base = format!("{}{path}", self.web_url);
        // A base address that is none was refused with the configuration.
        reqwest::Url::parse_with_params(&base, query).map_or(base, String::from)
    }

    /// What a code is exchanged with.
    fn exchange_form<'a>(&'a self, code: &'a str, verifier: &'a Verifier) -> [(&'static str, &'a str); 6] {
        [
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.callback_url),
            ("code_verifier", verifier.expose()),
        ]
    }
}

/// A name as our profiles take one: up to 100 characters, and not blank.
fn name(text: Option<String>) -> Option<String> {
    let text = cleaned_name(text?.trim(), 100);
    (!text.is_empty()).then_some(text)
}

/// An address of a picture, if it is one that our profiles take.
fn image(url: Option<String>) -> Option<WebUrl> {
    WebUrl::parse(&url?).ok()
}

/// An e-mail address, if it is one.
fn email(text: &str) -> Option<Email> {
    Email::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_is_cut_to_what_a_profile_takes() {
        let named = |text: &str| name(Some(text.to_owned()));
        assert_eq!(named(" Octo\0\u{202E}\nCat\n"), Some("Octo Cat".to_owned()));
        assert_eq!(named(&"ä".repeat(200)), Some("ä".repeat(100)));
        assert_eq!((named("  "), name(None)), (None, None));
        assert_eq!(image(Some("javascript:alert(1)".to_owned())), None);
        assert!(image(Some("https://example.org/a.png".to_owned())).is_some());
        assert_eq!((email("nonsense"), email("Ada@Example.org")), (None, Some(Email::trusted("ada@example.org"))));
    }

    #[test]
    fn an_application_does_not_show_its_secret() {
        let application = Application {
            client_id: "id".to_owned(),
            client_secret: "hunter2".to_owned(),
            web_url: "https://github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
            callback_url: "https://burntop.example.org/api/v1/auth/oauth/github/callback".to_owned(),
            timeout: Duration::from_secs(10),
        };
        assert!(!format!("{application:?}").contains("hunter2"));
    }
}
