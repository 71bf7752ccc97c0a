//! Pools by class of work: their time limits, and what becomes of statements whose caller is gone.

use std::time::Duration;

use adapters_postgres::{Database, PoolSettings, WorkClass};
use domain::error::StoreError;
use domain::store::Store;

use tokio_postgres::Client;

use crate::common::fixture;

/// How many statements of the database of `client` wait for a lock.
async fn waiting(client: &Client) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    client.query_one(count, &[]).await.expect(count).get(0)
}

fn pool(url: &str, work: WorkClass) -> Database {
    Database::new(url, PoolSettings { max_connections: 1, wait: Duration::from_secs(20), work }).expect("a pool")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_work_has_its_time_limits() {
    let fixture = fixture();
    let ada = fixture.person("ada", None).await;
    let mut holder = fixture.store.begin().await.expect("a transaction");
    holder.ledger().lock(ada.id).await.expect("a lock").expect("an account");

    // The shortest limit shows that they are set, and what they mean.
    let health = pool(fixture.database.url(), WorkClass::Health);
    let mut tx = health.begin().await.expect("a transaction");
    let refused = tx.ledger().lock(ada.id).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(reason)) if reason.contains("canceling")), "{refused:?}");
    drop(tx);
    assert!(health.answers().await, "the connection serves on");
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_of_a_caller_that_is_gone_is_cancelled() {
    let fixture = fixture();
    let ada = fixture.person("ada", None).await;
    let mut holder = fixture.store.begin().await.expect("a transaction");
    holder.ledger().lock(ada.id).await.expect("a lock").expect("an account");

    let store = pool(fixture.database.url(), WorkClass::Jobs);
    let caller = tokio::spawn({
        let store = store.clone();
        async move {
            let mut tx = store.begin().await.expect("a transaction");
            tx.ledger().lock(ada.id).await.map(|_| ())
        }
    });
    let client = fixture.client().await;
    while waiting(&client).await == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(store.answers().await, "the connection is free again, long before the lock is");
    assert_eq!(waiting(&client).await, 0);
}
