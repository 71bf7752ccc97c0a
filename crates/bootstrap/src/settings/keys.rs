//! Each setting once: its key, its short name in the environment, its condition and whether it is secret. The default and the
//! description are in `config/default.toml`.

use domain::leaderboard::HistoryDays;

/// A setting.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    /// `section.key`.
    pub(super) path: &'static str,
    /// The short name in the environment. It is a stable interface.
    pub(super) short_name: Option<&'static str>,
    pub(super) rule: Option<Rule>,
    /// Whether the value is never printed.
    pub(super) is_secret: bool,
}

const fn key(path: &'static str) -> Setting {
    Setting { path, short_name: None, rule: None, is_secret: false }
}

impl Setting {
    const fn named(self, short_name: &'static str) -> Self {
        Self { short_name: Some(short_name), ..self }
    }

    const fn must(self, rule: Rule) -> Self {
        Self { rule: Some(rule), ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }
}

/// A condition on a value beside its type.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    Between(i64, i64),
    /// 0, or in a range.
    ZeroOrBetween(i64, i64),
    /// A number from 0 to 1.
    Share,
    NotEmpty,
    OneOf(&'static [&'static str]),
    /// Domains of email addresses.
    Domains,
    /// Names of organizations at GitHub.
    GitHubNames,
    /// `http://` or `https://` with a host.
    Web,
    /// `https://` with a host, or `http://` with a loopback address.
    HttpsOrLoopback,
    /// A release of PostgreSQL such as `17.11.0`.
    PostgresRelease,
    /// Empty, or a SHA-256 in hexadecimal.
    Sha256OrEmpty,
    /// As `Web`, or empty.
    WebOrEmpty,
    /// As `WebOrEmpty`, without a query and a fragment: the identifier of an OpenID Connect issuer.
    IssuerOrEmpty,
    /// Scopes of OAuth.
    Scopes,
    /// Empty, or one of these schemes with something after it.
    Schemes(&'static [&'static str]),
    /// Empty, or `address:port`.
    AddressOrEmpty,
    Origins,
    HeaderNames,
    Networks,
    LogFilter,
}

const POSTGRES: Rule = Rule::Schemes(&["postgres", "postgresql", "postgresql+asyncpg"]);
/// The limit of a value without an upper one.
pub(super) const MAX: i64 = i64::MAX;
const DAY_SECONDS: i64 = 86_400;
/// A century.
const MAX_RETENTION_DAYS: i64 = 36_500;
const MAX_U32: i64 = u32::MAX as i64;

