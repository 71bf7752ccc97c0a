//! `/auth/oauth`: sign-in through a provider, in a browser or with a token that a client already has.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::clock::Clock;
use domain::error::{DomainError, ErrorKind};
use domain::identity::{IdentityError, NamedInvitation, OAuth, ProviderName, SignInRequest};

use super::bodies::{LinkedBody, ProviderBody, ProviderSignInBody, ProviderTokenBody, SessionBody, session_example};
use super::browser::{Browser, COOKIE, SignInCookie, SignInFailure};
use super::device::PublicUrl;
use crate::answer::{Json, NoContent, Revalidated};
use crate::body::Body;
use crate::caller::{Caller, device};
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::limits::accept;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::{Optional, Text, query};

/// The routes of signing in through a provider.
pub(super) fn routes() -> Routes {
    crate::routes![
        begin: Public, SignIn;
        callback: Public, SignIn;
        device_token: Public, SignIn;
        link: Session, SignIn;
        unlink: Session;
    ]
    .under("/oauth/{provider}")
    .and(crate::routes![accounts: Session;].under("/oauth/accounts"))
    .and(crate::routes![providers: Public;].under("/providers"))
}

query! {
    /// The parameters of a sign-in that begins.
    struct Begun {
        /// The token of an invitation
        invitation: Optional<Text<0, 100>>,
    }
}

query! {
    /// The parameters with which a provider sends a browser back. Other parameters are ignored.
    struct Returned {
        /// The code that the provider exchanges for the account, once
        code: Optional<Text<0, 2048>>,
        /// The state with which the sign-in was begun
        state: Optional<Text<0, 2048>>,
        /// Why there is no code
        error: Optional<Text<0, 2048>>,
    }
}

impl Returned {
    /// The code and the state, or why there is no code.
    fn code(self) -> Result<(String, String), SignInFailure> {
        match (self.error.as_deref(), self.code) {
            (Some("access_denied"), _) => Err(SignInFailure::AccessDenied),
            (Some(_), _) => Err(SignInFailure::AuthFailed),
            (None, Some(code)) if !code.is_empty() => Ok((code, self.state.unwrap_or_default())),
            (None, _) => Err(SignInFailure::MissingCode),
        }
    }
}

/// Begin a sign-in through a provider
///
/// For browsers: redirects to the provider, which redirects back to the callback. Where the server demands an invitation, a new
/// account needs the parameter `invitation`. While the provider cannot be reached, redirects to the frontend like the callback, with
/// the error `auth_failed`.
#[utoipa::path(
    get, path = "", tag = "Auth",
    params(("provider" = String, Path, description = "`github`, `gitlab` or `oidc`", example = "github"), Begun),
    responses(
        (status = 302, description = "Redirect to the provider, or to `/auth/callback` of the frontend", headers(
            ("Location" = String, description = "The provider's page, with state and PKCE challenge; or the frontend with `error`"),
            ("Set-Cookie" = String, description = "`oauth_state`, for ten minutes"),
        )),
        failures::NotFound,
    )
)]
async fn begin(
    request: HttpRequest,
    path: PathArgs,
    query: Query<Begun>,
    oauth: Data<OAuth>,
    browser: Data<Browser>,
    clock: Data<dyn Clock>,
) -> ApiResult<HttpResponse> {
    let provider = path.text("provider")?;
    oauth.check(&provider)?;
    let invitation = query.read()?.invitation.unwrap_or_default();
    // Nothing is tried yet.
    accept(&request);
    match oauth.begin(&provider).await {
        Ok(begun) => Ok(browser.send_away(&provider, &begun, &invitation, clock.now())),
        Err(error) => Ok(browser.send_home(&provider, &Err(failed(&provider, &error)))),
    }
}

/// End a sign-in through a provider
///
/// For browsers: redirects to the frontend, with `token` after a sign-in, else with `error` and `error_description`.
/// The error is `access_denied`, `missing_code`, `invalid_state` or `auth_failed`.
#[utoipa::path(
    get, path = "/callback", tag = "Auth",
    params(
        ("provider" = String, Path, description = "`github`, `gitlab` or `oidc`", example = "github"),
        Returned,
    ),
    responses(
        (status = 302, description = "Redirect to `/auth/callback` of the frontend", headers(
            ("Location" = String, description = "With `token`, or `error` and `error_description`"),
            ("Set-Cookie" = String, description = "Removes `oauth_state`"),
        )),
        failures::NotFound,
    )
)]
async fn callback(
    request: HttpRequest,
    path: PathArgs,
    query: Query<Returned>,
    oauth: Data<OAuth>,
    browser: Data<Browser>,
    clock: Data<dyn Clock>,
) -> ApiResult<HttpResponse> {
    let provider = path.text("provider")?;
    oauth.check(&provider)?;
    let outcome = match query.read()?.code() {
        Ok((code, state)) => {
            let cookie = request.cookie(COOKIE);
            let cookie = cookie.as_ref().map(actix_web::cookie::Cookie::value);
            match browser.read_cookie(&provider, &state, cookie, clock.now()) {
                Some(SignInCookie { verifier, invitation }) => {
                    let asked = SignInRequest { device: device(&request), invitation };
                    let signed_in = oauth.sign_in_with_code(&provider, &code, &verifier, asked).await;
                    if signed_in.as_ref().map_or_else(|error| error.kind() == ErrorKind::Unavailable, |_| true) {
                        accept(&request);
                    }
                    signed_in.map_err(|error| failed(&provider, &error))
                }
                None => Err(SignInFailure::InvalidState),
            }
        }
        Err(failure) => Err(failure),
    };
    Ok(browser.send_home(&provider, &outcome))
}

