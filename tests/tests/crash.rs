//! Servers that are killed, and servers that shut down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use sha2::{Digest, Sha256};
use tests::{AccountRows, Batch, Client, Random, Server, TestMessage, TestUser, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KILLS: u64 = 20;
const TASKS: usize = 4;
/// New connections are refused at once, without time for a load balancer.
const WITHOUT_DRAIN_NOTICE: [(&str, &str); 1] = [("BURNTOP__SERVER__DRAIN_NOTICE_SECONDS", "0")];

/// Requests, some of them acknowledged.
#[derive(Debug, Default)]
struct Sent {
    acknowledged: AtomicU64,
    /// The messages of each request, and whether it was acknowledged.
    requests: Mutex<Vec<(Vec<TestMessage>, bool)>>,
}

impl Sent {
    /// Sends `requests` in sequence until one is not acknowledged.
    async fn send(&self, client: &Client, requests: Vec<Vec<TestMessage>>) {
        for messages in requests {
            let body = Batch::of(messages.clone()).json();
            let answer = client.try_send(client.request(Method::POST, "/sync").json(&body)).await;
            let acknowledged = match &answer {
                Ok(answer) if answer.status == 200 => true,
                Ok(answer) => {
                    answer.expect_error(503, "SERVICE_UNAVAILABLE");
                    false
                }
                Err(_) => false,
            };
            self.requests.lock().expect("no panic").push((messages, acknowledged));
            if !acknowledged {
                return;
            }
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Checks that `server` has all acknowledged requests, and each other request whole or not at all; returns its messages.
    fn assert_kept(&self, server: &Server) -> Vec<TestMessage> {
        let rows = server.database().rows("SELECT message_key, input + output FROM usage_messages");
        let stored: BTreeMap<&str, u64> = rows
            .lines()
            .filter_map(|row| row.split_once(',').map(|(key, count)| (key, count.parse().expect("a count"))))
            .collect();
        assert_eq!(stored.len(), rows.lines().count(), "a message is stored twice");
        let mut kept = Vec::new();
        for (messages, acknowledged) in self.requests.lock().expect("no panic").iter() {
            let found = messages.iter().filter(|message| stored.contains_key(&*key(&message.id))).count();
            let whole = found == messages.len();
            assert!(whole || (found == 0 && !acknowledged), "{found} of {}, {acknowledged}", messages.len());
            if whole {
                kept.extend(messages.iter().cloned());
            }
        }
        for message in &kept {
            assert_eq!(stored[&*key(&message.id)], message.input + message.output, "{message:?}");
        }
        assert_eq!(kept.len(), stored.len(), "a message was never sent");
        kept
    }
}

/// The key of a message in the ledger: half of the SHA-256 of its id, in the form of a UUID.
fn key(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    let hex = digest.iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Messages in requests of 20, for each of the tasks.
fn plan(messages: &[TestMessage]) -> Vec<Vec<Vec<TestMessage>>> {
    let requests: Vec<Vec<TestMessage>> = messages.chunks(20).map(<[TestMessage]>::to_vec).collect();
    (0..TASKS).map(|task| requests.iter().skip(task).step_by(TASKS).cloned().collect()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn server_killed_20_times_keeps_acknowledged_syncs_once() {
    let mut server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let mut random = Random::seeded(41);
    let sent = Arc::new(Sent::default());
    let mut history = Vec::new();
    for round in 0..KILLS {
        let messages = random.history(&format!("round-{round}"), 600);
        history.extend(messages.clone());
        let before = sent.acknowledged.load(Ordering::SeqCst);
        let tasks: Vec<_> = plan(&messages)
            .into_iter()
            .map(|requests| {
                let (sent, client) = (sent.clone(), ada.client.clone());
                tokio::spawn(async move { sent.send(&client, requests).await })
            })
            .collect();
        // A random moment: after some answers, and some time into the next requests.
        let answers = before + random.number(0..20);
        wait_until("some syncs are acknowledged", async || sent.acknowledged.load(Ordering::SeqCst) >= answers).await;
        tokio::time::sleep(Duration::from_micros(random.number(0..20_000))).await;
        server.kill();
        for task in join_all(tasks).await {
            task.expect("only permitted answers");
        }
        server.restart().await;
        let kept = sent.assert_kept(&server);
        let total: u64 = kept.iter().map(TestMessage::total).sum();
        assert_eq!(ada.overview().await["total_tokens"], total);
        server.assert_rebuild_changes_nothing("ada");
    }
    // The clients send all requests again, as real clients do.
    for part in history.chunks(4_000) {
        ada.sync(&Batch::of(part.to_vec())).await;
    }
    let once = TestUser::register(&server, "once").await;
    for part in history.chunks(4_000) {
        once.sync(&Batch::of(part.to_vec())).await;
    }
    let facts = AccountRows::of(server.database(), "ada");
    assert_eq!(facts.messages(), history.len());
    facts.assert_same(&AccountRows::of(server.database(), "once"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn server_stopped_under_load_answers_accepted_requests() {
    let mut server = Server::start_with(&WITHOUT_DRAIN_NOTICE).await;
    let ada = TestUser::register(&server, "ada").await;
    let sent = Arc::new(Sent::default());
    let messages = Random::seeded(42).history("m", 20_000);
    let tasks: Vec<_> = plan(&messages)
        .into_iter()
        .map(|requests| {
            let (sent, client) = (sent.clone(), ada.client.clone());
            tokio::spawn(async move { sent.send(&client, requests).await })
        })
        .collect();
    wait_until("some syncs are acknowledged", async || sent.acknowledged.load(Ordering::SeqCst) >= 10).await;
    assert_eq!(server.terminate().await, Some(0), "{}", server.log());
    for task in join_all(tasks).await {
        task.expect("only permitted answers");
    }
    server.restart().await;
    let kept = sent.assert_kept(&server);
    assert!(kept.len() < messages.len(), "the server stopped in the middle");
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_running_at_shutdown_finishes() {
    let mut server = Server::start_with(&WITHOUT_DRAIN_NOTICE).await;
    let ada = TestUser::register(&server, "ada").await;
    let body = Batch::of([TestMessage::new("m").output(7)]).json().to_string();
    let (half, rest) = body.split_at(body.len() / 2);

    let mut slow = TcpStream::connect(ada.client.address()).await.expect("the server listens");
    let token = ada.client.token().expect("a session");
    let head = format!(
        "POST /api/v1/sync HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("100 Continue") {
        assert_ne!(
            slow.read_buf(&mut answer).await.expect("the server answers"),
            0,
            "the server closed the connection"
        );
    }
    slow.write_all(half.as_bytes()).await.expect("the server reads");

    server.tell_to_stop();
    wait_until("new connections are refused", async || TcpStream::connect(ada.client.address()).await.is_err()).await;
    slow.write_all(rest.as_bytes()).await.expect("the server still reads");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.expect("the server answers");
    assert!(answer.contains("HTTP/1.1 200 OK") && answer.contains("\"totalTokens\":7"), "{answer}");
    assert_eq!(server.end().await.code(), Some(0));

    server.restart().await;
    assert_eq!(ada.overview().await["total_tokens"], 7, "the session is still valid");
}

#[tokio::test]
async fn server_stopping_reports_not_ready_before_it_refuses() {
    let server = Server::start_with(&[("BURNTOP__SERVER__DRAIN_NOTICE_SECONDS", "600")]).await;
    let ada = TestUser::register(&server, "ada").await;
    server.tell_to_stop();
    let client = server.client();
    wait_until("the server is not ready", async || client.get("/health/ready").await.status == 503).await;
    let ready = client.get("/health/ready").await;
    assert_eq!(ready.json["checks"]["serving"], "error", "{}", ready.text);
    assert!(ready.header("retry-after").is_some());
    client.get("/health/live").await.expect(200);
    ada.sync(&Batch::of([TestMessage::new("m").output(7)])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_on_one_database_count_together() {
    let first = Server::start().await;
    let mut second = Server::start_on(first.database().clone(), &[]).await;
    let ada = TestUser::register(&first, "ada").await;
    let elsewhere = second.client().with_token(ada.client.token().expect("a session"));
    let history = Random::seeded(43).history("m", 400);
    let stopped = AtomicBool::new(false);
    let send = async |client: &Client| {
        let mut failed = BTreeSet::new();
        for (number, part) in history.chunks(20).enumerate() {
            let body = Batch::of(part.to_vec()).json();
            let answer = client.try_send(client.request(Method::POST, "/sync").json(&body)).await;
            if !answer.is_ok_and(|answer| answer.status == 200) {
                assert!(stopped.load(Ordering::SeqCst), "only a killed server fails");
                failed.insert(number);
            }
        }
        failed
    };
    let kill = async {
        wait_until("both servers are busy", async || {
            first.database().number("SELECT count(*) FROM usage_messages") >= 100
        })
        .await;
        stopped.store(true, Ordering::SeqCst);
        second.kill();
    };
    let (here, _, ()) = tokio::join!(send(&ada.client), send(&elsewhere), kill);
    assert_eq!(here, BTreeSet::new(), "the first server continues");
    let total: u64 = history.iter().map(TestMessage::total).sum();
    assert_eq!(ada.overview().await["total_tokens"], total);
    first.assert_rebuild_changes_nothing("ada");
}
