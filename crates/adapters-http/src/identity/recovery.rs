//! `/auth/verify-email` and `/auth/password/…`: verification of addresses, and reset of passwords, by email.

use actix_web::HttpRequest;
use actix_web::web::Data;
use domain::identity::{Email, IdentityError, Password, Recovery};

use crate::answer::NoContent;
use crate::body::Body;
use crate::caller::MaybeCaller;
use crate::error::ApiResult;
use crate::limits::accept;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::{Optional, Text, body};

/// The token of a link in an email; no token is nearly as long as this.
type LinkToken = Text<1, 500>;

pub(super) fn routes() -> Routes {
    crate::routes![
        verify_email: OptionalSession, SignIn;
        forgot_password: Public, Auth;
        reset_password: Public, SignIn;
    ]
}

body! {
    /// The token of an email, or no token to request an email.
    #[derive(Default)]
    struct VerifyBody as "EmailVerification" {
        /// The token of the link in the email. Without it, another email is requested.
        token: Optional<LinkToken>,
    }
}

body! {
    /// The address of an account whose password is forgotten.
    struct ForgotBody as "ForgottenPassword" {
        /// The account's address.
        email: Email,
    }
}

body! {
    /// A new password, with the token of an email.
    struct ResetBody as "PasswordReset" {
        /// The token of the link in the email.
        token: LinkToken,
        new_password: Password,
    }
}

/// Verify an e-mail address
///
/// With the `token` of the email that was sent to the address, without sign-in. A token is valid for 48 hours and for the account's
/// current address; a 400 means that another email is needed. With a session and an empty object, or no body, another email is sent
/// to the caller's address, at most one in five minutes and five a day. None is sent when the address is verified or this
/// instance sends no mail; 409 when the account has no address.
#[utoipa::path(
    post, path = "/verify-email", tag = "Auth",
    request_body(content = Option<VerifyBody>, example = json!({"token": "AQGanyY9S308Olscv3dzcUZKvCaq"})),
    responses(
        (status = 204, description = "The address is verified, or an email is queued"),
        failures::Unauthorized, failures::Conflict,
    )
)]
async fn verify_email(
    request: HttpRequest,
    caller: MaybeCaller,
    body: Body<VerifyBody>,
    recovery: Data<Recovery>,
) -> ApiResult<NoContent> {
    match body.read_if_any().await?.unwrap_or_default().token {
        Some(token) => {
            recovery.verify_email(&token).await?;
            accept(&request);
        }
        None => recovery.ask_for_verification(caller.id().ok_or(IdentityError::NotSignedIn)?).await?,
    }
    Ok(NoContent)
}

/// Request a password reset
///
/// Sends an email to the address if an account has verified it, at most once in five minutes and ten times a day. The answer and
/// its duration are the same for any other address.
#[utoipa::path(
    post, path = "/password/forgot", tag = "Auth",
    request_body(content = ForgotBody, example = json!({"email": "ada@example.org"})),
    responses((status = 204, description = "If an account has verified this address, an email is queued"))
)]
async fn forgot_password(body: Body<ForgotBody>, recovery: Data<Recovery>) -> ApiResult<NoContent> {
    recovery.forgot_password(&body.read().await?.email).await?;
    Ok(NoContent)
}

/// Reset a password with the token of an email
///
/// The token is valid once and for an hour; a 400 means that another email is needed. All access to the account ends: sessions, API
/// tokens, confirmed device logins and links to accounts at providers. A sign-in through a provider links an account with the same
/// verified address again. An account without a password gets one this way.
#[utoipa::path(
    post, path = "/password/reset", tag = "Auth",
    request_body(content = ResetBody, example = json!({
        "token": "AgGanyY9S308Olscv3dzcUZKvCaq", "new_password": "incorrect zebra capacitor",
    })),
    responses((status = 204, description = "The password is changed"))
)]
async fn reset_password(request: HttpRequest, body: Body<ResetBody>, recovery: Data<Recovery>) -> ApiResult<NoContent> {
    let ResetBody { token, new_password } = body.read().await?;
    recovery.reset_password(&token, new_password).await?;
    accept(&request);
    Ok(NoContent)
}
