//! A database of one test, and access to it through PostgreSQL's own programs.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use embedded_postgres::Binaries;
use embedded_postgres::testing::{TestCluster, TestDatabase};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::programs::{migrations, program};

/// A database of one test, with a directory for the programs that use it. Dropping the value removes both.
#[derive(Debug)]
pub struct Database {
    database: TestDatabase,
    home: TempDir,
}

impl Database {
    /// An empty database with the current schema.
    pub fn migrated() -> Self {
        let cluster = TestCluster::shared().expect("PostgreSQL is installed");
        let template = template_name();
        cluster.template(&template, migrate).expect("the template is made");
        Self::with(cluster.create_database(Some(&template)).expect("a database is made"))
    }

    /// A database without a schema.
    pub fn empty() -> Self {
        let cluster = TestCluster::shared().expect("PostgreSQL is installed");
        Self::with(cluster.create_database(None).expect("a database is made"))
    }

    fn with(database: TestDatabase) -> Self {
        Self { database, home: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Its URL, password included.
    pub fn url(&self) -> &str {
        self.database.url()
    }

    /// A command for a program of burntop on this database. Its environment has only the settings common to stories: any free port,
    /// no metrics, no
    /// rate limits.
    pub fn command(&self, name: &str) -> Command {
        let mut command = bare(name, self.url());
        command.current_dir(self.home()).env("BURNTOP_DATA_DIR", self.home().join("data"));
        command
            .env("PORT", "0")
            .env("METRICS_BIND", "")
            .env("WORKER_METRICS_BIND", "")
            .env("PRICING_URL", "")
            .stdin(Stdio::null());
        for limit in ["AUTH", "FAILED_LOGINS", "SYNC", "DEFAULT"] {
            command.env(format!("BURNTOP__RATE_LIMITS__{limit}_PER_MINUTE"), "0");
        }
        command
    }

    /// Runs a program of burntop on this database until it ends.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Output {
        self.command(name).args(arguments).output().unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A directory that exists as long as this value.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The rows of `query` as CSV without a header; times are in UTC.
    pub fn rows(&self, query: &str) -> String {
        run("psql", &["-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1", "-d", self.url(), "-c", query])
    }

    /// The single number that `query` returns.
    pub fn number(&self, query: &str) -> i64 {
        let rows = self.rows(query);
        rows.trim().parse().unwrap_or_else(|_| panic!("{query} answers {rows:?}"))
    }

    /// Holds the account lock of `username`, as a long sync does, until the value is dropped.
    pub fn hold_account(&self, username: &str) -> HeldLock {
        let mut command = Command::new(Binaries::find(None).expect("PostgreSQL is installed").program("psql"));
        command.args(["-X", "-q", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url()]);
        let mut psql = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql runs");
        let mut input = psql.stdin.take().expect("a pipe");
        let lock = format!(
            "BEGIN;\nSELECT 'held' FROM usage_totals WHERE user_key = \
             (SELECT key FROM users WHERE username = '{username}') FOR UPDATE;\n"
        );
        input.write_all(lock.as_bytes()).expect("psql reads");
        let mut output = BufReader::new(psql.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while line.trim() != "held" {
            line.clear();
            assert!(output.read_line(&mut line).expect("psql answers") > 0, "psql ended");
        }
        HeldLock { psql, _input: input }
    }

    /// The schema as `pg_dump` writes it.
    pub fn schema(&self) -> String {
        let dump = run("pg_dump", &["--schema-only", "--no-owner", "-d", self.url()]);
        // Newer releases of pg_dump write lines with a random word.
        dump.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }
}

/// The name of the template contains a digest of the migrations, so that another schema has another template.
fn template_name() -> String {
    let mut digest = Sha256::new();
    for path in migrations() {
        digest.update(path.as_os_str().as_encoded_bytes());
        digest.update(std::fs::read(&path).expect("the migrations can be read"));
    }
    let digest = digest.finalize();
    digest.iter().take(8).fold("burntop_".to_owned(), |name, byte| name + &format!("{byte:02x}"))
}

fn migrate(url: &str) -> Result<(), String> {
    let output = bare("api-server", url).arg("migrate").output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn bare(name: &str, url: &str) -> Command {
    let mut command = Command::new(program(name));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("DATABASE_URL", url).env("DEBUG", "true");
    command
}

fn run(name: &str, arguments: &[&str]) -> String {
    let binaries = Binaries::find(None).expect("PostgreSQL is installed");
    let mut command = Command::new(binaries.program(name));
    command.args(arguments).env("PGTZ", "UTC").env("PGOPTIONS", "");
    let output = command.output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("databases are in UTF-8")
}

/// An account lock, held by a `psql` process.
#[derive(Debug)]
pub struct HeldLock {
    psql: Child,
    _input: ChildStdin,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}
