//! Databases for tests: one cluster that all test processes of a machine share, and one database per test.
//!
//! The first process that needs the cluster starts it under a lock and leaves it running for later ones. A session inside the server
//! (`watchdog.sql`) stops it after two minutes without a connection or a request for a database. Each start creates the cluster
//! again, so that no old database and no damaged cluster is kept. Databases of killed tests in a running cluster are dropped when
//! the next database is created.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::binaries::Binaries;
use crate::cluster::{Cluster, ClusterOptions, Durability, attach_to};
use crate::directory::{DataDir, PathOrigin};
use crate::error::{Error, ErrorContext};
use crate::files::Lock;
use crate::{postmaster, sql};

const WATCHDOG: &str = include_str!("watchdog.sql");
/// How long the cluster runs after its last use.
const IDLE_TIMEOUT: Duration = Duration::from_mins(2);
/// Counts a use and holds off the watchdog, which stops the server only when it gets this lock exclusively.
const IN_USE: &str = "DO $$ BEGIN PERFORM nextval('uses'); PERFORM pg_advisory_lock_shared(7240); END $$";
/// A file system in memory copies a database several times as fast as a disk.
const MEMORY: &str = "/dev/shm";
const MEMORY_BYTES: u64 = 4 * 1024 * 1024 * 1024;
const TEST_DATABASES: &str = r"SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'";
/// The attempts of a statement while the server is shutting down.
const ATTEMPTS: u32 = 3;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The cluster that tests share.
#[derive(Debug, Clone)]
pub struct TestCluster {
    dir: DataDir,
    /// Lock files are beside the data directory, which is removed at each start.
    locks: PathBuf,
    binaries: Binaries,
    idle: Duration,
}

/// A database of one test. Dropping the value drops the database and closes its connections.
#[derive(Debug)]
pub struct TestDatabase {
    cluster: TestCluster,
    name: String,
    url: String,
}

impl TestCluster {
    /// The cluster of this user and version: in the directory that `BURNTOP_TEST_CLUSTER` names, else in memory (`/dev/shm`) if
    /// that is large enough, else below the temporary directory. It is started on first use.
    pub fn shared() -> Result<Self, Error> {
        let binaries = Binaries::find(None)?;
        if let Some(dir) = std::env::var_os("BURNTOP_TEST_CLUSTER").filter(|dir| !dir.is_empty()) {
            return Self::with(&DataDir::resolve(Path::new(&dir), PathOrigin::Explicit)?, binaries, IDLE_TIMEOUT);
        }
        let uid = rustix::process::geteuid().as_raw();
        let parent = if is_large(Path::new(MEMORY)) { MEMORY.into() } else { std::env::temp_dir() };
        let dir = parent.join(format!("burntop-test-{uid}-{}", binaries.major()));
        Self::with(&DataDir::resolve(&dir, PathOrigin::Default)?, binaries, IDLE_TIMEOUT)
    }

    /// A cluster in `dir` that stops after the time `idle` without use.
    pub fn at(dir: &Path, idle: Duration) -> Result<Self, Error> {
        Self::with(&DataDir::resolve(dir, PathOrigin::Explicit)?, Binaries::find(None)?, idle)
    }

    fn with(home: &DataDir, binaries: Binaries, idle: Duration) -> Result<Self, Error> {
        home.claim()?;
        let dir = DataDir::resolve(&home.path().join("data"), PathOrigin::Explicit)?;
        Ok(Self { dir, locks: home.path().to_owned(), binaries, idle })
    }

    /// A new database, empty or a copy of `template`, with a unique name. It is dropped with the value.
    pub fn create_database(&self, template: Option<&str>) -> Result<TestDatabase, Error> {
        let name = format!("test_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.create_named(&name, template)?;
        let url = attach_to(&self.dir, &name)?;
        Ok(TestDatabase { cluster: self.clone(), name, url })
    }

    /// Ensures that the template database `name` exists. The first process fills it with `fill`, which gets the URL; the others
    /// wait.
    ///
    /// The name must contain what the content depends on, such as a digest of the migrations. Connections that `fill` leaves open
    /// are closed.
    pub fn template<E: std::fmt::Display>(
        &self,
        name: &str,
        fill: impl FnOnce(&str) -> Result<(), E>,
    ) -> Result<(), Error> {
        let failed = |message: String| Error::Template { name: name.to_owned(), message };
        let _lock = Lock::wait_exclusive(&self.locks.join("templates.lock"))?;
        let known = format!("SELECT count(*) FROM pg_database WHERE datname = {}", sql::literal(name));
        if self.run(&[&known])?.trim() == "1" {
            return Ok(());
        }
        let draft = format!("{name}_draft");
        self.run(&[&drop_statement(&draft)])?;
        self.create_named(&draft, None)?;
        fill(&attach_to(&self.dir, &draft)?).map_err(|error| failed(error.to_string()))?;
        // PostgreSQL copies a template only while no session is connected to it.
        self.run(&[
            &format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", sql::identifier(&draft)),
            &format!(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}",
                sql::literal(&draft)
            ),
            &format!("ALTER DATABASE {} RENAME TO {}", sql::identifier(&draft), sql::identifier(name)),
        ])
        .map(drop)
    }

