//! PostgreSQL dies under the server, which says so, starts it again and has everything it acknowledged.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use tests::{Batch, Client, Database, Message, Person, Random, Server, wait_until};

/// How many syncs each of the tasks sends.
const SYNCS: usize = 24;

/// Kills the PostgreSQL that the server in `home` runs, as the kernel would when memory is short.
fn kill_postgres(home: &Path) {
    let file = fs::read_to_string(home.join("data/cluster/postmaster.pid")).expect("PostgreSQL runs");
    let pid = file.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("it runs");
}

/// Sends `batches` one after the other, each until it is acknowledged; counts those in `acknowledged`.
async fn send(client: Client, batches: Vec<Vec<Message>>, acknowledged: Arc<AtomicU64>, refused: Arc<AtomicU64>) {
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
async fn a_postgresql_that_is_killed_runs_again_and_nothing_acknowledged_is_lost() {
    let database = Arc::new(Database::migrated());
    fs::set_permissions(database.home(), Permissions::from_mode(0o711)).expect("PostgreSQL's user may pass");
    let server = Server::start_on(database, &[("DATABASE_URL", "")]).await;
    let ada = Person::register(&server, "ada").await;
    let messages = Random::seeded(17).history("outage", 3 * SYNCS * 10);
    let (acknowledged, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = messages
        .chunks(SYNCS * 10)
        .map(|part| {
            let batches = part.chunks(10).map(<[Message]>::to_vec).collect();
            tokio::spawn(send(ada.client.clone(), batches, acknowledged.clone(), refused.clone()))
        })
        .collect();
    for kill in 1..=2 {
        wait_until("some syncs are acknowledged", async || acknowledged.load(Ordering::SeqCst) >= kill * 15).await;
        let before = refused.load(Ordering::SeqCst);
        kill_postgres(server.database().home());
        wait_until("somebody is told", async || refused.load(Ordering::SeqCst) > before).await;
    }
    for task in tasks {
        task.await.expect("every answer was one that may be given");
    }
    let total: u64 = messages.iter().map(Message::total).sum();
    assert_eq!(ada.overview().await["total_tokens"], total);
    assert_eq!(server.log().matches("embedded database restarted").count(), 2);
}
