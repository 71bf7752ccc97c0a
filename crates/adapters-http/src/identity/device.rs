//! `/auth/device` and the page at `/device`: signing in a program that has no browser, in the manner of RFC 8628.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Query as Pairs};
use actix_web::{HttpRequest, HttpResponse};
use domain::identity::{
    DeviceLogin, DeviceLogins, DevicePollState, Identity, IdentityError, Password, PollAnswer, StartedDeviceLogin,
    UserCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::answer::{Json, NoContent};
use crate::body::{Body, FormBody};
use crate::caller::{Caller, device};
use crate::error::{ApiError, ApiResult};
use crate::limits::{Access, Limits, RateClass, accept};
use crate::openapi::failures;
use crate::page::{self as pages, escaped, html};
use crate::routes::Routes;
use crate::validation::{Flag, Line, Optional, Text, body};

const PAGE: &str = include_str!("device.html");
const STYLE: &str = include_str!("device.css");

pub(super) fn routes() -> Routes {
    crate::routes![
        begin_device: Public;
        poll_device: Public, DevicePoll;
        confirm_device: Session, SignIn;
    ]
    .under("/device")
}

/// The page on which the user confirms, and its style.
pub(crate) fn pages() -> Routes {
    Routes::default()
        .limited_page(Method::GET, "/device", Access::Public, RateClass::SignIn, show)
        .form("/device", Access::Public, RateClass::SignIn, answer)
        .page("/device/style.css", Access::Public, style)
}

/// The public address of this server, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address as it is configured, without a slash at its end.
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

body! {
    /// A program that requests a sign-in.
    struct BeginBody as "DeviceCodeRequest" {
        /// The program's name: one line without control or formatting characters, shown on the page that confirms the sign-in.
        client_name: Optional<Line<1, 100>>,
    }
}

/// The codes of a sign-in: one to show, one to poll with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceCode)]
struct BegunBody {
    /// The code with which the program polls; shown this once.
    device_code: String,
    /// The code that the user types.
    user_code: String,
    /// The page on which the user types it.
    verification_uri: String,
    /// The same page with the code filled in.
    verification_uri_complete: String,
    /// Seconds until the codes expire.
    expires_in: i64,
    /// Seconds to wait between two polls.
    interval: i64,
}

impl BegunBody {
    fn of(begun: &StartedDeviceLogin, url: &PublicUrl) -> Self {
        let page = format!("{}/device", url.0);
        Self {
            device_code: begun.device_code.expose().to_owned(),
            user_code: begun.user_code.to_string(),
            verification_uri_complete: format!("{page}?user_code={}", begun.user_code),
            verification_uri: page,
            expires_in: DeviceLogin::LIFETIME.whole_seconds(),
            interval: DeviceLogin::POLL_INTERVAL.whole_seconds(),
        }
    }
}

body! {
    /// A poll for the outcome of a sign-in.
    struct AskBody as "DeviceTokenRequest" {
        device_code: Text<1, 200>,
    }
}

/// The session of a program.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceToken)]
struct TokenBody {
    /// The session's token; shown this once.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the session ends.
    expires_in: i64,
}

body! {
    /// The user's answer to a request for a sign-in.
    struct ConfirmBody as "DeviceConfirmation" {
        /// The code that the program shows, in whatever case, with or without its dash.
        user_code: Text<1, 20>,
        /// Whether the program is signed in; `false` refuses it.
        approve: Flag<true>,
    }
}

/// Begin a device sign-in
///
/// The program shows `user_code` and `verification_uri`, and polls `/auth/device/token` until the user has confirmed.
#[utoipa::path(
    post, path = "/code", tag = "Auth",
    request_body(content = BeginBody, example = json!({"client_name": "burntop-cli on laptop"})),
    responses((status = 200, description = "The codes", body = BegunBody, example = json!({
        "device_code": "t_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "user_code": "BCDF-GHJK",
        "verification_uri": "https://burntop.example.org/device",
        "verification_uri_complete": "https://burntop.example.org/device?user_code=BCDF-GHJK",
        "expires_in": 900, "interval": 5,
    })))
)]
async fn begin_device(
    request: HttpRequest,
    body: Body<BeginBody>,
    logins: Data<DeviceLogins>,
    url: Data<PublicUrl>,
) -> ApiResult<Json<BegunBody>> {
    let BeginBody { client_name } = body.read().await?;
    let client_name = client_name.unwrap_or_else(|| "a program".to_owned());
    Ok(Json(BegunBody::of(&logins.begin(client_name, device(&request)).await?, &url)))
}

/// Poll a device sign-in
///
/// A 400 has in `details.error` one of `authorization_pending` (poll again after `interval` seconds), `slow_down` (polled too
/// soon), `access_denied` and `expired_token`.
#[utoipa::path(
    post, path = "/token", tag = "Auth",
    request_body(content = AskBody, example = json!({"device_code": "t_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"})),
    responses((status = 200, description = "The program is signed in", body = TokenBody, example = json!({
        "access_token": "s_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "token_type": "Bearer", "expires_in": 2_592_000,
    })))
)]
async fn poll_device(
    request: HttpRequest,
    body: Body<AskBody>,
    logins: Data<DeviceLogins>,
) -> ApiResult<Json<TokenBody>> {
    let AskBody { device_code } = body.read().await?;
    let limits = request.app_data::<Data<Limits>>();
    if limits.is_some_and(|limits| limits.polls_too_often(Sha256::digest(&device_code).into())) {
        accept(&request);
        return Err(refusal(DevicePollState::SlowDown));
    }
    let answer = logins.ask(&device_code).await?;
    if answer != PollAnswer::Not(DevicePollState::Expired) {
        accept(&request);
    }
    match answer {
        PollAnswer::SignedIn(signed_in) => {
            let lifetime = signed_in.session.expires_at - signed_in.session.created_at;
            Ok(Json(TokenBody {
                access_token: signed_in.token.expose().to_owned(),
                token_type: "Bearer",
                expires_in: lifetime.whole_seconds(),
            }))
        }
        PollAnswer::Not(poll) => Err(refusal(poll)),
    }
}