    /// Drops the database `name` and closes its connections. Does nothing if the cluster has ended, and the database with it.
    pub fn drop_database(&self, name: &str) -> Result<(), Error> {
        if self.maintenance_url().is_err() {
            return Ok(());
        }
        self.run(&[&drop_statement(name)]).map(drop)
    }

    /// Stops the cluster and removes it.
    pub fn remove(&self) -> Result<(), Error> {
        let _lock = Lock::wait_exclusive(&self.locks.join("start.lock"))?;
        self.wipe()
    }

    /// The URL of the maintenance database, if the cluster runs. The call does not count as a use.
    pub fn maintenance_url(&self) -> Result<String, Error> {
        attach_to(&self.dir, "postgres")
    }

    /// Creates the database `name`, and replaces one that an earlier process has left under that name.
    fn create_named(&self, name: &str, template: Option<&str>) -> Result<(), Error> {
        // For small databases without fsync, copying files is faster than writing each page to the WAL.
        let (copy, original) = (sql::identifier(name), sql::identifier(template.unwrap_or("template0")));
        let create = format!("CREATE DATABASE {copy} TEMPLATE {original} STRATEGY FILE_COPY");
        let others = self.run(&[&drop_statement(name), &create, TEST_DATABASES])?;
        self.sweep(&others)
    }

    /// Drops those of the databases `names` (one per line) whose test process has ended.
    fn sweep(&self, names: &str) -> Result<(), Error> {
        let left_over = names.lines().filter(|name| owner_of(name).is_some_and(|pid| !postmaster::exists(pid)));
        let drops: Vec<String> = left_over.map(drop_statement).collect();
        if drops.is_empty() {
            return Ok(());
        }
        self.run(&drops.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    }

    /// Runs statements in the maintenance database; starts the cluster if necessary.
    fn run(&self, statements: &[&str]) -> Result<String, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let url = self.running()?;
            let mut all = vec!["SET client_min_messages = warning", IN_USE];
            all.extend(statements);
            match sql::run(&self.binaries, &url, &all) {
                Err(Error::Sql { message }) if attempt < ATTEMPTS && is_going_away(&message) => {
                    postmaster::wait_until(Duration::from_secs(5), || self.maintenance_url().is_err());
                }
                answer => return answer,
            }
        }
    }

    /// Starts the cluster if necessary; returns the URL of its maintenance database.
    fn running(&self) -> Result<String, Error> {
        if let Ok(url) = self.maintenance_url() {
            return Ok(url);
        }
        let _lock = Lock::wait_exclusive(&self.locks.join("start.lock"))?;
        if let Ok(url) = self.maintenance_url() {
            return Ok(url);
        }
        self.wipe()?;
        let cluster =
            Cluster::start(&self.dir, &ClusterOptions { durability: Durability::None, max_connections: 400 })?;
        let url = self.maintenance_url()?;
        sql::run(&self.binaries, &url, &["CREATE SEQUENCE uses", "SELECT nextval('uses')"])?;
        self.start_watchdog(&url)?;
        cluster.leave_running();
        Ok(url)
    }

    /// Starts a session that stops the server when it is idle.
    fn start_watchdog(&self, url: &str) -> Result<(), Error> {
        let looks = format!("SET watchdog.idle = {}", self.idle.as_millis());
        let mut psql = sql::command(&self.binaries, url, &[&looks, WATCHDOG]);
        psql.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).current_dir("/");
        psql.spawn().map(drop).doing(|| "run psql".to_owned())
    }

    /// Removes an earlier cluster; stops its server if that still runs.
    fn wipe(&self) -> Result<(), Error> {
        let cluster = self.dir.cluster();
        if let Some(left) = postmaster::PidFile::read(&cluster).filter(|left| postmaster::runs(left, &self.dir)) {
            postmaster::stop(left.pid, || !postmaster::runs(&left, &self.dir))?;
        }
        if self.dir.path().exists() {
            fs::remove_dir_all(self.dir.path()).doing(|| format!("remove {}", self.dir.path().display()))?;
        }
        Ok(())
    }
}

impl TestDatabase {
    /// Its URL, password included.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.drop_database(&self.name) {
            tracing::warn!(%error, database = self.name, "dropping a test database failed");
        }
    }
}

/// Whether the file system at `path` is large enough for many databases; its free space does not matter.
fn is_large(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|found| found.f_blocks.saturating_mul(found.f_frsize) >= MEMORY_BYTES)
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql::identifier(name))
}

/// The process that a test database belongs to.
fn owner_of(database: &str) -> Option<u32> {
    database.strip_prefix("test_")?.split('_').next()?.parse().ok()
}

/// Whether the error means that the server was shutting down.
fn is_going_away(message: &str) -> bool {
    ["shutting down", "Connection refused", "terminating connection", "server closed the connection", "starting up"]
        .iter()
        .any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_database_name_contains_process() {
        assert_eq!(owner_of("test_4711_3"), Some(4711));
        assert_eq!(owner_of("burntop"), None);
        assert_eq!(owner_of("test_of_mine"), None);
    }

    #[test]
    fn missing_file_system_is_not_large() {
        assert!(!is_large(Path::new("/no/such/place")));
    }

    #[test]
    fn statement_is_retried_only_during_shutdown() {
        assert!(is_going_away("FATAL:  the database system is shutting down"));
        assert!(!is_going_away("ERROR:  template database \"x\" does not exist"));
    }
}
