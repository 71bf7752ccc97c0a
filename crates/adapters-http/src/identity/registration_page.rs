//! The page at `/register`: creating an account in a browser, such as with the link of an invitation.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query as Pairs};
use actix_web::{HttpRequest, HttpResponse};
use domain::identity::{Email, Identity, NamedInvitation, Password, Registration};
use domain::users::Username;
use serde::Deserialize;

use super::page_form::{filled, finished, sentence};
use crate::body::FormBody;
use crate::caller::device;
use crate::error::ApiResult;
use crate::limits::{Access, RateClass, accept};
use crate::page::{failure, html};
use crate::routes::Routes;

const PAGE: &str = include_str!("register.html");
const WELCOME: &str = "This account shows how you use AI coding tools.";
const DONE: &str =
    "Your account is ready. Sign in with your programs, or in the web frontend. You can close this page.";

/// The page and the address of its form.
pub(super) fn pages() -> Routes {
    let page = Routes::default().page("/register", Access::Public, show);
    page.form("/register", Access::Public, RateClass::SignIn, register)
}

#[derive(Deserialize)]
struct Link {
    invitation: Option<String>,
}

/// The fields of the page's form.
#[derive(Default, Deserialize)]
struct RegistrationForm {
    invitation: String,
    email: String,
    username: String,
    password: String,
}

impl RegistrationForm {
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

async fn show(link: Pairs<Link>) -> HttpResponse {
    let invitation = link.into_inner().invitation.unwrap_or_default();
    page(StatusCode::OK, WELCOME, &RegistrationForm { invitation, ..RegistrationForm::default() })
}

async fn register(
    request: HttpRequest,
    form: FormBody<RegistrationForm>,
    identity: Data<Identity>,
) -> ApiResult<HttpResponse> {
    let form = form.read().await?;
    let registration = match form.registration() {
        Ok(registration) => registration,
        Err(problem) => return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &problem, &form)),
    };
    let is_invited = registration.invitation.is_some();
    Ok(match identity.register(registration, device(&request)).await {
        Ok(_) => {
            if is_invited {
                accept(&request);
            }
            html(StatusCode::CREATED, &finished(PAGE, DONE))
        }
        Err(error) => {
            let (status, message) = failure(&error);
            page(status, &message, &form)
        }
    })
}

/// The form with `message` and what was typed, except for the password.
fn page(status: StatusCode, message: &str, form: &RegistrationForm) -> HttpResponse {
    let values = [
        ("{message}", message),
        ("{invitation}", &*form.invitation),
        ("{email}", &*form.email),
        ("{username}", &*form.username),
    ];
    html(status, &filled(PAGE, &values))
}
