//! The cluster that tests share, seen from several processes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{ask, open_dir, wait_for};
use embedded_postgres::testing::TestCluster;

const LONG: Duration = Duration::from_mins(2);

struct Fixture {
    cluster: TestCluster,
    _top: tempfile::TempDir,
}

impl Fixture {
    fn new(idle: Duration) -> Self {
        let top = open_dir();
        Self { cluster: TestCluster::at(top.path(), idle).unwrap(), _top: top }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.cluster.remove().unwrap();
    }
}

#[test]
fn test_databases_are_separate_and_dropped() {
    let fixture = Fixture::new(LONG);
    let one = fixture.cluster.create_database(None).unwrap();
    let two = fixture.cluster.create_database(None).unwrap();
    assert_ne!(one.name(), two.name());
    ask(one.url(), "CREATE TABLE t ()").unwrap();
    assert!(ask(two.url(), "SELECT FROM t").is_err());
    assert_eq!(ask(one.url(), "SHOW fsync").unwrap(), "off");

    let url = one.url().to_owned();
    drop(one);
    assert!(ask(&url, "SELECT 1").unwrap_err().contains("does not exist"));
}

#[test]
fn template_is_filled_once_and_copied() {
    let fixture = Fixture::new(LONG);
    let fills = AtomicU32::new(0);
    let fill = |url: &str| {
        fills.fetch_add(1, Ordering::Relaxed);
        ask(url, "CREATE TABLE t AS SELECT 5 AS n").map(drop)
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                fixture.cluster.template("migrated_v1", fill).unwrap();
                let copy = fixture.cluster.create_database(Some("migrated_v1")).unwrap();
                assert_eq!(ask(copy.url(), "SELECT n FROM t").unwrap(), "5");
            });
        }
    });
    assert_eq!(fills.into_inner(), 1);
}

#[test]
fn template_that_failed_is_filled_again() {
    let fixture = Fixture::new(LONG);
    let error = fixture.cluster.template("broken", |_| Err("no such migration")).unwrap_err();
    assert!(error.to_string().contains("no such migration"), "{error}");
    fixture.cluster.template("broken", |url| ask(url, "SELECT 1").map(drop)).unwrap();
    fixture.cluster.create_database(Some("broken")).unwrap();
}

#[test]
fn test_cluster_started_concurrently_is_shared() {
    let fixture = Fixture::new(LONG);
    let urls: Vec<String> = std::thread::scope(|scope| {
        let start = || scope.spawn(|| fixture.cluster.create_database(None).unwrap().url().to_owned());
        let threads: Vec<_> = (0..4).map(|_| start()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let servers: std::collections::BTreeSet<&str> = urls.iter().map(|url| url.rsplit_once('/').unwrap().0).collect();
    assert_eq!(servers.len(), 1, "{servers:?}");
}

#[test]
fn test_cluster_idle_ends_and_is_created_again() {
    let fixture = Fixture::new(Duration::from_millis(500));
    let database = fixture.cluster.create_database(None).unwrap();
    let old = fixture.cluster.maintenance_url().unwrap();
    wait_for("the watchdog", || fixture.cluster.maintenance_url().is_err());

    let next = fixture.cluster.create_database(None).unwrap();
    assert_eq!(ask(next.url(), "SELECT 1").unwrap(), "1");
    assert_ne!(fixture.cluster.maintenance_url().unwrap(), old, "created again, with a new password");
    drop(database);
}

#[test]
fn test_cluster_with_connection_stays() {
    let fixture = Fixture::new(Duration::from_millis(400));
    let database = fixture.cluster.create_database(None).unwrap();
    assert_eq!(ask(database.url(), "SELECT 'still here' FROM pg_sleep(2)").unwrap(), "still here");
}

#[test]
fn test_database_of_ended_process_is_dropped() {
    let fixture = Fixture::new(LONG);
    let first = fixture.cluster.create_database(None).unwrap();
    let mut ended = Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let left = format!("test_{}_0", ended.id());
    ask(first.url(), &format!("CREATE DATABASE {left}")).unwrap();

    let _second = fixture.cluster.create_database(None).unwrap();
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{left}'");
    assert_eq!(ask(first.url(), &count).unwrap(), "0");
}

#[test]
fn test_cluster_that_crashed_is_replaced() {
    let fixture = Fixture::new(LONG);
    let database = fixture.cluster.create_database(None).unwrap();
    let pid = ask(database.url(), "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)").unwrap();
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    wait_for("its end", || fixture.cluster.maintenance_url().is_err());
    let next = fixture.cluster.create_database(None).unwrap();
    assert_eq!(ask(next.url(), "SELECT 1").unwrap(), "1");
}

#[test]
fn test_cluster_shared_is_one_for_all() {
    let one = TestCluster::shared().unwrap().create_database(None).unwrap();
    let two = TestCluster::shared().unwrap().create_database(None).unwrap();
    assert_eq!(one.url().rsplit_once('/').unwrap().0, two.url().rsplit_once('/').unwrap().0);
}
