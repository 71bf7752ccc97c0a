//! Chooses the database of a program: the one that `DATABASE_URL` names, or an embedded one.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::clock::Clock;
use domain::ids::Ids;
use domain::key_fingerprint::KeyFingerprint;
use embedded_postgres::{Cluster, ClusterOptions, DataDir, PathOrigin};

use crate::settings::{Secret, Settings};
use crate::startup::StartupError;
use crate::system::{SystemClock, SystemIds};

/// The file of the secret key in the data directory.
const SECRET_KEY_FILE: &str = "secret_key";

/// Connections that the embedded server accepts beyond those of one program's pool.
const SPARE_CONNECTIONS: usize = 50;

/// A database that can be used for the lifetime of this value.
#[derive(Debug)]
pub enum Database {
    /// The one that `DATABASE_URL` names.
    External(Secret),
    /// An embedded database that this process runs, and its URL.
    Embedded(Cluster, Secret),
    /// An embedded database that another process runs.
    Attached(Secret),
}

impl Database {
    /// The database for the server: external, or embedded and started by this call. The start can take seconds, so an async program
    /// calls it on a thread for blocking work.
    pub fn open(settings: &Settings) -> Result<Self, StartupError> {
        match &settings.database.url {
            Some(url) => Ok(Self::External(url.clone())),
            None => Self::start(settings, Cluster::start),
        }
    }

    fn start(
        settings: &Settings,
        start: impl FnOnce(&DataDir, &ClusterOptions) -> Result<Cluster, embedded_postgres::Error>,
    ) -> Result<Self, StartupError> {
        let dir = data_dir(settings)?;
        if let Some(notice) = dir.notice() {
            tracing::warn!("{notice}");
        }
        let connections = settings.database.max_connections().saturating_add(SPARE_CONNECTIONS).max(100);
        let max_connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let cluster = start(&dir, &ClusterOptions { max_connections, ..ClusterOptions::default() })?;
        let url = embedded_url(cluster.url());
        Ok(Self::Embedded(cluster, url))
    }

    /// The database for a program beside the server, such as the worker: external, or the embedded one that the server runs.
    pub fn attach(settings: &Settings) -> Result<Self, StartupError> {
        match &settings.database.url {
            Some(url) => Ok(Self::External(url.clone())),
            None => Ok(Self::Attached(embedded_url(&embedded_postgres::attach(&data_dir(settings)?)?))),
        }
    }

    /// The database for a command: as [`attach`](Self::attach), or the embedded one is started by this call if no process runs it.
    /// Only the server creates a new one.
    pub fn attach_or_start(settings: &Settings) -> Result<Self, StartupError> {
        match Self::attach(settings) {
            Err(StartupError::Embedded(embedded_postgres::Error::NotRunning { .. })) => {
                Self::start(settings, Cluster::start_existing)
            }
            attached => attached,
        }
    }

    /// Its URL, password included.
    pub fn url(&self) -> &str {
        match self {
            Self::External(url) | Self::Attached(url) | Self::Embedded(_, url) => url.expose(),
        }
    }

    /// Whether it is embedded, here or in another process.
    pub fn is_embedded(&self) -> bool {
        !matches!(self, Self::External(_))
    }

    /// Restarts the embedded server if it died; returns whether it did. Blocks during recovery.
    pub fn revive(&mut self) -> Result<bool, StartupError> {
        match self {
            Self::Embedded(cluster, _) => Ok(cluster.revive()?),
            Self::External(_) | Self::Attached(_) => Ok(false),
        }
    }

    /// Stops the database if this process runs it; close the pool first. Dropping does the same, but ignores failures.
    pub fn stop(self) -> Result<(), StartupError> {
        match self {
            Self::Embedded(cluster, _) => Ok(cluster.stop()?),
            Self::External(_) | Self::Attached(_) => Ok(()),
        }
    }
}

/// The URL of an embedded database. While its server is down any program of this machine can listen on its port. SCRAM sends the
/// password to none of them: the server must prove that it knows it.
fn embedded_url(url: &str) -> Secret {
    Secret::new(format!("{url}?require_auth=scram-sha-256"))
}

/// The data directory.
pub fn data_dir(settings: &Settings) -> Result<DataDir, StartupError> {
    let origin = if settings.is_set("app.data_dir") { PathOrigin::Explicit } else { PathOrigin::Default };
    Ok(DataDir::resolve(&settings.app.data_dir, origin)?)
}

/// The key that signs links and short-lived tokens: `SECRET_KEY`, else a key that is generated once and kept in the data directory.
pub fn secret_key(settings: &Settings, ids: &dyn Ids) -> Result<Secret, StartupError> {
    if let Some(secret) = &settings.app.secret_key {
        return Ok(secret.clone());
    }
    let dir = data_dir(settings)?;
    dir.claim()?;
    let created = create_secret(dir.path(), ids);
    created.map_err(|error| StartupError::Other { doing: "keeping a secret key", reason: error.to_string() })?;
    Ok(Secret::new(dir.read(SECRET_KEY_FILE)?.trim()))
}

