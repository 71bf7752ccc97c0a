//! Builds the adapters of outside services from the settings: sign-in providers, the mail server, the live price table.

use std::sync::Arc;
use std::time::Duration;

use adapters_mail::{Sender, SmtpMailer, SmtpServer};
use adapters_oauth::{Application, GitHub, GitLab, Oidc, OidcClient};
use adapters_pricing::{FetchLimits, LiveTable};
use domain::identity::Providers;
use domain::identity::ports::IdentityProvider;
use domain::mail::{MailError, Mailer};
use domain::pricing::ports::PriceSource;

use crate::settings::{Provider, Settings};
use crate::startup::StartupError;
use crate::system::SystemClock;

/// The sign-in providers with a client id.
pub fn providers(settings: &Settings) -> Result<Providers, StartupError> {
    let doing = "setting up sign-in through providers";
    let mut providers: Vec<Arc<dyn IdentityProvider>> = Vec::new();
    if let Some(application) = application(settings, &settings.github, GitHub::NAME) {
        let github = GitHub::new(application).map_err(|error| failed(doing, &error))?;
        let reads_organizations = !settings.registration.github_organizations.is_empty();
        providers.push(Arc::new(github.with_organizations(reads_organizations)));
    }
    if let Some(application) = application(settings, &settings.gitlab, GitLab::NAME) {
        providers.push(Arc::new(GitLab::new(application).map_err(|error| failed(doing, &error))?));
    }
    if let Some(client) = oidc_client(settings) {
        let oidc = Oidc::new(client, Arc::new(SystemClock)).map_err(|error| failed(doing, &error))?;
        providers.push(Arc::new(oidc));
    }
    Ok(Providers::new(providers))
}

fn application(settings: &Settings, provider: &Provider, name: &str) -> Option<Application> {
    let (client_id, client_secret) = (provider.client_id.clone()?, provider.client_secret.as_ref()?);
    Some(Application {
        client_id,
        client_secret: client_secret.expose().to_owned(),
        web_url: provider.url.clone(),
        api_url: provider.api_url.clone(),
        callback_url: callback_url(settings, name),
        timeout: Duration::from_secs(provider.timeout_seconds),
    })
}

fn oidc_client(settings: &Settings) -> Option<OidcClient> {
    let oidc = &settings.oidc;
    let (client_id, client_secret) = (oidc.client_id.clone()?, oidc.client_secret.as_ref()?);
    Some(OidcClient {
        issuer: oidc.issuer.clone(),
        display_name: oidc.name.clone(),
        client_id,
        client_secret: client_secret.expose().to_owned(),
        callback_url: callback_url(settings, Oidc::NAME),
        scopes: oidc.scopes.clone(),
        groups_claim: oidc.groups_claim.clone(),
        groups: oidc.groups.iter().cloned().collect(),
        timeout: Duration::from_secs(oidc.timeout_seconds),
    })
}

fn callback_url(settings: &Settings, provider: &str) -> String {
    format!("{}/api/v1/auth/oauth/{provider}/callback", settings.app.public_url)
}

/// The mailer of the server that `SMTP_URL` names; `None` without it.
pub fn mailer(settings: &Settings) -> Result<Option<Arc<dyn Mailer>>, StartupError> {
    Ok(smtp_mailer(settings)?.map(|(_, mailer)| Arc::new(mailer) as _))
}

/// Tries the mail server without sending an email. Returns its address, or `None` if mail is off.
pub async fn check_mail_server(settings: &Settings) -> Result<Option<String>, StartupError> {
    let Some((address, mailer)) = smtp_mailer(settings)? else { return Ok(None) };
    let failed = |error: MailError| StartupError::Other {
        doing: "trying the mail server",
        reason: format!("{address}: {error}"),
    };
    mailer.check().await.map_err(failed)?;
    Ok(Some(address))
}

/// The mailer and the address of its server.
fn smtp_mailer(settings: &Settings) -> Result<Option<(String, SmtpMailer)>, StartupError> {
    let doing = "setting up [mail]";
    let (app, mail) = (&settings.app, &settings.mail);
    let Some(url) = &mail.smtp_url else { return Ok(None) };
    let sender = Sender {
        from: mail.from.clone().unwrap_or_default(),
        app_name: app.name.clone(),
        public_url: app.public_url.clone(),
        frontend_url: app.frontend_url.clone(),
    };
    let timeout = Duration::from_secs(mail.timeout_seconds);
    let server = SmtpServer::parse(url.expose()).map_err(|error| failed(doing, &error))?;
    let address = format!("{}:{}", server.host, server.port);
    let mailer = SmtpMailer::new(server, sender, mail.per_minute, timeout).map_err(|error| failed(doing, &error))?;
    Ok(Some((address, mailer)))
}

/// The live price table that `PRICING_URL` names; `None` without it. A TLS implementation must be installed for rustls.
pub fn price_source(settings: &Settings) -> Result<Option<Arc<dyn PriceSource>>, StartupError> {
    let Some(url) = &settings.pricing.url else { return Ok(None) };
    let table =
        LiveTable::at(url, FetchLimits::default()).map_err(|error| failed("preparing to fetch prices", &error))?;
    Ok(Some(Arc::new(table)))
}

fn failed(doing: &'static str, error: &dyn std::error::Error) -> StartupError {
    StartupError::Other { doing, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailer_invalid_settings_fail_at_start_without_password() {
        for (case, variables, works) in [
            ("no server", vec![], true),
            (
                "complete",
                vec![("SMTP_URL", "smtps://me:hunter2@mail.example.org"), ("MAIL_FROM", "b <b@example.org>")],
                true,
            ),
            ("no address", vec![("SMTP_URL", "smtps://me:hunter2@mail.example.org"), ("MAIL_FROM", "burntop")], false),
            ("no user", vec![("SMTP_URL", "smtps://hunter2@mail.example.org"), ("MAIL_FROM", "b@example.org")], false),
        ] {
            let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let made = mailer(&Settings::from_environment(variables).expect("settings"));
            assert_eq!(made.is_ok(), works, "{case}");
            if let Err(error) = made {
                assert!(!error.to_string().contains("hunter2"), "{case}: {error}");
            }
        }
    }
}
