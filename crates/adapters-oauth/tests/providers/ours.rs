//! The application as a provider knows it.

use std::time::Duration;

use adapters_oauth::Application;
use domain::identity::{AccessToken, PkceVerifier};
use http_client::script::install_tls;

/// An application registered at `url`.
pub(crate) fn application(url: &str) -> Application {
    install_tls();
    Application {
        client_id: "our id".to_owned(),
        client_secret: "our secret".to_owned(),
        web_url: url.to_owned(),
        api_url: format!("{url}/api"),
        callback_url: "https://burntop.example.org/api/v1/auth/oauth/x/callback".to_owned(),
        timeout: Duration::from_mins(1),
    }
}

pub(crate) fn token() -> AccessToken {
    AccessToken::parse("token-of-a-client").expect("a token")
}

pub(crate) fn verifier() -> PkceVerifier {
    PkceVerifier::of([9; 32])
}
