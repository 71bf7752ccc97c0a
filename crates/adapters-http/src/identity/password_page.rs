//! The page at `/password`: setting a new password with the link of an administrator or of an email.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query as Pairs};
use actix_web::{HttpRequest, HttpResponse};
use domain::identity::{Password, Recovery};
use serde::Deserialize;

use super::page_form::{filled, finished, sentence};
use crate::body::FormBody;
use crate::error::ApiResult;
use crate::limits::{Access, RateClass, accept};
use crate::page::{failure, html};
use crate::routes::Routes;

const PAGE: &str = include_str!("password.html");
const WELCOME: &str = "The new password ends all other access to your account.";
const DONE: &str = "Your password is set. Sign in with it. You can close this page.";

/// The page and the address of its form.
pub(super) fn pages() -> Routes {
    Routes::default().page("/password", Access::Public, show).form("/password", Access::Public, RateClass::SignIn, set)
}

#[derive(Deserialize)]
struct Link {
    token: Option<String>,
}

/// The fields of the page's form.
#[derive(Deserialize)]
struct PasswordForm {
    token: String,
    password: String,
}

async fn show(link: Pairs<Link>) -> HttpResponse {
    page(StatusCode::OK, WELCOME, &link.into_inner().token.unwrap_or_default())
}

async fn set(request: HttpRequest, form: FormBody<PasswordForm>, recovery: Data<Recovery>) -> ApiResult<HttpResponse> {
    let PasswordForm { token, password } = form.read().await?;
    let password = match Password::parse(&password) {
        Ok(password) => password,
        Err(problem) => {
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &sentence("The password", &problem), &token));
        }
    };
    Ok(match recovery.reset_password(&token, password).await {
        Ok(()) => {
            accept(&request);
            html(StatusCode::OK, &finished(PAGE, DONE))
        }
        Err(error) => {
            let (status, message) = failure(&error);
            page(status, &message, &token)
        }
    })
}

fn page(status: StatusCode, message: &str, token: &str) -> HttpResponse {
    html(status, &filled(PAGE, &[("{message}", message), ("{token}", token)]))
}
