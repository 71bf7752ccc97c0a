//! Builds the providers that the settings name.

use std::sync::Arc;
use std::time::Duration;

use adapters_oauth::{Application, ClientError, GitHub, GitLab};
use bootstrap::settings::Provider;
use bootstrap::{Settings, StartupError};
use domain::identity::Providers;
use domain::identity::ports::IdentityProvider;

/// The providers with a client id.
pub(crate) fn providers(settings: &Settings) -> Result<Providers, StartupError> {
    let failed = |error: ClientError| StartupError::Other {
        doing: "setting up sign-in through providers",
        reason: error.to_string(),
    };
    let mut providers: Vec<Arc<dyn IdentityProvider>> = Vec::new();
    if let Some(application) = application(settings, &settings.github, GitHub::NAME) {
        providers.push(Arc::new(GitHub::new(application).map_err(failed)?));
    }
    if let Some(application) = application(settings, &settings.gitlab, GitLab::NAME) {
        providers.push(Arc::new(GitLab::new(application).map_err(failed)?));
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
        callback_url: format!("{}/api/v1/auth/oauth/{name}/callback", settings.app.public_url),
        timeout: Duration::from_secs(provider.timeout_seconds),
    })
}
