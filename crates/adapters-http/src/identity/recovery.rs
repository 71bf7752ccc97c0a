//! `/auth/verify-email` and `/auth/password/…`: what emails are for.

use actix_web::web::Data;
use domain::identity::{Email, IdentityError, Password, Recovery};
use utoipa::ToSchema;

use crate::answer::NoContent;
use crate::body::Body;
use crate::caller::MaybeCaller;
use crate::error::ApiResult;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::{Fields, FromFields, checks};

/// The most characters of a link's token: far more than any has.
const LONGEST_TOKEN: usize = 500;

pub(super) fn routes() -> Routes {
    crate::routes![verify_email: Auth, forgot_password: Auth, reset_password: Auth]
}

/// An email's token, or nothing to ask for an email.
#[derive(Debug, Default, ToSchema)]
#[schema(as = EmailVerification)]
struct VerifyBody {
    /// What the link in the email has; absent, another email is asked for.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    token: Option<String>,
}

impl FromFields for VerifyBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { token: fields.optional("token", checks::text(1..=LONGEST_TOKEN))? })
    }
}

/// Whose password was forgotten.
#[derive(Debug, ToSchema)]
#[schema(as = ForgottenPassword)]
struct ForgotBody {
    /// The account's address.
    #[schema(value_type = String, min_length = 3, max_length = 254,
             pattern = r"^(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")]
    email: Email,
}

impl FromFields for ForgotBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("email", checks::value(Email::parse))? })
    }
}

/// Another password, from an email.
#[derive(Debug, ToSchema)]
#[schema(as = PasswordReset)]
struct ResetBody {
    /// What the link in the email has.
    #[schema(min_length = 1, max_length = 500)]
    token: String,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Password,
}

impl FromFields for ResetBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.required("token", checks::text(1..=LONGEST_TOKEN));
        let new_password = fields.required("new_password", checks::value(Password::parse));
        Some(Self { token: token?, new_password: new_password? })
    }
}

/// Show that an address is one's own
///
/// With the `token` of the email that was sent to it, without signing in. A token works for 48 hours and for the address that
/// the account has; a 400 means that another email is needed. With a session and an empty object, or nothing at all, another
/// email is sent to the caller's address, at most one in five minutes and five a day, unless it is known to be theirs or this instance sends no mail.
#[utoipa::path(
    post, path = "/verify-email", tag = "Auth", security((), ("bearer" = [])),
    request_body(content = Option<VerifyBody>, example = json!({"token": "AQGanyY9S308Olscv3dzcUZKvCaq"})),
    responses(
        (status = 204, description = "The address is verified, or an email is on its way"),
        failures::Unauthorized, failures::Conflict,
    )
)]
async fn verify_email(caller: MaybeCaller, body: Body<VerifyBody>, recovery: Data<Recovery>) -> ApiResult<NoContent> {
    match body.read_if_any().await?.unwrap_or_default().token {
        Some(token) => recovery.verify_email(&token).await?,
        None => recovery.ask_for_verification(caller.id().ok_or(IdentityError::NotSignedIn)?).await?,
    }
    Ok(NoContent)
}

/// Ask for an email with a way to choose another password
///
/// It goes to the address if an account has it and has verified it, at most once in five minutes and ten times a day. The answer is the same, and
/// takes as long, for any other address.
#[utoipa::path(
    post, path = "/password/forgot", tag = "Auth",
    request_body(content = ForgotBody, example = json!({"email": "ada@example.org"})),
    responses((status = 204, description = "If this is somebody's address, an email is on its way"))
)]
async fn forgot_password(body: Body<ForgotBody>, recovery: Data<Recovery>) -> ApiResult<NoContent> {
    recovery.forgot_password(&body.read().await?.email).await?;
    Ok(NoContent)
}

/// Choose another password with the token of an email
///
/// The token works once and for an hour; a 400 means that another email is needed. All access to the account ends: sessions,
/// API tokens, confirmed device logins and links to accounts at providers. An account at a provider with the same verified address
/// is linked again by signing in through it. Whoever signs in through a provider gets a password this way.
#[utoipa::path(
    post, path = "/password/reset", tag = "Auth",
    request_body(content = ResetBody, example = json!({
        "token": "AgGanyY9S308Olscv3dzcUZKvCaq", "new_password": "incorrect zebra capacitor",
    })),
    responses((status = 204, description = "The password is changed"))
)]
async fn reset_password(body: Body<ResetBody>, recovery: Data<Recovery>) -> ApiResult<NoContent> {
    let ResetBody { token, new_password } = body.read().await?;
    recovery.reset_password(&token, new_password).await?;
    Ok(NoContent)
}