/// Confirm or refuse a device sign-in
///
/// For a frontend; without one, users confirm on the page at `/device`.
#[utoipa::path(
    post, path = "/confirm", tag = "Auth",
    request_body(content = ConfirmBody, example = json!({"user_code": "BCDF-GHJK", "approve": true})),
    responses((status = 204, description = "The next poll of the program has the outcome"), failures::NotFound)
)]
async fn confirm_device(
    request: HttpRequest,
    caller: Caller,
    body: Body<ConfirmBody>,
    logins: Data<DeviceLogins>,
) -> ApiResult<NoContent> {
    let ConfirmBody { user_code, approve } = body.read().await?;
    let code = UserCode::parse(&user_code).ok_or(IdentityError::UnknownUserCode)?;
    logins.confirm(caller.id, caller.session()?, &code, approve).await?;
    accept(&request);
    Ok(NoContent)
}

/// Why a program is not signed in, in the words of RFC 8628, section 3.5.
fn refusal(poll: DevicePollState) -> ApiError {
    let (error, detail) = match poll {
        DevicePollState::SlowDown => {
            ("slow_down", "The program polls too often. Wait `interval` seconds between two requests.")
        }
        DevicePollState::Denied => ("access_denied", "The user refused this sign-in."),
        DevicePollState::Expired => (
            "expired_token",
            "The device code is unknown, expired or used. Request a new one at POST /api/v1/auth/device/code.",
        ),
        DevicePollState::Pending | DevicePollState::Approved(_) => (
            "authorization_pending",
            "The user has not confirmed this sign-in yet. Poll again after `interval` seconds.",
        ),
    };
    ApiError::bad_request(detail).with_detail("error", json!(error))
}

#[derive(Deserialize)]
struct DevicePageQuery {
    user_code: Option<String>,
}

/// The fields of the page's form.
#[derive(Deserialize)]
struct Filled {
    user_code: String,
    name: String,
    password: String,
    /// `yes`, or anything else for no.
    answer: String,
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(STYLE)
}

async fn show(request: HttpRequest, asking: Pairs<DevicePageQuery>, logins: Data<DeviceLogins>) -> HttpResponse {
    let code = asking.user_code.as_deref().and_then(UserCode::parse);
    let Some(code) = code else {
        accept(&request);
        return page(StatusCode::OK, None, "Type the code that your program shows.");
    };
    match logins.waiting(&code).await {
        Ok(login) => {
            accept(&request);
            filled_page(StatusCode::OK, Some(&code), WARNING, &claims(&login))
        }
        Err(error) => failure(&error, None),
    }
}

/// The warning on every page.
const WARNING: &str = "A program wants to be signed in as you. Only say yes if you have just started it yourself.";

/// The program's name and address as it claims them, set apart from the page's text so that they cannot pass for it.
fn claims(login: &DeviceLogin) -> String {
    let name = escaped(&login.client_name);
    let address = login.device.ip.as_deref().map_or_else(String::new, |ip| {
        let ip = escaped(ip);
        format!("\n  <dt>It calls from</dt>\n  <dd><bdi>{ip}</bdi></dd>")
    });
    format!("<dl>\n  <dt>It calls itself</dt>\n  <dd><bdi>{name}</bdi></dd>{address}\n</dl>")
}

async fn answer(
    request: HttpRequest,
    filled: FormBody<Filled>,
    identity: Data<Identity>,
    logins: Data<DeviceLogins>,
) -> ApiResult<HttpResponse> {
    let Filled { user_code, name, password, answer } = filled.read().await?;
    let Some(code) = UserCode::parse(&user_code) else {
        return Ok(failure(&IdentityError::UnknownUserCode, None));
    };
    let yes = answer == "yes";
    let confirmed = async {
        let known = identity.recognise(&name, Password::typed(password), &device(&request)).await?;
        logins.confirm_by_password(&known, &code, yes).await
    };
    let confirmed = confirmed.await;
    if confirmed.is_ok() {
        accept(&request);
    }
    Ok(match confirmed {
        Ok(()) if yes => done("Your program is signed in. You can close this page."),
        Ok(()) => done("Your program was refused. You can close this page."),
        Err(error) => failure(&error, Some(&code)),
    })
}

/// The form again, with what went wrong.
fn failure(error: &IdentityError, code: Option<&UserCode>) -> HttpResponse {
    let (status, message) = pages::failure(error);
    page(status, code, &message)
}

fn page(status: StatusCode, code: Option<&UserCode>, message: &str) -> HttpResponse {
    filled_page(status, code, message, "")
}

/// The page with `claims`, which is HTML.
fn filled_page(status: StatusCode, code: Option<&UserCode>, message: &str, claims: &str) -> HttpResponse {
    let code = code.map(UserCode::to_string).unwrap_or_default();
    let page = PAGE.replace("{code}", &escaped(&code)).replace("{message}", &escaped(message));
    // Claims are inserted last, so that a placeholder in them is not replaced.
    html(status, &page.replace("{claims}", claims))
}

/// The page without its form.
fn done(message: &str) -> HttpResponse {
    let before = PAGE.split("{claims}").next().unwrap_or_default();
    html(StatusCode::OK, &before.replace("{message}", &escaped(message)))
}
