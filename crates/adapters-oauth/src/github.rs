//! GitHub, or a GitHub Enterprise server.
//!
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps> and
//! <https://docs.github.com/en/rest/apps/oauth-applications#check-a-token>

use async_trait::async_trait;
use domain::identity::ports::IdentityProvider;
use domain::identity::{AccessToken, Email, ExternalAccount, OAuthState, PkceVerifier, ProviderError, ProviderName};
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use http_client::ClientError;

use crate::http::{Http, RetryPolicy};
use crate::{Application, email, image, name};

/// Permits to read all email addresses, verified or not.
const SCOPE: &str = "user:email";

/// Permits to read memberships of organizations too, public or not.
const SCOPE_WITH_ORGANIZATIONS: &str = "user:email read:org";

/// Identifies users by their account at GitHub.
#[derive(Debug, Clone)]
pub struct GitHub {
    application: Application,
    reads_organizations: bool,
    http: Http,
}

/// A user as the API describes it.
#[derive(Debug, Deserialize)]
struct GitHubUser {
    id: u64,
    login: String,
    name: Option<String>,
    avatar_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Debug, Deserialize)]
struct Organization {
    login: String,
}

/// The answer to a code. The status is 200 for tokens and for errors.
#[derive(Deserialize)]
struct Exchanged {
    access_token: Option<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Checked<'a> {
    access_token: &'a str,
}

/// The answer about a token of this application.
#[derive(Debug, Deserialize)]
struct Issued {
    app: App,
    user: Option<GitHubUser>,
}

#[derive(Debug, Deserialize)]
struct App {
    client_id: String,
}

impl GitHub {
    /// The provider's name in URLs.
    pub const NAME: &'static str = "github";

    pub fn new(application: Application) -> Result<Self, ClientError> {
        Ok(Self { http: Http::new(application.timeout)?, application, reads_organizations: false })
    }

    /// The same, which also reads the organizations of accounts if `reads` is true.
    #[must_use]
    pub fn with_organizations(self, reads: bool) -> Self {
        Self { reads_organizations: reads, ..self }
    }

    /// A request to the API, for the owner of `token`.
    fn get(&self, path: &str, token: &AccessToken) -> RequestBuilder {
        versioned(self.http.get(&format!("{}{path}", self.application.api_url))).bearer_auth(token.expose())
    }

    async fn account(&self, user: GitHubUser, token: &AccessToken) -> Result<ExternalAccount, ProviderError> {
        Ok(ExternalAccount {
            provider: self.name(),
            subject: user.id.to_string(),
            login: user.login,
            name: name(user.name),
            image: image(user.avatar_url),
            verified_email: self.verified_email(token).await?,
            organizations: self.organizations(token).await?,
        })
    }

    /// The primary address, if it is verified and the token may read it.
    async fn verified_email(&self, token: &AccessToken) -> Result<Option<Email>, ProviderError> {
        let addresses: Vec<Address> = self.permitted_list("/user/emails?per_page=100", token).await?;
        let primary = addresses.into_iter().find(|address| address.primary && address.verified);
        Ok(primary.and_then(|address| email(&address.email)))
    }

    /// The names of the organizations of the owner of `token`, if the token may read them: up to 100.
    async fn organizations(&self, token: &AccessToken) -> Result<Vec<String>, ProviderError> {
        if !self.reads_organizations {
            return Ok(Vec::new());
        }
        let organizations: Vec<Organization> = self.permitted_list("/user/orgs?per_page=100", token).await?;
        Ok(organizations.into_iter().map(|organization| organization.login).collect())
    }

    /// The list at `path`; empty if the scopes of `token` do not permit to read it.
    async fn permitted_list<T: DeserializeOwned>(
        &self,
        path: &str,
        token: &AccessToken,
    ) -> Result<Vec<T>, ProviderError> {
        let answer = self.http.send(self.get(path, token), RetryPolicy::Safe).await?;
        // Without the scope GitHub answers 404 or 403. It answers 403 also above the rate limit, which says nothing about the list.
        let exhausted = answer.headers.get("x-ratelimit-remaining").is_some_and(|left| left.as_bytes() == b"0")
            || answer.headers.contains_key("retry-after");
        match answer.status {
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            StatusCode::FORBIDDEN if !exhausted => Ok(Vec::new()),
            _ => answer.success(),
        }
    }
}

/// Adds the version of the API that this adapter uses.
fn versioned(request: RequestBuilder) -> RequestBuilder {
    request.header("X-GitHub-Api-Version", "2022-11-28")
}

#[async_trait]
impl IdentityProvider for GitHub {
    fn name(&self) -> ProviderName {
        ProviderName::trusted(Self::NAME)
    }

    fn display_name(&self) -> String {
        "GitHub".to_owned()
    }

    async fn authorize_url(&self, state: &OAuthState, verifier: &PkceVerifier) -> Result<String, ProviderError> {
        let scope = if self.reads_organizations { SCOPE_WITH_ORGANIZATIONS } else { SCOPE };
        Ok(self.application.authorize_url("/login/oauth/authorize", scope, state, verifier))
    }

    async fn exchange(&self, code: &str, verifier: &PkceVerifier) -> Result<ExternalAccount, ProviderError> {
        let url = format!("{}/login/oauth/access_token", self.application.web_url);
        let request = self.http.post(&url).form(&self.application.exchange_form(code, verifier));
        let answer = self.http.send(request, RetryPolicy::UnlessSent).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(ProviderError::RefusesUs("there is no such application".to_owned()));
        }
        let exchanged: Exchanged = answer.success()?;
        let token = match (exchanged.access_token, exchanged.error) {
            (Some(token), None) => AccessToken::parse(&token)
                .map_err(|_| ProviderError::Unavailable("its token is malformed".to_owned()))?,
            (_, Some(error)) if matches!(&*error, "incorrect_client_credentials" | "redirect_uri_mismatch") => {
                return Err(ProviderError::RefusesUs(error));
            }
            (_, Some(error)) => return Err(ProviderError::Refused(error)),
            (None, None) => return Err(ProviderError::Unavailable("it answered without a token".to_owned())),
        };
        let user = self.http.send(self.get("/user", &token), RetryPolicy::Safe).await?.success()?;
        self.account(user, &token).await
    }

    async fn vouch(&self, token: &AccessToken) -> Result<ExternalAccount, ProviderError> {
        let Application { client_id, client_secret, api_url, .. } = &self.application;
        let mut url = reqwest::Url::parse(api_url).map_err(|error| ProviderError::RefusesUs(error.to_string()))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["applications", client_id, "token"]);
        }
        let request = versioned(self.http.post(url.as_str())).basic_auth(client_id, Some(client_secret));
        let request = request.json(&Checked { access_token: token.expose() });
        let answer = self.http.send(request, RetryPolicy::Safe).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
                return Err(ProviderError::Refused("the token was not issued to this application".to_owned()));
            }
            StatusCode::UNAUTHORIZED => {
                return Err(ProviderError::RefusesUs("the client id or secret is wrong".to_owned()));
            }
            _ => {}
        }
        let issued: Issued = answer.success()?;
        match issued.user {
            Some(user) if issued.app.client_id == *client_id => self.account(user, token).await,
            _ => Err(ProviderError::Refused("the token belongs to another application or to no user".to_owned())),
        }
    }
}
