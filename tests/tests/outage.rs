//! PostgreSQL dies under the server, which reports it, restarts it and has all acknowledged syncs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use tests::{Batch, Client, Database, Random, Server, TestMessage, TestUser, wait_until};

/// The syncs of each task.
const SYNCS: usize = 24;

/// Kills the PostgreSQL of the server in `home`, as the kernel does when memory is short.
fn kill_postgres(home: &Path) {
    let file = fs::read_to_string(home.join("data/cluster/postmaster.pid")).expect("PostgreSQL runs");
    let pid = file.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("it runs");
}

/// Sends `batches` in sequence, each until it is acknowledged; counts them in `acknowledged`.
async fn send(client: Client, batches: Vec<Vec<TestMessage>>, acknowledged: Arc<AtomicU64>, refused: Arc<AtomicU64>) {
    for batch in batches {
        let body = Batch::of(batch).json();
        loop {
            let answer = client.send(client.request(Method::POST, "/sync").json(&body)).await;
            if answer.status == 200 {
                break;
            }
            answer.expect_error(503, "SERVICE_UNAVAILABLE");
            assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
            refused.fetch_add(1, Ordering::SeqCst);
        }
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_killed_restarts_and_keeps_acknowledged_syncs() {
    let database = Arc::new(Database::migrated());
    fs::set_permissions(database.home(), Permissions::from_mode(0o711)).expect("permissions");
    let server = Server::start_on(database, &[("DATABASE_URL", "")]).await;
    let ada = TestUser::register(&server, "ada").await;
    let messages = Random::seeded(17).history("outage", 3 * SYNCS * 10);
    let (acknowledged, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = messages
        .chunks(SYNCS * 10)
        .map(|part| {
            let batches = part.chunks(10).map(<[TestMessage]>::to_vec).collect();
            tokio::spawn(send(ada.client.clone(), batches, acknowledged.clone(), refused.clone()))
        })
        .collect();
    for kill in 1..=2 {
        wait_until("some syncs are acknowledged", async || acknowledged.load(Ordering::SeqCst) >= kill * 15).await;
        let before = refused.load(Ordering::SeqCst);
        kill_postgres(server.database().home());
        wait_until("a sync is refused", async || refused.load(Ordering::SeqCst) > before).await;
    }
    for task in tasks {
        task.await.expect("only permitted answers");
    }
    let total: u64 = messages.iter().map(TestMessage::total).sum();
    assert_eq!(ada.overview().await["total_tokens"], total);
    assert_eq!(server.log().matches("embedded database restarted").count(), 2);
}
