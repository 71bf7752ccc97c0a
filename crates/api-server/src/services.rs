//! Composes the services: an adapter for each port, with the settings.

use std::sync::Arc;
use std::time::Duration;

use adapters_http::body::{BodyLimits, BodyTimeout, ByteBudget};
use adapters_http::client_ip::TrustedProxies;
use adapters_http::edge::EdgeSettings;
use adapters_http::identity::{Browser, PublicUrl};
use adapters_http::leaderboard::BoardPages;
use adapters_http::limits::{Limits, Rates, ShareSizes, Shares, SignInRequirement};
use adapters_http::referrals::ReferralLinks;
use adapters_http::server::ServerLimits;
use adapters_http::services::Services;
use adapters_http::users::Downloads;
use adapters_postgres::{BatchedSessionReader, Hub, HubLimits};
use bootstrap::adapters::providers;
use bootstrap::passwords::Argon2Passwords;
use bootstrap::store::{ServerDatabase, deps};
use bootstrap::system::SystemIds;
use bootstrap::{Settings, StartupError, registration};
use domain::achievements::Achievements;
use domain::administration::{Administration, Invitations, UserAdministration};
use domain::dashboard::Dashboard;
use domain::identity::{ApiTokens, DeviceLogins, FailedLogins, Identity, OAuth, Recovery};
use domain::insights::Insights;
use domain::leaderboard::Leaderboard;
use domain::notifications::{Notifications, Unsubscribing};
use domain::plausibility::Plausibility;
use domain::portability::Exports;
use domain::pricing::{CurrentBook, PriceOverrides, UnpricedModels};
use domain::projects::Projects;
use domain::referrals::{Referrals, VisitorSalt};
use domain::signed_token::TokenKey;
use domain::social::{Feed, Social};
use domain::usage::Usage;
use domain::users::{Profiles, Users};

use crate::ready::DatabaseReadiness;

/// The services of the routes.
pub(crate) fn services(
    settings: &Settings,
    database: &ServerDatabase,
    hub: Hub,
    ready: Arc<DatabaseReadiness>,
    prices: Arc<CurrentBook>,
) -> Result<Services, StartupError> {
    let requests = deps(&database.requests);
    // Sign-in has its own connections.
    let sign_in = deps(&database.sign_in);
    let sessions = Arc::new(BatchedSessionReader::new(database.look_ups.clone()));
    let passwords = Arc::new(Argon2Passwords::new(&settings.passwords)?);
    let lifetime = time::Duration::days(i64::from(settings.sessions.lifetime_days));
    let policy = registration::policy(settings);
    let oauth = OAuth::new(sign_in.clone(), providers(settings)?).with_policy(policy.clone());
    let secret_key = bootstrap::database::secret_key(settings, &SystemIds)?;
    let salt = VisitorSalt::of(secret_key.expose().as_bytes());
    let tickets = TokenKey::of(secret_key.expose().as_bytes());
    let recovery = Recovery::new(sign_in.clone(), passwords.clone(), tickets.clone());
    let identity = Identity::new(sign_in.clone(), sessions, passwords, salt).with_policy(policy);
    let sends_email = settings.mail.is_on();
    let rates = &settings.rate_limits;
    let failed_logins = Some(rates.failed_logins_per_minute).filter(|limit| *limit > 0).map(FailedLogins);
    let patience = BodyTimeout::default();
    Ok(Services {
        identity: identity.with_session_lifetime(lifetime).with_failed_logins(failed_logins).with_email(sends_email),
        recovery: recovery.with_email(sends_email),
        api_tokens: ApiTokens::new(requests.clone()),
        device_logins: DeviceLogins::new(sign_in).with_session_lifetime(lifetime),
        public_url: PublicUrl::new(&settings.app.public_url),
        oauth: oauth.with_session_lifetime(lifetime),
        browser: Browser::new(&settings.app.frontend_url, is_https(settings), secret_key.expose().as_bytes()),
        users: Users::new(requests.clone()),
        profiles: Profiles::new(requests.clone()),
        downloads: Downloads::new(Exports::new(requests.clone())),
        projects: Projects::new(requests.clone()),
        social: Social::new(requests.clone()),
        feed: Feed::new(requests.clone(), Arc::new(hub)),
        referrals: Referrals::new(requests.clone(), salt),
        referral_links: ReferralLinks::to(&settings.app.frontend_url),
        usage: Usage::new(requests.clone(), Arc::clone(&prices))
            .with_first_jobs(Arc::default())
            .with_board_updates(Arc::default()),
        achievements: Achievements::new(requests.clone()),
        administration: Administration::new(requests.clone(), Arc::new(database.requests.clone())),
        user_administration: UserAdministration::new(requests.clone(), tickets.clone()),
        invitations: Invitations::new(requests.clone()),
        price_overrides: PriceOverrides::new(requests.clone()),
        unpriced_models: UnpricedModels::new(requests.clone(), prices),
        leaderboard: Leaderboard::new(requests.clone()),
        board_pages: BoardPages::default(),
        unsubscribing: Unsubscribing::new(requests.clone(), tickets),
        notifications: Notifications::new(requests.clone()),
        insights: Insights::new(requests.clone()),
        plausibility: Plausibility::new(requests.clone()),
        dashboard: Dashboard::new(deps(&database.requests.clone().with_shared_look_ups())),
        readiness: ready,
        body_limits: BodyLimits {
            sync: settings.sync.max_body_bytes,
            sync_messages: settings.sync.max_messages,
            patience,
            ..BodyLimits::default()
        },
        byte_budget: ByteBudget::new(
            settings.sync.max_inflight_bytes,
            settings.sync.max_body_bytes,
            Duration::from_secs(settings.server.client_request_timeout_seconds),
        ),
        trusted_proxies: TrustedProxies::parse(&settings.server.trusted_proxies)
            .map_err(|reason| StartupError::Other { doing: "reading TRUSTED_PROXIES", reason })?,
        limits: Limits::new(Rates {
            auth: rates.auth_per_minute,
            sync: rates.sync_per_minute,
            default: rates.default_per_minute,
        }),
        sign_in_requirement: SignInRequirement(settings.privacy.require_sign_in),
        shares: Shares::new(ShareSizes::of_pool(settings.database.max_connections())),
    })
}

pub(crate) fn edge(settings: &Settings) -> EdgeSettings {
    EdgeSettings {
        cors_origins: settings.server.cors_origins.clone(),
        cors_headers: settings.server.cors_headers.clone(),
        https: is_https(settings),
        ..EdgeSettings::default()
    }
}

/// Whether the API is reached over https.
fn is_https(settings: &Settings) -> bool {
    settings.app.public_url.starts_with("https://")
}

pub(crate) fn limits(settings: &Settings) -> ServerLimits {
    let server = &settings.server;
    let defaults = ServerLimits::default();
    let workers = if server.workers == 0 { defaults.workers } else { server.workers };
    ServerLimits {
        workers,
        connections_per_worker: server.max_connections.div_ceil(workers),
        keep_alive: Duration::from_secs(server.keep_alive_seconds),
        head_timeout: Duration::from_secs(server.client_request_timeout_seconds),
        drain: Duration::from_secs(server.shutdown_timeout_seconds),
        ..defaults
    }
}

/// Limits of streams. Half of the connections stay free for other requests.
pub(crate) fn hub(settings: &Settings) -> HubLimits {
    HubLimits { listeners: settings.server.max_connections.div_ceil(2), ..HubLimits::default() }
}