/// Logs why a sign-in failed. The browser learns only which limit on accounts refused it, or that the provider does not answer.
fn failed(provider: &str, error: &IdentityError) -> SignInFailure {
    let reason = tracing::field::debug(error);
    match error.kind() {
        ErrorKind::Internal => tracing::error!(provider, reason, "provider sign-in failed"),
        ErrorKind::Unavailable => tracing::warn!(provider, reason, "provider sign-in failed"),
        _ => tracing::info!(provider, reason, "provider sign-in failed"),
    }
    match error {
        IdentityError::ProviderUnavailable(_) => SignInFailure::ProviderUnavailable,
        IdentityError::AccountDisabled
        | IdentityError::RegistrationClosed
        | IdentityError::InvitationRequired
        | IdentityError::InvalidInvitation
        | IdentityError::NotPermitted => SignInFailure::NoAccount(error.to_string()),
        _ => SignInFailure::AuthFailed,
    }
}

/// Sign in with a provider's token
///
/// For clients that signed in at the provider themselves, such as with its device flow. The provider confirms that it issued the
/// token to this application; any other token is a 401. For `oidc` it is an ID token.
#[utoipa::path(
    post, path = "/device", tag = "Auth",
    params(("provider" = String, Path, description = "`github`, `gitlab` or `oidc`", example = "github")),
    request_body(content = ProviderSignInBody, example = json!({
        "access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    })),
    responses(
        (status = 200, description = "A new session", body = SessionBody,
         example = json!(session_example())),
        failures::Unauthorized, failures::Forbidden, failures::NotFound, failures::Conflict,
    )
)]
async fn device_token(
    request: HttpRequest,
    path: PathArgs,
    body: Body<ProviderSignInBody>,
    oauth: Data<OAuth>,
) -> ApiResult<Json<SessionBody>> {
    let provider = path.text("provider")?;
    oauth.check(&provider)?;
    let ProviderSignInBody { access_token, invitation } = body.read().await?;
    let invitation = invitation.as_deref().and_then(NamedInvitation::typed);
    let asked = SignInRequest { device: device(&request), invitation };
    let session = oauth.sign_in_with_token(&provider, &access_token, asked).await?;
    accept(&request);
    Ok(Json(session.into()))
}

/// Link an account at a provider
///
/// The provider confirms the token as in a sign-in. An account that is already linked stays linked. 409 when another user has
/// linked that account, or the caller has linked another one of the provider.
#[utoipa::path(
    post, path = "/link", tag = "Auth",
    params(("provider" = String, Path, description = "`github`, `gitlab` or `oidc`", example = "github")),
    request_body(content = ProviderTokenBody, example = json!({
        "access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    })),
    responses(
        (status = 204, description = "The caller can sign in with that account"),
        failures::NotFound, failures::Conflict,
    )
)]
async fn link(
    request: HttpRequest,
    caller: Caller,
    path: PathArgs,
    body: Body<ProviderTokenBody>,
    oauth: Data<OAuth>,
) -> ApiResult<NoContent> {
    let provider = path.text("provider")?;
    oauth.check(&provider)?;
    let token = body.read().await?.access_token;
    oauth.link_with_token(caller.id, caller.session()?, &provider, &token).await?;
    accept(&request);
    Ok(NoContent)
}

/// Unlink an account at a provider
///
/// 409 when no way to sign in would be left: the account has no password, and no other account is linked.
#[utoipa::path(
    delete, path = "/link", tag = "Auth",
    params(("provider" = String, Path, description = "`github`, `gitlab` or `oidc`", example = "github")),
    responses(
        (status = 204, description = "That account no longer signs in the caller"),
        failures::NotFound, failures::Conflict,
    )
)]
async fn unlink(caller: Caller, path: PathArgs, oauth: Data<OAuth>) -> ApiResult<NoContent> {
    oauth.unlink(caller.id, &path.text("provider")?).await?;
    Ok(NoContent)
}

/// List the sign-in providers
///
/// Those that are configured on this server, in the order of their names.
#[utoipa::path(
    get, path = "", tag = "Auth",
    responses((status = 200, description = "The providers", body = [ProviderBody], example = json!([{
        "provider": "oidc", "display_name": "Keycloak", "url": "https://burntop.example.org/api/v1/auth/oauth/oidc",
    }])), failures::NotModified)
)]
async fn providers(oauth: Data<OAuth>, url: Data<PublicUrl>) -> Revalidated<Vec<ProviderBody>> {
    let body = |(provider, display_name): (ProviderName, String)| ProviderBody {
        url: format!("{}/api/v1/auth/oauth/{provider}", url.as_str()),
        provider: provider.to_string(),
        display_name,
    };
    Revalidated(oauth.providers().into_iter().map(body).collect())
}

/// List the caller's linked accounts
///
/// In the order of the providers' names. Requires a session.
#[utoipa::path(
    get, path = "", tag = "Auth",
    responses((status = 200, description = "The accounts", body = [LinkedBody], example = json!([{
        "provider": "github", "login": "octocat", "created_at": "2026-11-22T12:34:56.789Z",
        "last_used_at": "2026-11-22T12:34:56.789Z",
    }])))
)]
async fn accounts(caller: Caller, oauth: Data<OAuth>) -> ApiResult<Json<Vec<LinkedBody>>> {
    Ok(Json(oauth.accounts(caller.id).await?.into_iter().map(LinkedBody::from).collect()))
}
