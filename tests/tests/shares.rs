//! Shares: no account and no address uses up the connections, bytes, locks or time of others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use reqwest::Method;
use serde_json::json;
use tests::{Batch, Server, TestMessage, TestUser, wait_until};

/// The statements of this database that wait for a lock.
fn waiting(server: &Server) -> i64 {
    server
        .database()
        .number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
}

/// Checks that `user` and a load balancer are served without delay.
async fn assert_served(user: &TestUser) {
    user.get("/auth/me").await;
    user.get("/dashboard/overview").await;
    assert_eq!(user.client.anonymous().get("/health").await.status, 200);
    assert_eq!(user.client.anonymous().get(&format!("/users/{}/stats", user.username)).await.status, 200);
}

#[tokio::test]
async fn account_waiting_for_its_lock_leaves_connections_to_others() {
    let server = Server::start_with(&[("DATABASE_POOL_SIZE", "4"), ("DATABASE_MAX_OVERFLOW", "4")]).await;
    let eve = TestUser::register(&server, "eve").await;
    let ada = TestUser::register(&server, "ada").await;
    let held = server.database().hold_account("eve");
    let changes: Vec<_> = (0..60)
        .map(|n| {
            let client = eve.client.clone();
            tokio::spawn(async move { client.patch("/users/me", &json!({ "timezone": zone(n) })).await.status })
        })
        .collect();
    // A quarter of the eight connections is the share of an account.
    wait_until("the share is used up", async || waiting(&server) == 2).await;
    assert_served(&ada).await;
    ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    assert_eq!(waiting(&server), 2);
    drop(held);
    for change in changes {
        // On a slow machine a place in the queue may come too late.
        assert!([200, 429].contains(&change.await.expect("an answer")));
    }
}

fn zone(n: usize) -> &'static str {
    ["Europe/Berlin", "America/New_York", "Asia/Tokyo"][n % 3]
}

#[tokio::test]
async fn requests_beyond_share_are_refused_and_freed_on_disconnect() {
    let server = Server::start_with(&[("DATABASE_POOL_SIZE", "4"), ("DATABASE_MAX_OVERFLOW", "4")]).await;
    let eve = TestUser::register(&server, "eve").await;
    let held = server.database().hold_account("eve");
    // 2 run and 64 wait; one more is refused.
    let body = json!({ "timezone": "Asia/Tokyo" });
    let mut pending: FuturesUnordered<_> = (0..67).map(|_| eve.client.patch("/users/me", &body)).collect();
    let refused = pending.next().await.expect("an answer");
    assert_eq!(refused.expect_error(429, "RATE_LIMIT_EXCEEDED"), json!({ "retry_after": 1 }));
    assert_eq!(refused.header("retry-after"), Some("1"));
    wait_until("the share is used up", async || waiting(&server) == 2).await;
    drop(pending);
    wait_until("the statements of clients that hung up are cancelled", async || waiting(&server) == 0).await;
    drop(held);
    eve.change(json!({ "timezone": "Asia/Tokyo" })).await;
}

#[tokio::test]
async fn address_with_many_requests_leaves_places_for_tokens() {
    let server = Server::start_with(&[("DATABASE_POOL_SIZE", "4"), ("DATABASE_MAX_OVERFLOW", "4")]).await;
    let ada = TestUser::register(&server, "ada").await;
    ada.sync(&Batch::of((0..500).map(|n| TestMessage::new(format!("m{n}")).output(n)))).await;
    let anonymous = server.client();
    let reads = (0..200).map(|_| anonymous.get("/users/ada/models"));
    let (answers, ()) = tokio::join!(join_all(reads), async {
        for _ in 0..20 {
            assert_served_with_token(&ada).await;
        }
    });
    assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status)));
}

async fn assert_served_with_token(user: &TestUser) {
    user.get("/auth/me").await;
    assert_eq!(user.client.anonymous().get("/health").await.status, 200);
}