/// All settings, in the order of `default.toml`.
pub(super) const SETTINGS: &[Setting] = &[
    key("app.name").named("APP_NAME").must(Rule::NotEmpty),
    key("app.debug").named("DEBUG"),
    key("app.secret_key").named("SECRET_KEY").secret(),
    key("app.data_dir").named("BURNTOP_DATA_DIR").must(Rule::NotEmpty),
    key("app.public_url").named("PUBLIC_URL").must(Rule::WebOrEmpty),
    key("app.frontend_url").named("FRONTEND_URL").must(Rule::Web),
    key("server.host").named("HOST").must(Rule::NotEmpty),
    key("server.port").named("PORT").must(Rule::Between(0, 65_535)),
    key("server.workers").must(Rule::Between(0, 1024)),
    key("server.max_connections").must(Rule::Between(1, 1_000_000)),
    key("server.client_request_timeout_seconds").must(Rule::Between(1, DAY_SECONDS)),
    key("server.keep_alive_seconds").must(Rule::Between(1, DAY_SECONDS)),
    key("server.drain_notice_seconds"),
    key("server.shutdown_timeout_seconds").must(Rule::Between(0, DAY_SECONDS)),
    key("server.cors_origins").named("CORS_ORIGINS").must(Rule::Origins),
    key("server.cors_headers").must(Rule::HeaderNames),
    key("server.trusted_proxies").named("TRUSTED_PROXIES").must(Rule::Networks),
    key("metrics.bind").named("METRICS_BIND").must(Rule::AddressOrEmpty),
    key("metrics.worker_bind").named("WORKER_METRICS_BIND").must(Rule::AddressOrEmpty),
    key("database.url").named("DATABASE_URL").must(POSTGRES),
    key("database.replica_url").named("DATABASE_REPLICA_URL").must(POSTGRES),
    key("database.pool_size").named("DATABASE_POOL_SIZE").must(Rule::Between(1, 10_000)),
    key("database.max_overflow").named("DATABASE_MAX_OVERFLOW").must(Rule::Between(0, 10_000)),
    key("database.wait_timeout_seconds").must(Rule::Between(1, DAY_SECONDS)),
    key("database.migrate_on_start"),
    key("embedded.download").named("POSTGRES_DOWNLOAD").must(Rule::OneOf(&["missing", "always", "off"])),
    key("embedded.release_url").named("POSTGRES_RELEASE_URL").must(Rule::HttpsOrLoopback),
    key("embedded.release_version").named("POSTGRES_RELEASE_VERSION").must(Rule::PostgresRelease),
    key("embedded.release_sha256").must(Rule::Sha256OrEmpty),
    key("sync.max_body_bytes").must(Rule::Between(1024, MAX)),
    key("sync.max_messages").must(Rule::Between(1, 10_000_000)),
    key("sync.max_inflight_bytes").must(Rule::Between(1024, MAX)),
    key("rate_limits.auth_per_minute").must(Rule::Between(0, MAX_U32)),
    key("rate_limits.failed_logins_per_minute").must(Rule::Between(0, MAX_U32)),
    key("rate_limits.sync_per_minute").must(Rule::Between(0, MAX_U32)),
    key("rate_limits.default_per_minute").must(Rule::Between(0, MAX_U32)),
    key("worker.jobs_at_once").must(Rule::Between(1, 1000)),
    key("worker.lease_seconds").must(Rule::Between(3, DAY_SECONDS)),
    key("worker.poll_seconds").must(Rule::Between(1, DAY_SECONDS)),
    key("sessions.lifetime_days").must(Rule::Between(1, 3650)),
    key("retention.expired_credentials_days").must(Rule::Between(0, MAX_RETENTION_DAYS)),
    key("retention.read_notifications_days").must(Rule::Between(7, MAX_RETENTION_DAYS)),
    key("retention.unread_notifications_days").must(Rule::Between(7, MAX_RETENTION_DAYS)),
    key("retention.rank_history_days").must(Rule::Between(HistoryDays::MOST as i64 + 1, MAX_RETENTION_DAYS)),
    key("retention.finished_jobs_days").must(Rule::Between(2, MAX_RETENTION_DAYS)),
    key("retention.dead_jobs_days").must(Rule::Between(2, MAX_RETENTION_DAYS)),
    key("retention.audit_log_days").must(Rule::ZeroOrBetween(90, MAX_RETENTION_DAYS)),
    key("registration.mode").named("REGISTRATION_MODE").must(Rule::OneOf(&["open", "invite", "closed"])),
    key("registration.email_domains").must(Rule::Domains),
    key("registration.github_organizations").must(Rule::GitHubNames),
    key("privacy.default_profile").must(Rule::OneOf(&["", "public", "private"])),
    key("privacy.require_sign_in"),
    key("passwords.memory_kib").must(Rule::Between(8, 4_194_304)),
    key("passwords.iterations").must(Rule::Between(1, 1000)),
    key("passwords.parallelism").must(Rule::Between(1, 64)),
    key("log.level").named("LOG_LEVEL").must(Rule::LogFilter),
    key("log.json").named("LOG_JSON_FORMAT"),
    key("traces.endpoint").named("OTEL_EXPORTER_OTLP_ENDPOINT").must(Rule::WebOrEmpty),
    key("traces.share").must(Rule::Share),
    key("github.client_id").named("GITHUB_CLIENT_ID"),
    key("github.client_secret").named("GITHUB_CLIENT_SECRET").secret(),
    key("github.url").named("GITHUB_URL").must(Rule::Web),
    key("github.api_url").named("GITHUB_API_URL").must(Rule::Web),
    key("github.timeout_seconds").must(Rule::Between(1, 60)),
    key("gitlab.client_id").named("GITLAB_CLIENT_ID"),
    key("gitlab.client_secret").named("GITLAB_CLIENT_SECRET").secret(),
    key("gitlab.url").named("GITLAB_URL").must(Rule::Web),
    key("gitlab.api_url").named("GITLAB_API_URL").must(Rule::Web),
    key("gitlab.timeout_seconds").must(Rule::Between(1, 60)),
    key("oidc.issuer").named("OIDC_ISSUER").must(Rule::IssuerOrEmpty),
    key("oidc.client_id").named("OIDC_CLIENT_ID"),
    key("oidc.client_secret").named("OIDC_CLIENT_SECRET").secret(),
    key("oidc.name").must(Rule::NotEmpty),
    key("oidc.scopes").must(Rule::Scopes),
    key("oidc.groups_claim").must(Rule::NotEmpty),
    key("oidc.groups"),
    key("oidc.timeout_seconds").must(Rule::Between(1, 60)),
    key("mail.smtp_url").named("SMTP_URL").must(Rule::Schemes(&["smtp", "smtps"])).secret(),
    key("mail.from").named("MAIL_FROM"),
    key("mail.per_minute").must(Rule::Between(0, MAX_U32)),
    key("mail.timeout_seconds").must(Rule::Between(1, 300)),
    key("pricing.url").named("PRICING_URL").must(Rule::WebOrEmpty),
    key("pricing.max_changed_share").must(Rule::Share),
];
