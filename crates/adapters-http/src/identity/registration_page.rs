//! The page at `/register`: creating an account in a browser, such as with the link of an invitation.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Query as Pairs};
use actix_web::{HttpRequest, HttpResponse};
use domain::error::DomainError;
use domain::identity::{Email, Identity, NamedInvitation, Password, Registration};
use domain::text::TextProblem;
use domain::users::Username;
use serde::Deserialize;

use crate::body::FormBody;
use crate::caller::device;
use crate::error::{ApiResult, ErrorCode};
use crate::limits::{Access, RateClass};
use crate::page::{escaped, html};
use crate::routes::Routes;

const PAGE: &str = include_str!("register.html");
const WELCOME: &str = "This account shows how you use AI coding tools.";
const DONE: &str =
    "Your account is ready. Sign in with your programs, or in the web frontend. You can close this page.";

/// The page and the address of its form.
pub(crate) fn pages() -> Routes {
    Routes::default().limited_page(Method::GET, "/register", Access::Public, RateClass::Auth, show).form(
        "/register",
        Access::Public,
        RateClass::Auth,
        register,
    )
}

#[derive(Deserialize)]
struct Link {
    invitation: Option<String>,
}

/// The fields of the page's form.
#[derive(Default, Deserialize)]
struct Filled {
    invitation: String,
    email: String,
    username: String,
    password: String,
}

impl Filled {
    /// The registration, or what is wrong with a field.
    fn registration(&self) -> Result<Registration, String> {
        Ok(Registration {
            email: Email::parse(&self.email).map_err(|problem| sentence("The email address", &problem))?,
            username: Username::parse(&self.username).map_err(|problem| sentence("The username", &problem))?,
            password: Password::parse(&self.password).map_err(|problem| sentence("The password", &problem))?,
            name: None,
            zone: None,
            referral_code: None,
            invitation: NamedInvitation::typed(&self.invitation),
        })
    }
}

fn sentence(field: &str, problem: &TextProblem) -> String {
    match problem {
        TextProblem::TooShort(least) => format!("{field} needs at least {least} characters."),
        TextProblem::TooLong(most) => format!("{field} can have at most {most} characters."),
        TextProblem::Pattern(_) => format!("{field} has characters that are not permitted."),
        TextProblem::Value(reason) => format!("{field} {reason}."),
    }
}

async fn show(link: Pairs<Link>) -> HttpResponse {
    let invitation = link.into_inner().invitation.unwrap_or_default();
    page(StatusCode::OK, WELCOME, &Filled { invitation, ..Filled::default() })
}

async fn register(request: HttpRequest, filled: FormBody<Filled>, identity: Data<Identity>) -> ApiResult<HttpResponse> {
    let filled = filled.read().await?;
    let registration = match filled.registration() {
        Ok(registration) => registration,
        Err(problem) => return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &problem, &filled)),
    };
    Ok(match identity.register(registration, device(&request)).await {
        Ok(_) => html(StatusCode::CREATED, &done()),
        Err(error) => {
            let status = ErrorCode::from(error.kind()).status();
            if status.is_server_error() {
                tracing::warn!(%error, "registration failed");
                return Ok(page(status, "An internal error occurred. Try again in a moment.", &filled));
            }
            page(status, &error.to_string(), &filled)
        }
    })
}

/// The form with `message` and what was typed, except for the password.
fn page(status: StatusCode, message: &str, filled: &Filled) -> HttpResponse {
    // A placeholder in a typed text is not replaced: each part is filled in once, from the left.
    let mut text = String::new();
    let mut rest = PAGE;
    for (placeholder, value) in [
        ("{message}", message),
        ("{invitation}", &filled.invitation),
        ("{email}", &filled.email),
        ("{username}", &filled.username),
    ] {
        let Some((before, after)) = rest.split_once(placeholder) else { continue };
        text.push_str(before);
        text.push_str(&escaped(value));
        rest = after;
    }
    html(status, &(text + rest))
}

/// The page without its form.
fn done() -> String {
    let before = PAGE.split("<form").next().unwrap_or_default();
    before.replace("{message}", DONE)
}
