//! Sign-in through providers: one file per provider, and `http.rs` for their requests. `discovery.rs` and `id_token.rs` belong to
//! OpenID Connect.
//!
//! A TLS implementation for rustls must be installed before a provider is built.

mod discovery;
mod github;
mod gitlab;
mod http;
mod id_token;
mod oidc;

use std::fmt;
use std::time::Duration;

use domain::display::cleaned_name;
use domain::identity::{Email, OAuthState, PkceVerifier};
use domain::users::WebUrl;

pub use github::GitHub;
pub use gitlab::GitLab;
pub use http_client::ClientError;
pub use oidc::{Oidc, OidcClient};

/// An application registered at a provider.
#[derive(Clone)]
pub struct Application {
    pub client_id: String,
    pub client_secret: String,
    /// The provider's site, for browsers and the exchange of codes; without a slash at the end.
    pub web_url: String,
    /// The provider's API, without a slash at the end.
    pub api_url: String,
    /// The address to which the provider redirects browsers, exactly as registered there.
    pub callback_url: String,
    /// The time limit of one request.
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
    /// The URL at `path` of the site with the parameters of an authorization request (RFC 6749, 4.1.1; RFC 7636, 4.3).
    fn authorize_url(&self, path: &str, scope: &str, state: &OAuthState, verifier: &PkceVerifier) -> String {
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
        // The configuration refuses a malformed base.
        reqwest::Url::parse_with_params(&base, query).map_or(base, String::from)
    }

    /// The form that exchanges a code for a token.
    fn exchange_form<'a>(&'a self, code: &'a str, verifier: &'a PkceVerifier) -> [(&'static str, &'a str); 6] {
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

/// A name under the rules of profiles: up to 100 characters, and not blank.
fn name(text: Option<String>) -> Option<String> {
    let text = cleaned_name(text?.trim(), 100);
    (!text.is_empty()).then_some(text)
}

/// The URL of a picture, if profiles accept it.
fn image(url: Option<String>) -> Option<WebUrl> {
    WebUrl::parse(&url?).ok()
}

/// An email address, if it is valid.
fn email(text: &str) -> Option<Email> {
    Email::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn provider_values_are_limited_to_profile_rules() {
        let named = |text: &str| name(Some(text.to_owned()));
        assert_eq!(named(" Octo\0\u{202E}\nCat\n"), Some("Octo Cat".to_owned()));
        assert_eq!(named(&"ä".repeat(200)), Some("ä".repeat(100)));
        assert_eq!((named("  "), name(None)), (None, None));
        assert_eq!(image(Some("javascript:alert(1)".to_owned())), None);
        assert!(image(Some("https://example.org/a.png".to_owned())).is_some());
        assert_eq!((email("nonsense"), email("Ada@Example.org")), (None, Some(Email::trusted("ada@example.org"))));
    }

    #[test]
    fn application_debug_output_hides_secret() {
        let application = Application {
            client_id: "id".to_owned(),
            client_secret: "hunter2".to_owned(),
            web_url: "https://github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
            callback_url: "https://burntop.example.org/api/v1/auth/oauth/github/callback".to_owned(),
            timeout: Duration::from_secs(10),
        };
        assert!(!format!("{application:?}").contains("hunter2"));
        let client = OidcClient {
            issuer: "https://id.example.org".to_owned(),
            display_name: "Example".to_owned(),
            client_id: "id".to_owned(),
            client_secret: "hunter2".to_owned(),
            callback_url: "https://burntop.example.org/api/v1/auth/oauth/oidc/callback".to_owned(),
            scopes: Vec::new(),
            groups_claim: "groups".to_owned(),
            groups: BTreeSet::default(),
            timeout: Duration::from_secs(10),
        };
        assert!(!format!("{client:?}").contains("hunter2"));
    }
}
