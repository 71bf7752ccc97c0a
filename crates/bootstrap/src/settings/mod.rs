//! The configuration: `config/default.toml`, then the file named by `BURNTOP_CONFIG`, then the environment.
//!
//! `default.toml` is also the schema: a key that is not in it is unknown, and a value must have the type of its default.

mod check;
mod keys;
mod layers;
mod reference;
mod schema;
mod secret;

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

pub use reference::reference;
pub use secret::{Secret, without_password};

/// The variable that names a configuration file.
pub const CONFIG_FILE: &str = "BURNTOP_CONFIG";

/// The configuration, complete and checked. `config/default.toml` describes each setting.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    pub app: App,
    pub server: Server,
    pub metrics: Metrics,
    pub database: Database,
    pub embedded: Embedded,
    pub sync: Sync,
    pub rate_limits: RateLimits,
    pub worker: Worker,
    pub sessions: Sessions,
    pub retention: Retention,
    pub registration: Registration,
    pub privacy: Privacy,
    pub passwords: Passwords,
    pub log: Log,
    pub traces: Traces,
    pub github: Provider,
    pub gitlab: Provider,
    pub oidc: Oidc,
    pub mail: Mail,
    pub pricing: Pricing,
    /// The merged values, for [`Settings::render_effective`].
    #[serde(skip)]
    merged: Merged,
    /// The keys that a file or the environment sets.
    #[serde(skip)]
    set: BTreeSet<String>,
    /// The file that [`CONFIG_FILE`] names.
    #[serde(skip)]
    file: Option<PathBuf>,
}

/// The merged values. They contain secrets, so `Debug` hides them.
#[derive(Clone, Default)]
struct Merged(toml::Table);