/// Warns if this process has another secret key than the one that started before on this database: then each refuses the links and
/// sign-ins in progress of the other. Does not fail if that cannot be found out.
pub async fn compare_secret_key(settings: &Settings, store: &adapters_postgres::Database) -> Result<(), StartupError> {
    let key = secret_key(settings, &SystemIds)?;
    let fingerprint = KeyFingerprint::of(key.expose().as_bytes());
    match store.replace_key_fingerprint(fingerprint, SystemClock.now()).await {
        Ok(false) => {}
        Ok(true) => tracing::warn!(
            setting = "SECRET_KEY",
            "SECRET_KEY differs from that of the process that started last on this database: all need the same key"
        ),
        // The schema may lack the table if it is migrated later.
        Err(error) => tracing::warn!(%error, "comparing SECRET_KEY with other processes failed"),
    }
    Ok(())
}

fn create_secret(dir: &Path, ids: &dyn Ids) -> io::Result<()> {
    let path = dir.join(SECRET_KEY_FILE);
    if fs::symlink_metadata(&path).is_err() {
        let draft = dir.join(format!("secret_key.{}", std::process::id()));
        let _ = fs::remove_file(&draft);
        // `create_new` refuses an existing file, such as a link that another user has placed.
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let text = ids.secret().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // A hard link replaces no file: of two programs that start together the first decides.
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_environment(owned).unwrap()
    }

    fn open_dir() -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
        top
    }

    #[test]
    fn database_with_url_is_external() {
        let settings = settings(&[("DATABASE_URL", "postgresql://db/burntop"), ("DEBUG", "true")]);
        for database in [Database::open(&settings).unwrap(), Database::attach(&settings).unwrap()] {
            assert_eq!(database.url(), "postgres://db/burntop");
            assert!(!database.is_embedded());
            database.stop().unwrap();
        }
    }

    #[test]
    fn database_without_url_is_started_once_and_attached_to() {
        let top = open_dir();
        let settings = settings(&[("BURNTOP_DATA_DIR", top.path().join("data").to_str().unwrap())]);
        let error = Database::attach(&settings).unwrap_err();
        assert!(error.to_string().contains("start `api-server` first"), "{error}");

        let owner = Database::open(&settings).unwrap();
        assert!(matches!(owner, Database::Embedded(..)) && owner.is_embedded());
        let other = Database::attach_or_start(&settings).unwrap();
        assert!(matches!(other, Database::Attached(_)));
        assert_eq!(other.url(), owner.url());
        assert!(owner.url().ends_with("/burntop?require_auth=scram-sha-256"), "SCRAM is required");
        assert!(!format!("{other:?}").contains("postgres://"));

        let error = Database::open(&settings).unwrap_err();
        assert!(error.to_string().contains("is in use by process"), "{error}");
        let url = owner.url().to_owned();
        owner.stop().unwrap();
        let again = Database::attach_or_start(&settings).unwrap();
        assert!(matches!(again, Database::Embedded(..)));
        assert_eq!(again.url(), url, "the stopped one is started");
        again.stop().unwrap();
    }

    #[test]
    fn database_of_a_command_is_never_created() {
        let top = open_dir();
        for data in ["data", "parent/data"] {
            let data = top.path().join(data);
            let settings = settings(&[("BURNTOP_DATA_DIR", data.to_str().unwrap())]);
            let error = Database::attach_or_start(&settings).unwrap_err().to_string();
            assert!(error.contains("has no database") && error.contains("DATABASE_URL"), "{error}");
        }
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 0);
    }

    #[test]
    fn secret_key_is_the_setting_or_generated_once() {
        let top = open_dir();
        let data = top.path().join("data");
        let own = settings(&[("BURNTOP_DATA_DIR", data.to_str().unwrap())]);
        let made = secret_key(&own, &SystemIds).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert_eq!(secret_key(&own, &SystemIds).unwrap(), made);
        assert_eq!(fs::metadata(data.join("secret_key")).unwrap().permissions().mode() & 0o777, 0o600);

        let set = settings(&[("BURNTOP_DATA_DIR", data.to_str().unwrap()), ("SECRET_KEY", "mine")]);
        assert_eq!(secret_key(&set, &SystemIds).unwrap().expose(), "mine");
    }

    #[test]
    fn secret_key_behind_a_link_is_refused() {
        let top = open_dir();
        let data = top.path().join("data");
        let own = settings(&[("BURNTOP_DATA_DIR", data.to_str().unwrap())]);
        secret_key(&own, &SystemIds).unwrap();
        let elsewhere = top.path().join("elsewhere");
        fs::rename(data.join("secret_key"), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, data.join("secret_key")).unwrap();
        let error = secret_key(&own, &SystemIds).unwrap_err();
        assert!(error.to_string().contains("secret_key"), "{error}");
    }
}
