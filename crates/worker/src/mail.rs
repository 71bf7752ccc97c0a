//! Builds the mailer from the settings.

use std::sync::Arc;
use std::time::Duration;

use adapters_mail::{Sender, SetupError, SmtpMailer, SmtpServer};
use async_trait::async_trait;
use bootstrap::{Settings, StartupError};
use domain::deps::Deps;
use domain::mail::{Emails, MailError, Mailer, Outgoing};
use domain::signed_token::TokenKey;

/// Fails each email. It is used if the server has `SMTP_URL` and queues emails, and the worker has not.
struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &Outgoing) -> Result<(), MailError> {
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
    Ok(Emails::new(deps.clone(), mailer(settings)?, tickets))
}

/// Tries the mail server of `settings` without sending an email. Returns its address, or `None` if mail is off.
pub async fn check_mail_server(settings: &Settings) -> Result<Option<String>, StartupError> {
    let Some((address, mailer)) = smtp_mailer(settings)? else { return Ok(None) };
    let failed = |error: MailError| StartupError::Other {
        doing: "trying the mail server",
        reason: format!("{address}: {error}"),
    };
    mailer.check().await.map_err(failed)?;
    Ok(Some(address))
}

fn mailer(settings: &Settings) -> Result<Arc<dyn Mailer>, StartupError> {
    Ok(match smtp_mailer(settings)? {
        Some((_, mailer)) => Arc::new(mailer),
        None => Arc::new(NoMailer),
    })
}

/// The mailer of `settings` and the address of its server; `None` if mail is off.
fn smtp_mailer(settings: &Settings) -> Result<Option<(String, SmtpMailer)>, StartupError> {
    let (app, mail) = (&settings.app, &settings.mail);
    let Some(url) = &mail.smtp_url else { return Ok(None) };
    let sender = Sender {
        from: mail.from.clone().unwrap_or_default(),
        app_name: app.name.clone(),
        public_url: app.public_url.clone(),
        frontend_url: app.frontend_url.clone(),
    };
    let timeout = Duration::from_secs(mail.timeout_seconds);
    let failed = |error: SetupError| StartupError::Other { doing: "setting up [mail]", reason: error.to_string() };
    let server = SmtpServer::parse(url.expose()).map_err(failed)?;
    let address = format!("{}:{}", server.host, server.port);
    Ok(Some((address, SmtpMailer::new(server, sender, mail.per_minute, timeout).map_err(failed)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_environment(owned).expect("settings")
    }

    #[test]
    fn mailer_invalid_settings_fail_at_start_without_password() {
        for (variables, works) in [
            (vec![], true),
            (vec![("SMTP_URL", "smtps://me:hunter2@mail.example.org"), ("MAIL_FROM", "b <b@example.org>")], true),
            (vec![("SMTP_URL", "smtps://me:hunter2@mail.example.org"), ("MAIL_FROM", "burntop")], false),
            (vec![("SMTP_URL", "smtps://hunter2@mail.example.org"), ("MAIL_FROM", "b@example.org")], false),
        ] {
            let made = mailer(&settings(&variables));
            assert_eq!(made.is_ok(), works, "{variables:?}");
            if let Err(error) = made {
                assert!(!error.to_string().contains("hunter2"), "{error}");
            }
        }
    }
}