impl fmt::Debug for Merged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[values]")
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct App {
    pub name: String,
    pub debug: bool,
    /// Signs links and short-lived tokens; [`crate::database::secret_key`] generates one if it is not set.
    #[serde(deserialize_with = "secret_unless_empty")]
    pub secret_key: Option<Secret>,
    pub data_dir: PathBuf,
    /// The public address of the API, without a slash at the end; not empty.
    #[serde(deserialize_with = "without_slash")]
    pub public_url: String,
    /// The address of the web frontend, without a slash at the end.
    #[serde(deserialize_with = "without_slash")]
    pub frontend_url: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub workers: usize,
    pub max_connections: usize,
    pub client_request_timeout_seconds: u64,
    pub keep_alive_seconds: u64,
    pub drain_notice_seconds: u64,
    pub shutdown_timeout_seconds: u64,
    pub cors_origins: Vec<String>,
    pub cors_headers: Vec<String>,
    pub trusted_proxies: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Metrics {
    /// The server's; `None` is off.
    #[serde(deserialize_with = "address_unless_empty")]
    pub bind: Option<SocketAddr>,
    /// The worker's; `None` is off.
    #[serde(deserialize_with = "address_unless_empty")]
    pub worker_bind: Option<SocketAddr>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// With the scheme `postgres://`; `None` is the embedded database.
    #[serde(deserialize_with = "postgres_unless_empty")]
    pub url: Option<Secret>,
    #[serde(deserialize_with = "postgres_unless_empty")]
    pub replica_url: Option<Secret>,
    pub pool_size: usize,
    pub max_overflow: usize,
    pub wait_timeout_seconds: u64,
    pub migrate_on_start: bool,
}

impl Database {
    /// The most connections at once.
    pub fn max_connections(&self) -> usize {
        self.pool_size + self.max_overflow
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Embedded {
    pub download: PostgresDownload,
    /// Without a slash at the end.
    #[serde(deserialize_with = "without_slash")]
    pub release_url: String,
    pub release_version: String,
    /// `None`: as the release publishes it.
    #[serde(deserialize_with = "text_unless_empty")]
    pub release_sha256: Option<String>,
}

/// When the programs of PostgreSQL are downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PostgresDownload {
    Missing,
    Always,
    Off,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Sync {
    pub max_body_bytes: usize,
    pub max_messages: usize,
    pub max_inflight_bytes: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RateLimits {
    pub auth_per_minute: u32,
    pub failed_logins_per_minute: u32,
    pub sync_per_minute: u32,
    pub default_per_minute: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Worker {
    pub jobs_at_once: usize,
    pub lease_seconds: u64,
    pub poll_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Sessions {
    pub lifetime_days: u16,
}

/// Ages in days after which the cleanup removes rows.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Retention {
    pub expired_credentials_days: u16,
    pub read_notifications_days: u16,
    pub unread_notifications_days: u16,
    pub rank_history_days: u16,
    pub finished_jobs_days: u16,
    pub dead_jobs_days: u16,
    /// `None` keeps audit records for ever.
    #[serde(deserialize_with = "days_unless_zero")]
    pub audit_log_days: Option<u16>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Registration {
    pub mode: RegistrationMode,
    pub email_domains: Vec<String>,
    pub github_organizations: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationMode {
    Open,
    Invite,
    Closed,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Privacy {
    /// `None`: public if registration is open, else private.
    #[serde(deserialize_with = "visibility_unless_empty")]
    pub default_profile: Option<Visibility>,
    pub require_sign_in: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    Public,
    Private,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Passwords {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Traces {
    /// The address of the collector, without a slash at the end; `None` is off.
    #[serde(deserialize_with = "without_slash_unless_empty")]
    pub endpoint: Option<String>,
    /// From 0 to 1.
    pub share: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    pub level: String,
    pub json: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Provider {
    /// The OAuth application; `None` turns the provider off.
    #[serde(deserialize_with = "text_unless_empty")]
    pub client_id: Option<String>,
    /// Set if the id is.
    #[serde(deserialize_with = "secret_unless_empty")]
    pub client_secret: Option<Secret>,
    /// The site, without a slash at the end.
    #[serde(deserialize_with = "without_slash")]
    pub url: String,
    /// Its API, without a slash at the end.
    #[serde(deserialize_with = "without_slash")]
    pub api_url: String,
    pub timeout_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Oidc {
    /// Set if the id is.
    pub issuer: String,
    /// The client; `None` turns the provider off.
    #[serde(deserialize_with = "text_unless_empty")]
    pub client_id: Option<String>,
    /// Set if the id is.
    #[serde(deserialize_with = "secret_unless_empty")]
    pub client_secret: Option<Secret>,
    pub name: String,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub groups: Vec<String>,
    pub timeout_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// The mail server; `None` turns mail off.
    #[serde(deserialize_with = "secret_unless_empty")]
    pub smtp_url: Option<Secret>,
    /// The sender; set if the server is.
    #[serde(deserialize_with = "text_unless_empty")]
    pub from: Option<String>,
    pub per_minute: u32,
    pub timeout_seconds: u64,
}

impl Mail {
    /// Whether emails are sent.
    pub fn is_on(&self) -> bool {
        self.smtp_url.is_some()
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Pricing {
    /// The address of the table; `None` turns fetching off.
    #[serde(deserialize_with = "text_unless_empty")]
    pub url: Option<String>,
    pub max_changed_share: f64,
}

/// All problems of a configuration. Each begins with the name of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// At least one.
    pub problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [one] => write!(f, "the configuration is not usable: {one}"),
            many => write!(f, "the configuration is not usable:\n  - {}", many.join("\n  - ")),
        }
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the configuration of this process: the defaults, the file named by `BURNTOP_CONFIG`, the environment.
    ///
    /// Fails with all problems at once: unknown keys, values of the wrong type or out of range, settings missing in production.
    pub fn load() -> Result<Self, SettingsError> {
        let environment = std::env::vars_os();
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        Self::from_environment(environment.map(|(name, value)| (text(name), text(value))))
    }

    /// As [`load`](Self::load), from these variables.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, SettingsError> {
        let mut layers = layers::Layers::defaults();
        let variables: Vec<(String, String)> = variables.into_iter().collect();
        let file = variables.iter().find(|(name, value)| name == CONFIG_FILE && !value.is_empty());
        let file = file.map(|(_, file)| PathBuf::from(file));
        if let Some(file) = &file {
            layers.add_file(file);
        }
        layers.add_environment(&variables);
        let (merged, named, mut problems) = layers.finish();
        check::check(&merged, &named, &mut problems);
        if !problems.is_empty() {
            return Err(SettingsError { problems });
        }
        let mut settings: Self = merged
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| SettingsError { problems: vec![error.message().to_owned()] })?;
        settings.merged = Merged(merged);
        settings.set = named.into_keys().collect();
        settings.file = file;
        if settings.app.public_url.is_empty() {
            settings.app.public_url = local_url(&settings.server.host, settings.server.port);
        }
        Ok(settings)
    }

    /// The settings of a server that listens on `address`: links lead there unless `PUBLIC_URL` is set.
    #[must_use]
    pub fn listening_on(mut self, address: SocketAddr) -> Self {
        let configured = schema::get(&self.merged.0, "app.public_url").and_then(toml::Value::as_str);
        if configured.unwrap_or_default().is_empty() {
            self.app.public_url = local_url(&self.server.host, address.port());
        }
        self
    }

    /// The configuration file that was read, besides the defaults.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether a file or the environment sets `key`, such as `log.level`.
    pub fn is_set(&self, key: &str) -> bool {
        self.set.contains(key)
    }

    /// Whether this is a production server: an external database without development mode.
    pub fn is_production(&self) -> bool {
        self.database.url.is_some() && !self.app.debug
    }

    /// The configuration as TOML, without secrets and the passwords of URLs.
    pub fn render_effective(&self) -> String {
        reference::effective(&self.merged.0)
    }
}

/// The address of a local server that listens on `host`. If that means every interface, it is the loopback address.
fn local_url(host: &str, port: u16) -> String {
    let host = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(any)) if any.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(any)) if any.is_unspecified() => "[::1]".to_owned(),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => host.to_owned(),
    };
    format!("http://{host}:{port}")
}

fn text_unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(from)?).filter(|text| !text.is_empty()))
}

fn secret_unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(text_unless_empty(from)?.map(Secret::new))
}

fn postgres_unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    let rest = |url: &str| url.split_once("://").map(|(_, rest)| format!("postgres://{rest}"));
    Ok(text_unless_empty(from)?.and_then(|url| rest(&url)).map(Secret::new))
}

fn days_unless_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    Ok(Some(u16::deserialize(from)?).filter(|days| *days > 0))
}

fn visibility_unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Visibility>, D::Error> {
    let text = text_unless_empty(from)?;
    text.map(|text| Visibility::deserialize(serde::de::IntoDeserializer::into_deserializer(text))).transpose()
}

fn address_unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    text_unless_empty(from)?.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

fn without_slash_unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(without_slash(from)?).filter(|text| !text.is_empty()))
}

fn without_slash<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(String::deserialize(from)?.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
