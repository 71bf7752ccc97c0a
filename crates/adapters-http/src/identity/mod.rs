//! `/auth`: registration, sign-in, sessions.

mod bodies;
mod browser;
mod device;
mod oauth;
mod page_form;
mod password_page;
mod recovery;
mod registration_page;
mod tokens;

use actix_web::HttpRequest;
use actix_web::web::Data;
use domain::identity::{Identity, Registration};
use domain::ids::SessionId;

use crate::answer::{Created, Json, NoContent};
use crate::body::Body;
use crate::caller::{Caller, OwnAccount, device};
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::limits::accept;
use crate::openapi::failures;
use crate::routes::Routes;
pub use browser::Browser;
pub use device::PublicUrl;

use bodies::{AccountBody, LoginBody, OpenSessionBody, PasswordBody, RegisterBody, SessionBody, session_example};

/// The pages of sign-in, outside the API's document.
pub(crate) fn pages() -> Routes {
    device::pages().and(registration_page::pages()).and(password_page::pages())
}

/// The routes of sign-in.
pub fn routes() -> Routes {
    crate::routes![
        register: Public, SignIn;
        login: Public, SignIn;
        logout: Session;
        me: Token(Read);
        sessions: Session;
        end_session: Session;
        change_password: Session, SignIn;
    ]
    .and(oauth::routes())
    .and(tokens::routes())
    .and(device::routes())
    .and(recovery::routes())
    .under("/auth")
}

/// Register an account
///
/// Opens a session; its token is shown this once. A referral code gives the account its referrer; an unknown code is ignored.
#[utoipa::path(
    post, path = "/register", tag = "Auth",
    request_body(content = RegisterBody, example = json!({
        "email": "ada@example.org", "password": "correct horse battery", "username": "ada", "name": "Ada",
        "timezone": "Europe/London",
    })),
    responses(
        (status = 201, description = "The new account's first session", body = SessionBody,
         example = json!(session_example())),
        failures::Forbidden, failures::Conflict,
    )
)]
async fn register(
    request: HttpRequest,
    body: Body<RegisterBody>,
    identity: Data<Identity>,
) -> ApiResult<Created<SessionBody>> {
    let registration: Registration = body.read().await?.into();
    let is_invited = registration.invitation.is_some();
    let session = identity.register(registration, device(&request)).await?;
    // Invitations are counted where they are made.
    if is_invited {
        accept(&request);
    }
    Ok(Created(session.into()))
}

/// Sign in
///
/// With the e-mail address or the username. A 401 does not state which of the credentials is wrong.
#[utoipa::path(
    post, path = "/login", tag = "Auth",
    request_body(content = LoginBody, example = json!({"email": "ada@example.org", "password": "correct horse battery"})),
    responses(
        (status = 200, description = "A new session", body = SessionBody,
         example = json!(session_example())),
        failures::Unauthorized, failures::Forbidden,
    )
)]
async fn login(request: HttpRequest, body: Body<LoginBody>, identity: Data<Identity>) -> ApiResult<Json<SessionBody>> {
    let LoginBody { email, password } = body.read().await?;
    let session = identity.login(&email, password, device(&request)).await?;
    accept(&request);
    Ok(Json(session.into()))
}

/// Sign out
///
/// Ends the session of the request.
#[utoipa::path(
    post, path = "/logout", tag = "Auth",
    responses((status = 204, description = "The session is ended"))
)]
async fn logout(caller: Caller, identity: Data<Identity>) -> ApiResult<NoContent> {
    identity.logout(caller.id, caller.session()?).await?;
    Ok(NoContent)
}

/// Show the caller's account
#[utoipa::path(
    get, path = "/me", tag = "Auth",
    responses(
        (status = 200, description = "The caller's account", body = AccountBody, example = json!({
            "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "email": "ada@example.org", "email_verified": true,
            "username": "ada", "name": "Ada", "bio": null, "location": "London", "website_url": "https://ada.example.org",
            "image": null, "is_public": true,
            "created_at": "2026-11-22T12:34:56.789Z", "updated_at": "2026-11-22T12:34:56.789Z",
            "timezone": "Europe/London", "level": 2, "xp": 610, "is_admin": false,
        })),
    )
)]
async fn me(account: OwnAccount) -> Json<AccountBody> {
    Json(AccountBody::of(account.profile.user, account.level))
}

/// List the caller's sessions
///
/// The newest first. `last_used_at` is accurate to five minutes.
#[utoipa::path(
    get, path = "/sessions", tag = "Auth",
    responses((status = 200, description = "The sessions", body = [OpenSessionBody], example = json!([{
        "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "created_at": "2026-11-22T12:34:56.789Z",
        "last_used_at": "2026-11-22T12:34:56.789Z", "ip": "203.0.113.9", "user_agent": "burntop-cli/2.0.0",
        "current": true,
    }])))
)]
async fn sessions(caller: Caller, identity: Data<Identity>) -> ApiResult<Json<Vec<OpenSessionBody>>> {
    let current = caller.session()?;
    let sessions = identity.sessions(caller.id).await?;
    Ok(Json(sessions.into_iter().map(|session| OpenSessionBody::of(session, current)).collect()))
}

/// End one of the caller's sessions
#[utoipa::path(
    delete, path = "/sessions/{id}", tag = "Auth",
    params(("id" = Uuid, Path, description = "The id of the session")),
    responses((status = 204, description = "The session is ended"), failures::NotFound)
)]
async fn end_session(caller: Caller, path: PathArgs, identity: Data<Identity>) -> ApiResult<NoContent> {
    identity.end_session(caller.id, SessionId(path.uuid("id")?)).await?;
    Ok(NoContent)
}

/// Change the caller's password
///
/// Ends the caller's other sessions, confirmed device logins and, unless `keep_api_tokens` is true, API tokens. A wrong current
/// password counts like a failed sign-in.
#[utoipa::path(
    post, path = "/password", tag = "Auth",
    request_body(content = PasswordBody, example = json!({
        "current_password": "correct horse battery", "new_password": "incorrect zebra capacitor",
    })),
    responses((status = 204, description = "The password is changed"), failures::Conflict)
)]
async fn change_password(
    request: HttpRequest,
    caller: Caller,
    body: Body<PasswordBody>,
    identity: Data<Identity>,
) -> ApiResult<NoContent> {
    let change = body.read().await?.into();
    identity.change_password(caller.id, caller.session()?, change, &device(&request)).await?;
    accept(&request);
    Ok(NoContent)
}