#[tokio::test]
async fn locked_account_does_not_block_another() {
    let server = Server::start().await;
    let eve = TestUser::register(&server, "eve").await;
    let ada = TestUser::register(&server, "ada").await;
    let held = server.database().hold_account("eve");
    // There is nothing to end, so the requests wait for no lock.
    assert_eq!(eve.client.delete("/users/ada/follow").await.status, 204);
    assert_eq!(eve.client.delete("/users/me/followers/ada").await.status, 204);
    assert_eq!(eve.client.post("/users/me/follow-requests/ada", &json!({})).await.status, 404);

    let follow = tokio::spawn({
        let client = eve.client.clone();
        async move { client.post("/users/ada/follow", &json!({})).await.status }
    });
    wait_until("the follow waits for the follower's own account", async || waiting(&server) == 1).await;
    ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    assert_eq!(waiting(&server), 1, "the follow still waits");
    drop(held);
    assert_eq!(follow.await.expect("an answer"), 201);
}

#[tokio::test]
async fn mutual_follows_at_once_never_deadlock() {
    let server = Server::start().await;
    let mut people = Vec::new();
    for name in ["ada", "bob", "eve", "kim"] {
        people.push(TestUser::register(&server, name).await);
    }
    for _ in 0..5 {
        let pairs = people.iter().flat_map(|one| people.iter().map(move |other| (one, other)));
        let pairs: Vec<_> = pairs.filter(|(one, other)| one.id != other.id).collect();
        let follows = pairs.iter().map(|(one, other)| async {
            let path = format!("/users/{}/follow", other.username);
            let followed = one.client.post(&path, &json!({})).await;
            assert_eq!(followed.status, 201, "{}", followed.text);
            let ended = one.client.delete(&path).await;
            assert_eq!(ended.status, 204, "{}", ended.text);
        });
        join_all(follows).await;
    }
    assert!(!server.log().contains("deadlock"));
}

/// Opens a connection, and sends a head that announces `length` bytes and the bytes `sent`.
fn stall(server: &Server, path: &str, token: &str, length: usize, sent: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(server.client().address()).expect("the server listens");
    let head = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).expect("the server reads");
    connection.write_all(sent).expect("the server reads");
    connection
}

#[tokio::test]
async fn announced_bytes_use_no_budget_until_received() {
    let server = Server::start().await;
    let eve = TestUser::register(&server, "eve").await;
    let ada = TestUser::register(&server, "ada").await;
    let token = eve.client.token().expect("a token");
    let _large: Vec<_> = (0..4).map(|_| stall(&server, "/sync", token, 128 << 20, &vec![b' '; 20_000])).collect();
    let _small: Vec<_> = (0..300).map(|_| stall(&server, "/users/me/usage", token, 16 << 10, b"{")).collect();
    ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    assert_served(&ada).await;
}

#[tokio::test]
async fn body_that_stalls_times_out() {
    let server = Server::start().await;
    let mut connection = stall(&server, "/auth/login", "none", 1_000, b"{");
    connection.set_read_timeout(Some(Duration::from_mins(2))).expect("a time limit");
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[tokio::test]
async fn small_routes_limit_bodies_and_gzip_members() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let empty = GzEncoder::new(Vec::new(), Compression::default()).finish().expect("memory");
    let many = empty.repeat((1 << 20) / empty.len());
    let answer = server.client().post_encoded("/auth/login", "gzip", many.clone()).await;
    assert_eq!(answer.expect_error(413, "PAYLOAD_TOO_LARGE"), json!({ "limit_bytes": 16_384 }));
    ada.client.post_encoded("/sync", "gzip", many).await.expect_error(400, "BAD_REQUEST");
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(20_000));
    let request = ada.client.request(Method::PATCH, "/users/me").header("content-type", "application/json");
    ada.client.send(request.body(long)).await.expect_error(413, "PAYLOAD_TOO_LARGE");
}
