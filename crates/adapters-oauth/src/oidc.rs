//! An OpenID Connect provider: Keycloak, Authentik, Entra ID, Google, Okta and others.
//!
//! <https://openid.net/specs/openid-connect-core-1_0.html>, the authorization code flow with PKCE and nonce.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::clock::Clock;
use domain::identity::ports::IdentityProvider;
use domain::identity::{AccessToken, ExternalAccount, OAuthState, PkceVerifier, ProviderError, ProviderName};
use http_client::ClientError;
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded::byte_serialize;

use crate::discovery::{Endpoints, Issuer};
use crate::http::{Http, RetryPolicy};
use crate::id_token::{self, Expected, IdToken, TokenRefusal};
use crate::{email, image, name};

/// The scope that makes a request one of OpenID Connect.
const SCOPE: &str = "openid";

/// The most characters of a subject (OpenID Connect Core 1.0, 2).
const LONGEST_SUBJECT: usize = 255;

/// A client registered at an OpenID Connect provider.
#[derive(Clone)]
pub struct OidcClient {
    /// The issuer's identifier, exactly as its tokens name it: with a slash at the end only if they have it.
    pub issuer: String,
    /// The provider's name, as users know it.
    pub display_name: String,
    pub client_id: String,
    pub client_secret: String,
    /// The address to which the provider redirects browsers, exactly as registered there.
    pub callback_url: String,
    /// The scopes besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that lists the user's groups.
    pub groups_claim: String,
    /// The groups whose members may sign in; everybody if it is empty.
    pub groups: BTreeSet<String>,
    /// The time limit of one request.
    pub timeout: Duration,
}

impl fmt::Debug for OidcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcClient")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("callback_url", &self.callback_url)
            .finish_non_exhaustive()
    }
}

/// Identifies users by their account at an OpenID Connect provider.
pub struct Oidc {
    client: OidcClient,
    http: Http,
    issuer: Issuer,
}

/// The answer to a code: tokens, or the name of an error with status 4xx.
#[derive(Deserialize)]
struct Exchanged {
    id_token: Option<String>,
    access_token: Option<String>,
    error: Option<String>,
}

/// The claims about the user, of the ID token or the userinfo endpoint.
type Claims = Map<String, Value>;

impl Oidc {
    /// The provider's name in URLs.
    pub const NAME: &'static str = "oidc";

    /// Asks nothing yet: the provider need not be reachable.
    pub fn new(client: OidcClient, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        id_token::install_crypto();
        let http = Http::new(client.timeout)?;
        let issuer = Issuer::new(client.issuer.clone(), http.clone(), clock);
        Ok(Self { client, http, issuer })
    }

    /// The name of `group` among [`ExternalAccount::organizations`].
    pub fn organization(group: &str) -> String {
        format!("{}:{group}", Self::NAME)
    }

    /// The request that exchanges `code` for tokens (RFC 6749, 4.1.3 and 2.3.1).
    fn token_request(&self, endpoints: &Endpoints, code: &str, verifier: &PkceVerifier) -> RequestBuilder {
        let (id, secret) = (self.client.client_id.as_str(), self.client.client_secret.as_str());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.client.callback_url),
            ("code_verifier", verifier.expose()),
        ];
        let request = self.http.post(&endpoints.token_endpoint);
        if endpoints.needs_secret_in_form() {
            form.extend([("client_id", id), ("client_secret", secret)]);
            return request.form(&form);
        }
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        request.basic_auth(encoded(id), Some(encoded(secret))).form(&form)
    }

    /// Verifies `token`; an unknown key lets the keys be fetched once more, as the issuer may have changed them.
    async fn verified(&self, token: &str, nonce: Option<&str>) -> Result<IdToken, ProviderError> {
        let expected =
            Expected { issuer: &self.issuer.url, client_id: &self.client.client_id, nonce, now: self.issuer.now() };
        let refused = |refusal: TokenRefusal| ProviderError::Refused(format!("the ID token {refusal}"));
        match id_token::verify(token, &*self.issuer.keys().await?, &expected) {
            Err(TokenRefusal::UnknownKey) => match self.issuer.newer_keys().await? {
                Some(keys) => id_token::verify(token, &keys, &expected).map_err(refused),
                None => Err(refused(TokenRefusal::UnknownKey)),
            },
            verified => verified.map_err(refused),
        }
    }

    /// Adds the claims of the userinfo endpoint to those of `token`, if some are missing there: not every provider puts the email
    /// address and the groups into the ID token.
    async fn complete(
        &self,
        token: &mut IdToken,
        endpoints: &Endpoints,
        access_token: Option<&str>,
    ) -> Result<(), ProviderError> {
        let lacks_groups = !self.client.groups.is_empty() && !token.claims.contains_key(&self.client.groups_claim);
        if token.claims.contains_key("email") && !lacks_groups {
            return Ok(());
        }
        let (Some(url), Some(access_token)) = (&endpoints.userinfo_endpoint, access_token) else { return Ok(()) };
        let answer = self.http.send(self.http.get(url).bearer_auth(access_token), RetryPolicy::Safe).await?;
        if answer.status.is_client_error() {
            return Err(ProviderError::Refused(format!("the userinfo endpoint answered {}", answer.status)));
        }
        let mut claims: Claims = answer.success()?;
        // An access token of another user must not lend its groups (OpenID Connect Core 1.0, 5.3.2).
        if text(&claims, "sub").as_ref() != Some(&token.subject) {
            return Err(ProviderError::Refused("the userinfo endpoint described another account".to_owned()));
        }
        // An address is verified by the source that names it.
        let without_address = if token.claims.contains_key("email") { &mut claims } else { &mut token.claims };
        without_address.retain(|name, _| !matches!(&**name, "email" | "email_verified"));
        for (name, value) in claims {
            token.claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The account of `token`. Fails unless it is in a permitted group.
    fn account(&self, token: &IdToken) -> Result<ExternalAccount, ProviderError> {
        let (subject, claims) = (&token.subject, &token.claims);
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT || !subject.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(ProviderError::Refused("the ID token has an invalid subject".to_owned()));
        }
        let groups = groups(claims.get(&self.client.groups_claim));
        let permitted: Vec<String> =
            groups.filter(|group| self.client.groups.contains(*group)).map(Self::organization).collect();
        if permitted.is_empty() && !self.client.groups.is_empty() {
            return Err(ProviderError::NotPermitted);
        }
        let email_text = text(claims, "email");
        let is_verified = matches!(claims.get("email_verified"), Some(Value::Bool(true)))
            || text(claims, "email_verified").as_deref() == Some("true");
        Ok(ExternalAccount {
            provider: self.name(),
            // A subject is unique for its issuer only. An issuer has no fragment.
            subject: format!("{}#{subject}", self.issuer.url),
            login: login(claims).or_else(|| name(Some(subject.clone()))).unwrap_or_default(),
            name: name(text(claims, "name")),
            image: image(text(claims, "picture")),
            verified_email: email_text.as_deref().filter(|_| is_verified).and_then(email),
            organizations: permitted,
        })
    }
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Oidc").field(&self.client).finish()
    }
}

