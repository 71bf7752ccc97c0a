//! The documents that an issuer publishes: its endpoints (OpenID Connect Discovery 1.0, 4) and its signing keys (RFC 7517).
//!
//! Both are fetched when they are first needed, so that a server starts without its issuer, and kept for [`DOCUMENT_LIFETIME`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::clock::Clock;
use domain::identity::ProviderError;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::{Duration, OffsetDateTime};

use crate::http::{Http, RetryPolicy};
use crate::id_token::KeySet;

/// How long a fetched document is used.
const DOCUMENT_LIFETIME: Duration = Duration::hours(1);

/// The least time between two fetches of the keys for tokens with an unknown key: such tokens cannot flood the issuer.
const REFETCH_INTERVAL: Duration = Duration::minutes(1);

/// The part of the discovery document that a sign-in needs.
#[derive(Debug, Deserialize)]
pub(crate) struct Endpoints {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    /// `client_secret_basic` if it is absent.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Endpoints {
    /// Whether the client's secret is sent in the form, because the issuer does not read it from the header.
    pub(crate) fn needs_secret_in_form(&self) -> bool {
        self.token_endpoint_auth_methods_supported.as_ref().is_some_and(|methods| {
            let has = |name: &str| methods.iter().any(|method| method == name);
            has("client_secret_post") && !has("client_secret_basic")
        })
    }

    /// Fails unless the document is that of `issuer`, and names no endpoint with http for an issuer with https.
    fn check(&self, issuer: &str) -> Result<(), ProviderError> {
        if self.issuer != issuer {
            let named = &self.issuer;
            return Err(unavailable(format!("it names the issuer {named:?}, but the setting is {issuer:?}")));
        }
        let required = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        for endpoint in required.into_iter().chain(&self.userinfo_endpoint) {
            let scheme = Url::parse(endpoint).map(|url| url.scheme().to_owned()).unwrap_or_default();
            if scheme != "https" && (scheme != "http" || issuer.starts_with("https:")) {
                return Err(unavailable(format!("its endpoint {endpoint:?} is not an https address")));
            }
        }
        Ok(())
    }
}

/// An issuer and its cached documents.
pub(crate) struct Issuer {
    /// The issuer's identifier, exactly as its tokens name it.
    pub(crate) url: String,
    http: Http,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    endpoints: Option<Cached<Endpoints>>,
    keys: Option<Cached<KeySet>>,
    /// When the keys were last fetched for a token with an unknown key.
    refetched_at: Option<OffsetDateTime>,
}

struct Cached<T> {
    document: Arc<T>,
    fetched_at: OffsetDateTime,
}

impl<T> Cached<T> {
    fn fresh(this: Option<&Self>, now: OffsetDateTime) -> Option<Arc<T>> {
        let cached = this.filter(|cached| now - cached.fetched_at < DOCUMENT_LIFETIME)?;
        Some(Arc::clone(&cached.document))
    }
}

impl Issuer {
    pub(crate) fn new(url: String, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { url, http, clock, cache: Mutex::default() }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The issuer's endpoints.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>, ProviderError> {
        if let Some(cached) = Cached::fresh(self.cache().endpoints.as_ref(), self.now()) {
            return Ok(cached);
        }
        // An issuer may end with a slash, which the address of its document does not repeat.
        let url = format!("{}/.well-known/openid-configuration", self.url.trim_end_matches('/'));
        let endpoints: Endpoints = self.fetch("the discovery document", &url).await?;
        endpoints.check(&self.url).map_err(|error| about("the discovery document", error))?;
        let document = Arc::new(endpoints);
        self.cache().endpoints = Some(Cached { document: Arc::clone(&document), fetched_at: self.now() });
        Ok(document)
    }

    /// The issuer's keys.
    pub(crate) async fn keys(&self) -> Result<Arc<KeySet>, ProviderError> {
        if let Some(cached) = Cached::fresh(self.cache().keys.as_ref(), self.now()) {
            return Ok(cached);
        }
        self.fetch_keys().await
    }

    /// The keys as they are now, for a token whose key is unknown; `None` if they were fetched for another such token just before.
    pub(crate) async fn newer_keys(&self) -> Result<Option<Arc<KeySet>>, ProviderError> {
        {
            let (now, mut cache) = (self.now(), self.cache());
            if cache.refetched_at.is_some_and(|last| now - last < REFETCH_INTERVAL) {
                return Ok(None);
            }
            cache.refetched_at = Some(now);
        }
        self.fetch_keys().await.map(Some)
    }

    async fn fetch_keys(&self) -> Result<Arc<KeySet>, ProviderError> {
        let endpoints = self.endpoints().await?;
        let document = Arc::new(self.fetch("the key set", &endpoints.jwks_uri).await?);
        self.cache().keys = Some(Cached { document: Arc::clone(&document), fetched_at: self.now() });
        Ok(document)
    }

    async fn fetch<T: DeserializeOwned>(&self, what: &str, url: &str) -> Result<T, ProviderError> {
        let answer = self.http.send(self.http.get(url), RetryPolicy::Safe).await;
        answer.and_then(|answer| answer.success()).map_err(|error| about(what, error))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(reason: String) -> ProviderError {
    ProviderError::Unavailable(reason)
}

/// The error with the name of the document that it is about.
fn about(what: &str, error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unavailable(reason) => ProviderError::Unavailable(format!("{what}: {reason}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_of_https_issuer_are_https_and_its_own() {
        let (https, http) = ("https://id.example.org", "http://id.example.org");
        for (case, issuer, authorize, token, keys, userinfo, is_fine) in [
            ("all https", https, https, https, https, Some(https), true),
            ("no userinfo", https, https, https, https, None, true),
            ("other hosts", https, "https://login.example", "https://oauth.example", https, None, true),
            ("all http", http, http, http, http, Some(http), true),
            ("http, then https", http, https, https, https, Some(https), true),
            ("page over http", https, http, https, https, None, false),
            ("token over http", https, https, http, https, None, false),
            ("keys over http", https, https, https, http, None, false),
            ("userinfo over http", https, https, https, https, Some(http), false),
            ("another scheme", http, http, "ftp://id.example.org", http, None, false),
            ("no address", https, https, "", https, None, false),
        ] {
            let endpoints = Endpoints {
                issuer: issuer.to_owned(),
                authorization_endpoint: authorize.to_owned(),
                token_endpoint: token.to_owned(),
                jwks_uri: keys.to_owned(),
                userinfo_endpoint: userinfo.map(str::to_owned),
                token_endpoint_auth_methods_supported: None,
            };
            assert_eq!(endpoints.check(issuer).is_ok(), is_fine, "{case}");
            assert!(endpoints.check("https://other.example").is_err(), "{case}");
        }
    }
}
