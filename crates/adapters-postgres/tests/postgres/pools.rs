//! Pools by class of work: time limits, and statements of callers that are gone.

use std::time::Duration;

use adapters_postgres::{Database, PoolSettings, WorkClass};
use domain::error::StoreError;
use domain::store::Store;
use metrics_exporter_prometheus::PrometheusBuilder;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::Client;

use crate::common::fixture;

/// How many statements of the database of `client` wait for a lock.
async fn waiting(client: &Client) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    client.query_one(count, &[]).await.expect(count).get(0)
}

fn pool(url: &str, work: WorkClass) -> Database {
    Database::new(url, PoolSettings { max_connections: 1, wait: Duration::from_secs(20), work, name: "test" })
        .expect("a pool")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_work_has_its_time_limits() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let mut holder = fixture.store.begin().await.expect("a transaction");
    holder.accounts().lock(ada.id).await.expect("a lock").expect("an account");

    // The shortest limit shows that they are set, and what they mean.
    let health = pool(fixture.database.url(), WorkClass::Health);
    let mut tx = health.begin().await.expect("a transaction");
    let refused = tx.accounts().lock(ada.id).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(reason)) if reason.contains("canceling")), "{refused:?}");
    drop(tx);
    assert!(health.answers().await, "the connection serves on");
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_of_a_disconnected_caller_is_cancelled() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let mut holder = fixture.store.begin().await.expect("a transaction");
    holder.accounts().lock(ada.id).await.expect("a lock").expect("an account");

    let store = pool(fixture.database.url(), WorkClass::Jobs);
    let caller = tokio::spawn({
        let store = store.clone();
        async move {
            let mut tx = store.begin().await.expect("a transaction");
            tx.accounts().lock(ada.id).await.map(|_| ())
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

/// The URL of the database at `url` through a proxy on which every connection but the first reaches the server late.
async fn with_late_cancel_requests(url: &str) -> String {
    let (start, rest) = url.split_once('@').expect("a user");
    let (server, path) = rest.split_once('/').expect("a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = server.to_owned();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut client, _) = listener.accept().await.expect("a connection");
            let server = server.clone();
            tokio::spawn(async move {
                if number > 0 {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                let mut server = TcpStream::connect(server).await.expect("the server");
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    format!("{start}@{address}/{path}")
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_request_late_affects_no_other_statement() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let mut holder = fixture.store.begin().await.expect("a transaction");
    holder.accounts().lock(ada.id).await.expect("a lock").expect("an account");
    let store = pool(&with_late_cancel_requests(fixture.database.url()).await, WorkClass::Jobs);
    let caller = tokio::spawn({
        let store = store.clone();
        async move { store.begin().await.expect("a transaction").accounts().lock(ada.id).await.map(|_| ()) }
    });
    let client = fixture.client().await;
    while waiting(&client).await == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    drop(holder);
    // The abandoned statement ends by itself, before the request to cancel it reaches the server: meanwhile another one waits.
    let bob = fixture.create_user("bob", None).await;
    let mut holder = fixture.store.begin().await.expect("a transaction");
    holder.accounts().lock(bob.id).await.expect("a lock").expect("an account");
    let other = tokio::spawn(async move {
        let mut tx = store.begin().await.expect("a transaction");
        tx.accounts().lock(bob.id).await.map(|account| account.is_some())
    });
    tokio::time::sleep(Duration::from_millis(600)).await;
    drop(holder);
    assert!(matches!(other.await.expect("a task"), Ok(true)), "the statement of another caller was cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn pool_records_its_connections_waits_and_failures() {
    let fixture = fixture();
    let recorder = PrometheusBuilder::new().build_recorder();
    let database = metrics::with_local_recorder(&recorder, || pool(fixture.database.url(), WorkClass::Requests));
    let shows = |sample: &str| {
        metrics::with_local_recorder(&recorder, || database.record_pool());
        let text = recorder.handle().render();
        assert!(text.lines().any(|line| line == sample), "{sample}: {text}");
    };
    shows(r#"burntop_database_connections_max{pool="test"} 1"#);
    let transaction = database.begin().await.expect("a transaction");
    shows(r#"burntop_database_connections{pool="test",state="in_use"} 1"#);
    shows(r#"burntop_database_connections{pool="test",state="idle"} 0"#);
    shows(r#"burntop_database_wait_failures_total{pool="test"} 0"#);
    transaction.commit().await.expect("a commit");
    shows(r#"burntop_database_connections{pool="test",state="in_use"} 0"#);
    shows(r#"burntop_database_connections{pool="test",state="idle"} 1"#);
    database.close();
    assert!(database.begin().await.is_err());
    shows(r#"burntop_database_wait_failures_total{pool="test"} 1"#);
    shows(r#"burntop_database_wait_seconds_count{pool="test"} 2"#);
}
