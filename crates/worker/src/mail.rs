//! Sends emails with the mailer of the settings.

use std::sync::Arc;

use async_trait::async_trait;
use bootstrap::adapters::mailer;
use bootstrap::{Settings, StartupError};
use domain::deps::Deps;
use domain::mail::{Emails, MailError, Mailer, OutgoingEmail};
use domain::signed_token::TokenKey;

/// Fails each email. It is used if the server has `SMTP_URL` and queues emails, and the worker has not.
struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &OutgoingEmail) -> Result<(), MailError> {
        Err(MailError::Unavailable("SMTP_URL is not set in the environment of the worker".to_owned()))
    }
}

/// The use case of sending emails, built from `settings`.
pub(crate) fn emails(settings: &Settings, deps: &Deps) -> Result<Emails, StartupError> {
    let tickets = if settings.mail.is_on() {
        TokenKey::of(bootstrap::database::secret_key(settings, &*deps.ids)?.expose().as_bytes())
    } else {
        // No email is sent, so no link is ever checked with this key.
        TokenKey::of(&deps.ids.secret())
    };
    let mailer = mailer(settings)?.unwrap_or_else(|| Arc::new(NoMailer));
    Ok(Emails::new(deps.clone(), mailer, tickets))
}
