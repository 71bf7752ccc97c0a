//! The measured environment: a private database, a server and a worker.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use embedded_postgres::{Cluster, ClusterOptions, DataDir, PathOrigin};
use tempfile::TempDir;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

use crate::http::{Connection, post};
use crate::process::{Process, Server, beside_this_program, command, memory};

#[derive(Debug, clap::Args)]
pub(crate) struct RunLocation {
    /// The server program; by default the one beside this program
    #[arg(long, value_name = "FILE")]
    pub(crate) api_server: Option<PathBuf>,
    /// Create the database below this directory instead of the temporary one
    #[arg(long, value_name = "DIR")]
    pub(crate) below: Option<PathBuf>,
}

/// A private database and a server. Dropping the value removes them.
#[derive(Debug)]
pub(crate) struct Environment {
    // Fields are dropped in this order.
    pub(crate) server: Option<Server>,
    cluster: Cluster,
    top: TempDir,
    program: PathBuf,
}

impl Environment {
    /// Starts PostgreSQL with its default durability, and on it the server, which migrates the schema.
    pub(crate) async fn start(place: &RunLocation) -> Result<Self> {
        let program = place.api_server.clone().map_or_else(beside_this_program, Ok)?;
        let below = place.below.clone().unwrap_or_else(std::env::temp_dir);
        let top = tempfile::Builder::new().prefix("burntop-load-").tempdir_in(below)?;
        // PostgreSQL may run as another user.
        set_permissions(top.path(), Permissions::from_mode(0o711))?;
        let dir = DataDir::resolve(&top.path().join("cluster"), PathOrigin::Explicit)?;
        let cluster = Cluster::start(&dir, &ClusterOptions::default())?;
        let mut environment = Self { server: None, cluster, top, program };
        environment.restart_server().await?;
        Ok(environment)
    }

    /// Stops the server, if it runs, and starts it.
    pub(crate) async fn restart_server(&mut self) -> Result<&Server> {
        self.stop_server().await?;
        let server = Server::start(&self.program, self.cluster.url(), self.top.path()).await?;
        Ok(self.server.insert(server))
    }

    /// Stops the server, if it runs.
    pub(crate) async fn stop_server(&mut self) -> Result<()> {
        match self.server.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the server was stopped")
    }

    /// Runs a worker until all due jobs are done, which on a new database is the whole schedule. Returns its resident memory in MB:
    /// at the end, and at most.
    pub(crate) async fn work(&self, client: &Client) -> Result<(f64, f64)> {
        let mut command = command(&self.program.with_file_name("worker"), self.cluster.url(), self.top.path());
        command.arg("run");
        let mut worker = Process::start(command)?;
        let left = "SELECT count(*) = 0 OR bool_or(status <> 'done' AND run_at <= now()) FROM jobs";
        while client.query_one(left, &[]).await?.try_get(0)? {
            ensure!(!worker.has_ended()?, "the worker ended");
            sleep(Duration::from_millis(100)).await;
        }
        let used = memory(worker.pid())?;
        worker.stop().await?;
        Ok(used)
    }

    pub(crate) fn database_url(&self) -> &str {
        self.cluster.url()
    }

    /// A directory for other files.
    pub(crate) fn dir(&self) -> &Path {
        self.top.path()
    }
}

/// Connects to the database at `url`.
pub(crate) async fn database(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("connecting to the database")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Vacuums, analyses and writes a checkpoint.
pub(crate) async fn settle(client: &Client) -> Result<()> {
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Empties the tables of messages and roll-ups, and writes a checkpoint, so that no measurement pays for the one before.
pub(crate) async fn clear(client: &Client) -> Result<()> {
    client.batch_execute("TRUNCATE usage_messages, usage_rollups, usage_days, usage_hours").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Registers account number `account` at the server `address`; returns the token of a session.
pub(crate) async fn register(address: &str, account: u64) -> Result<String> {
    let request = post("/api/v1/auth/register", None, registration(account))?;
    let answer = Connection::open(address).await?.send(&request).await?.success()?.json()?;
    Ok(answer["token"].as_str().context("no token")?.to_owned())
}

/// The body of a registration of account number `account`.
pub(crate) fn registration(account: u64) -> String {
    format!(
        r#"{{"email":"load{account:x}@example.org","password":"correct horse {account}","username":"load_{account:x}"}}"#
    )
}
