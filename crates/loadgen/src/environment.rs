//! Where it is measured: a database and a server, of our own or given.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use embedded_postgres::{Cluster, DataDir, Options, Origin};
use tempfile::TempDir;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

use crate::http::{Connection, post};
use crate::process::{Process, Server, beside_this_program, command, memory};

/// Where to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The server program; without it the one beside this program
    #[arg(long, value_name = "FILE")]
    pub(crate) api_server: Option<PathBuf>,
    /// Keep the database below this directory while measuring, instead of the temporary one
    #[arg(long, value_name = "DIR")]
    pub(crate) below: Option<PathBuf>,
}

/// A database and a server of our own, removed with the value.
#[derive(Debug)]
pub(crate) struct Environment {
    // In the order in which they end.
    pub(crate) server: Option<Server>,
    cluster: Cluster,
    top: TempDir,
    program: PathBuf,
}

impl Environment {
    /// Starts PostgreSQL with its default durability, and the server on it, which makes the schema.
    pub(crate) async fn start(place: &Place) -> Result<Self> {
        let program = place.api_server.clone().map_or_else(beside_this_program, Ok)?;
        let below = place.below.clone().unwrap_or_else(std::env::temp_dir);
        let top = tempfile::Builder::new().prefix("burntop-load-").tempdir_in(below)?;
        // PostgreSQL may run as another user.
        set_permissions(top.path(), Permissions::from_mode(0o711))?;
        let dir = DataDir::resolve(&top.path().join("cluster"), Origin::Explicit)?;
        let cluster = Cluster::start(&dir, &Options::default())?;
        let mut environment = Self { server: None, cluster, top, program };
        environment.restart_server().await?;
        Ok(environment)
    }

    /// Ends the server, if there is one, and starts it again.
    pub(crate) async fn restart_server(&mut self) -> Result<&Server> {
        self.stop_server().await?;
        let server = Server::start(&self.program, self.cluster.url(), self.top.path()).await?;
        Ok(self.server.insert(server))
    }

    /// Ends the server, if there is one.
    pub(crate) async fn stop_server(&mut self) -> Result<()> {
        match self.server.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    /// The running server.
    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the server was stopped")
    }

    /// Lets a worker do everything that is due, the whole schedule on a new database; returns its resident memory in MB:
    /// when it is done, and at most.
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

    /// The URL of the database.
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

/// Lets PostgreSQL look at what was written, and write it down.
pub(crate) async fn settle(client: &Client) -> Result<()> {
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Forgets every message and what is derived from them, and lets PostgreSQL write down what it has to, so that no
/// measurement pays for the one before.
pub(crate) async fn clear(client: &Client) -> Result<()> {
    client.batch_execute("TRUNCATE usage_messages, usage_rollups, usage_days, usage_hours").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Registers the person number `person` with the server at `address`; returns the token of a session.
pub(crate) async fn register(address: &str, person: u64) -> Result<String> {
    let body = format!(
        r#"{{"email":"load{person:x}@example.org","password":"correct horse {person}","username":"load_{person:x}"}}"#
    );
    let request = post("/api/v1/auth/register", None, &body);
    let answer = Connection::open(address).await?.send(&request).await?.success()?.json()?;
    Ok(answer["token"].as_str().context("no token")?.to_owned())
}
