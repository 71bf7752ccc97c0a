//! A synthetic community on a PostgreSQL of its own, with default durability.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{Database, Migrations, PoolSettings, WorkClass};
use domain::clock::FixedClock;
use domain::deps::Deps;
use domain::ids::CountingIds;
use domain::usage::testing::NOW;
use embedded_postgres::{Cluster, ClusterOptions, DataDir, PathOrigin};

/// Any error.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// People with usage; goes away with this value.
pub(crate) struct Community {
    pub(crate) people: u32,
    pub(crate) store: Arc<Database>,
    pub(crate) client: tokio_postgres::Client,
    /// Stopped before its directory is removed.
    cluster: Option<Cluster>,
    top: PathBuf,
}

impl Community {
    /// What use cases are built from.
    pub(crate) fn deps(&self) -> Deps {
        Deps { store: self.store.clone(), clock: Arc::new(FixedClock(NOW)), ids: Arc::new(CountingIds) }
    }

    /// As many people as the command line names, or 1,000.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let people: u32 = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1_000);
        let top = std::env::temp_dir().join(format!("burntop-community-{}", std::process::id()));
        std::fs::create_dir(&top)?;
        // PostgreSQL may run as another user.
        std::fs::set_permissions(&top, std::fs::Permissions::from_mode(0o711))?;
        let dir = DataDir::resolve(&top.join("cluster"), PathOrigin::Explicit)?;
        let cluster = Cluster::start(&dir, &ClusterOptions::default())?;
        Migrations::at(cluster.url()).up().await?;
        let (client, driver) = tokio_postgres::connect(cluster.url(), tokio_postgres::NoTls).await?;
        tokio::spawn(driver);
        let pool =
            PoolSettings { max_connections: 4, wait: Duration::from_mins(1), work: WorkClass::Jobs, name: "test" };
        let store = Arc::new(Database::new(cluster.url(), pool)?);
        let community = Self { people, store, client, cluster: Some(cluster), top };
        community.run(include_str!("community.sql")).await?;
        community.settle().await?;
        let rows: i64 = community.client.query_one("SELECT count(*) FROM usage_rollups", &[]).await?.get(0);
        println!("{people} people, {rows} roll-up rows");
        Ok(community)
    }

    /// Runs statements in which `:people` and `:today` stand for these.
    pub(crate) async fn run(&self, statements: &str) -> Result<(), Failure> {
        let statements =
            statements.replace(":people", &self.people.to_string()).replace(":today", &NOW.date().to_string());
        Ok(self.client.batch_execute(&statements).await?)
    }

    /// Lets PostgreSQL look at what was written, and write it down.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        self.client.batch_execute("VACUUM ANALYZE").await?;
        Ok(self.client.batch_execute("CHECKPOINT").await?)
    }
}

impl Drop for Community {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.cluster.take().map(Cluster::stop) {
            eprintln!("the cluster goes on: {error}");
        }
        if let Err(error) = std::fs::remove_dir_all(&self.top) {
            eprintln!("{} stays: {error}", self.top.display());
        }
    }
}
