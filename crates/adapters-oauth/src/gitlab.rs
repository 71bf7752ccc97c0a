//! GitLab, or a self-managed GitLab server.
//!
//! <https://docs.gitlab.com/api/oauth2/> and <https://docs.gitlab.com/api/users/>

use async_trait::async_trait;
use domain::identity::ports::IdentityProvider;
use domain::identity::{AccessToken, ExternalAccount, OAuthState, PkceVerifier, ProviderError, ProviderName};
use reqwest::StatusCode;
use serde::Deserialize;

use http_client::ClientError;

use crate::http::{Http, RetryPolicy};
use crate::{Application, email, image, name};

/// Permits to read the user's own account.
const SCOPE: &str = "read_user";

/// Identifies users by their account at GitLab.
#[derive(Debug, Clone)]
pub struct GitLab {
    application: Application,
    http: Http,
}

/// The owner of a token, as the API describes it.
#[derive(Debug, Deserialize)]
struct GitLabUser {
    id: u64,
    username: String,
    name: Option<String>,
    avatar_url: Option<String>,
    email: Option<String>,
    /// When the address was confirmed; null before.
    confirmed_at: Option<String>,
}

/// The answer to a code: a token, or the name of an error with status 4xx.
#[derive(Deserialize)]
struct Exchanged {
    access_token: Option<String>,
    error: Option<String>,
}

/// The answer about a token.
#[derive(Debug, Deserialize)]
struct Issued {
    resource_owner_id: Option<u64>,
    application: Option<App>,
}

#[derive(Debug, Deserialize)]
struct App {
    uid: Option<String>,
}

impl GitLab {
    /// The provider's name in URLs.
    pub const NAME: &'static str = "gitlab";

    pub fn new(application: Application) -> Result<Self, ClientError> {
        Ok(Self { http: Http::new(application.timeout)?, application })
    }

    /// The owner of `token`.
    async fn user(&self, token: &AccessToken) -> Result<GitLabUser, ProviderError> {
        let request = self.http.get(&format!("{}/user", self.application.api_url)).bearer_auth(token.expose());
        let answer = self.http.send(request, RetryPolicy::Safe).await?;
        match answer.status {
            // A token without the scope, or one that has just expired.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(ProviderError::Refused("the token may not read its owner".to_owned()))
            }
            _ => answer.success(),
        }
    }

    fn account(&self, user: GitLabUser) -> ExternalAccount {
        let confirmed = user.email.filter(|_| user.confirmed_at.is_some());
        ExternalAccount {
            provider: self.name(),
            subject: user.id.to_string(),
            login: user.username,
            name: name(user.name),
            image: image(user.avatar_url),
            verified_email: confirmed.as_deref().and_then(email),
            organizations: Vec::new(),
        }
    }
}

#[async_trait]
impl IdentityProvider for GitLab {
    fn name(&self) -> ProviderName {
        ProviderName::trusted(Self::NAME)
    }

    fn display_name(&self) -> String {
        "GitLab".to_owned()
    }

    async fn authorize_url(&self, state: &OAuthState, verifier: &PkceVerifier) -> Result<String, ProviderError> {
        Ok(self.application.authorize_url("/oauth/authorize", SCOPE, state, verifier))
    }

    async fn exchange(&self, code: &str, verifier: &PkceVerifier) -> Result<ExternalAccount, ProviderError> {
        let url = format!("{}/oauth/token", self.application.web_url);
        let request = self.http.post(&url).form(&self.application.exchange_form(code, verifier));
        let answer = self.http.send(request, RetryPolicy::UnlessSent).await?;
        let exchanged: Exchanged = if answer.status.is_client_error() { answer.read()? } else { answer.success()? };
        let token = match (exchanged.access_token, exchanged.error) {
            (Some(token), None) => AccessToken::parse(&token)
                .map_err(|_| ProviderError::Unavailable("its token is malformed".to_owned()))?,
            (_, Some(error)) if matches!(&*error, "invalid_client" | "unauthorized_client") => {
                return Err(ProviderError::RefusesUs(error));
            }
            (_, Some(error)) => return Err(ProviderError::Refused(error)),
            (None, None) => return Err(ProviderError::Unavailable("it answered without a token".to_owned())),
        };
        Ok(self.account(self.user(&token).await?))
    }

    async fn vouch(&self, token: &AccessToken) -> Result<ExternalAccount, ProviderError> {
        let url = format!("{}/oauth/token/info", self.application.web_url);
        let answer = self.http.send(self.http.get(&url).bearer_auth(token.expose()), RetryPolicy::Safe).await?;
        if answer.status.is_client_error() {
            return Err(ProviderError::Refused("the token is not valid".to_owned()));
        }
        let issued: Issued = answer.success()?;
        let uid = issued.application.and_then(|application| application.uid);
        if uid.as_deref() != Some(&self.application.client_id) {
            return Err(ProviderError::Refused("the token was not issued to this application".to_owned()));
        }
        let user = self.user(token).await?;
        if issued.resource_owner_id != Some(user.id) {
            return Err(ProviderError::Refused("the token belongs to no user".to_owned()));
        }
        Ok(self.account(user))
    }
}
