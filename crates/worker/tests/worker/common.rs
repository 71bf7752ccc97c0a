//! A migrated database for each test.

use std::time::Duration;

use adapters_postgres::{Database, Migrations, PoolSettings, WorkClass};
use embedded_postgres::testing::{TestCluster, TestDatabase};

/// A database with the schema. It is removed when this value is dropped.
pub(crate) struct Fixture {
    pub(crate) database: TestDatabase,
    pub(crate) store: Database,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let database = TestCluster::shared().expect("a cluster").create_database(None).expect("a database");
        Migrations::at(database.url()).up().await.expect("a schema");
        let pool =
            PoolSettings { max_connections: 6, wait: Duration::from_mins(1), work: WorkClass::Jobs, name: "test" };
        let store = Database::new(database.url(), pool).expect("a pool");
        Self { database, store }
    }
}