#[async_trait]
impl IdentityProvider for Oidc {
    fn name(&self) -> ProviderName {
        ProviderName::trusted(Self::NAME)
    }

    fn display_name(&self) -> String {
        self.client.display_name.clone()
    }

    async fn authorize_url(&self, state: &OAuthState, verifier: &PkceVerifier) -> Result<String, ProviderError> {
        let endpoints = self.issuer.endpoints().await?;
        let others = self.client.scopes.iter().map(String::as_str).filter(|scope| *scope != SCOPE);
        let scope = [SCOPE].into_iter().chain(others).collect::<Vec<_>>().join(" ");
        let (challenge, nonce) = (verifier.challenge(), verifier.nonce());
        let query = [
            ("client_id", self.client.client_id.as_str()),
            ("redirect_uri", &self.client.callback_url),
            ("response_type", "code"),
            ("scope", &scope),
            ("state", state.as_str()),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let url = reqwest::Url::parse_with_params(&endpoints.authorization_endpoint, query);
        url.map(String::from)
            .map_err(|error| ProviderError::Unavailable(format!("its authorization endpoint: {error}")))
    }

    async fn exchange(&self, code: &str, verifier: &PkceVerifier) -> Result<ExternalAccount, ProviderError> {
        let endpoints = self.issuer.endpoints().await?;
        let request = self.token_request(&endpoints, code, verifier);
        let answer = self.http.send(request, RetryPolicy::UnlessSent).await?;
        let exchanged: Exchanged = if answer.status.is_client_error() { answer.read()? } else { answer.success()? };
        let id_token = match (exchanged.id_token, exchanged.error) {
            (Some(token), None) => token,
            (_, Some(error)) if matches!(&*error, "invalid_client" | "unauthorized_client") => {
                return Err(ProviderError::RefusesUs(error));
            }
            (_, Some(error)) => return Err(ProviderError::Refused(error)),
            (None, None) => return Err(ProviderError::Unavailable("it answered without an ID token".to_owned())),
        };
        let mut token = self.verified(&id_token, Some(&verifier.nonce())).await?;
        self.complete(&mut token, &endpoints, exchanged.access_token.as_deref()).await?;
        self.account(&token)
    }

    /// `token` is an ID token: the access tokens of OpenID Connect do not say for whom they were issued.
    async fn vouch(&self, token: &AccessToken) -> Result<ExternalAccount, ProviderError> {
        let token = self.verified(token.expose(), None).await?;
        self.account(&token)
    }
}

fn text(claims: &Claims, name: &str) -> Option<String> {
    claims.get(name)?.as_str().map(str::to_owned)
}

/// The groups of a claim, which is a list, or one group.
fn groups(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = claim.and_then(Value::as_str);
    let list = claim.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(list)
}

/// The name of the account at the provider. Some providers have only an address: its domain is left out.
fn login(claims: &Claims) -> Option<String> {
    ["preferred_username", "nickname", "email", "name"].into_iter().find_map(|claim| {
        let text = text(claims, claim)?;
        name(text.split('@').next().map(str::to_owned))
    })
}
