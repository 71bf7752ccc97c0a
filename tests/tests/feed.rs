//! The feed of followed accounts, as pages and as a stream.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Batch, Event, Events, Server, TestMessage, TestUser};

async fn follow(who: &TestUser, whom: &TestUser) {
    who.client.post(&format!("/users/{}/follow", whom.username), &json!({})).await.expect(201);
}

/// The activities on the first page of the feed of `user`, the newest first.
async fn feed(user: &TestUser) -> Vec<Value> {
    let page = user.get("/feed?size=100").await;
    let items = page["items"].as_array().expect("items").clone();
    assert_eq!(page["total"], items.len());
    items
}

fn ids(items: &[Value]) -> BTreeSet<&str> {
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

/// The resume point of `event`: the activity, and what was sent although it may follow that activity.
fn id(event: &Event) -> &str {
    event.id.as_deref().expect("an id")
}

/// The activity of `event`.
fn activity(event: &Event) -> &str {
    event.data["id"].as_str().expect("an id")
}

/// Syncs the `n`th message of `user`, larger each time, so that each earns something.
async fn works(user: &TestUser, n: u32) {
    let message = TestMessage::new(format!("m{n}")).input(10_u64.pow(3 + n));
    let report = user.sync(&Batch::of([message])).await;
    assert!(!report["achievements_unlocked"].as_array().is_some_and(Vec::is_empty), "{report}");
}

#[tokio::test]
async fn stream_sends_activities_of_all_servers() {
    let here = Server::start().await;
    let there = Server::start_on(here.database().clone(), &[]).await;
    let (ada, bob) = (TestUser::register(&here, "ada").await, TestUser::register(&here, "bob").await);
    follow(&ada, &bob).await;
    let elsewhere = there.client().with_token(ada.client.token().expect("a token"));
    let known = feed(&ada).await.len();
    let mut streams = [Events::open(&ada.client, None).await, Events::open(&elsewhere, None).await];
    works(&bob, 0).await;

    let items = feed(&ada).await;
    let new = &items[..items.len() - known];
    assert!(new.iter().any(|item| item["data"]["slug"] == "first-sync"), "{new:?}");
    for item in new {
        assert_eq!((&item["user_id"], &item["user"]["username"]), (&json!(bob.id), &json!("bob")), "{item}");
    }
    for stream in &mut streams {
        let mut missing = ids(new);
        while !missing.is_empty() {
            // A stream can begin with an activity that was committed just before.
            let event = stream.next().await.expect("an activity");
            assert!(items.contains(&event.data) && event.data["id"] == id(&event), "{event:?}");
            missing.remove(id(&event));
        }
    }
}

#[tokio::test]
async fn stream_reconnect_sends_missed_activities() {
    let server = Server::start().await;
    let [ada, bob, eve] = [
        TestUser::register(&server, "ada").await,
        TestUser::register(&server, "bob").await,
        TestUser::register(&server, "eve").await,
    ];
    follow(&ada, &bob).await;
    follow(&ada, &eve).await;
    let mut stream = Events::open(&ada.client, None).await;
    works(&bob, 0).await;
    let last = stream.next().await.expect("an activity");
    drop(stream);
    let before = feed(&ada).await;
    works(&eve, 0).await;
    works(&bob, 1).await;

    let items = feed(&ada).await;
    let missed: BTreeSet<&str> = ids(&items).difference(&ids(&before)).copied().collect();
    assert!(missed.len() > 1, "{items:?}");
    let mut stream = Events::open(&ada.client, Some(id(&last))).await;
    let (mut received, mut order) = (BTreeSet::new(), Vec::new());
    while !missed.iter().all(|id| received.contains(*id)) {
        let event = stream.next().await.expect("a missed activity");
        assert_ne!(activity(&event), activity(&last));
        assert!(received.insert(activity(&event).to_owned()), "an activity was sent twice on one stream");
        order.push(event.data["created_at"].as_str().expect("a time").to_owned());
    }
    assert!(order.is_sorted(), "the oldest first: {order:?}");
    works(&eve, 1).await;
    let next = stream.next().await.expect("a new activity");
    assert!(!received.contains(activity(&next)) && next.data["user"]["username"] == "eve", "{next:?}");

    let mut unknown = Events::open(&ada.client, Some("00000000-0000-7000-8000-000000000404")).await;
    works(&bob, 2).await;
    let first = unknown.next().await.expect("a new activity");
    assert!(!ids(&items).contains(activity(&first)) && first.data["user"]["username"] == "bob", "{first:?}");
}

#[tokio::test]
async fn stream_reconnect_sends_exactly_what_was_not_sent() {
    for transaction_stays_open in [false, true] {
        let server = Server::start().await;
        let [ada, bob, _] = [
            TestUser::register(&server, "ada").await,
            TestUser::register(&server, "bob").await,
            TestUser::register(&server, "eve").await,
        ];
        follow(&ada, &bob).await;
        // While this transaction is open, the order of activities is unknown: any may follow any other.
        let _open = transaction_stays_open.then(|| server.database().hold_account("eve"));
        works(&bob, 0).await;
        let known = feed(&ada).await.len();
        let mut stream = Events::open(&ada.client, None).await;
        for n in 1..4 {
            works(&bob, n).await;
        }
        let total = feed(&ada).await.len();
        assert!(total - known >= 6, "{total} activities");
        let sent = stream.take(total - known).await;
        drop(stream);
        // The first event after the rest is a new activity, so nothing was sent again.
        let mut stream = Events::open(&ada.client, Some(id(&sent[0]))).await;
        let rest = stream.take(sent.len() - 1).await;
        assert!(rest.iter().map(activity).eq(sent[1..].iter().map(activity)), "{rest:?}");
        let mut last = rest[1].clone();
        for _ in 0..2 {
            let mut stream = Events::open(&ada.client, Some(id(&last))).await;
            last = stream.next().await.expect("the next of the rest");
        }
        assert_eq!(activity(&last), activity(&rest[3]));
        let newest = rest.last().expect("an event");
        let mut stream = Events::open(&ada.client, Some(id(newest))).await;
        works(&bob, 4).await;
        let new = stream.next().await.expect("a new activity");
        assert!(!sent.iter().any(|event| activity(event) == activity(&new)), "{new:?}");
        let items = feed(&ada).await;
        assert!(
            ids(&items[..items.len() - total]).contains(activity(&new)),
            "not from before the first stream: {new:?}"
        );
    }
}

#[tokio::test]
async fn server_shutting_down_ends_streams_and_drains() {
    let mut server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    follow(&ada, &bob).await;
    let mut streams = [Events::open(&ada.client, None).await, Events::open(&bob.client, None).await];
    works(&bob, 0).await;
    let last = streams[0].next().await.expect("an activity");
    server.tell_to_stop();
    for stream in &mut streams {
        while stream.next().await.is_some() {}
    }
    assert_eq!(server.end().await.code(), Some(0));

    // A client that reconnects to the next process misses nothing.
    server.restart().await;
    works(&bob, 1).await;
    let mut stream = Events::open(&ada.client, Some(id(&last))).await;
    let newest = feed(&ada).await[0]["id"].as_str().expect("an id").to_owned();
    while activity(&stream.next().await.expect("an activity")) != newest {}
}

#[tokio::test]
async fn feed_of_private_account_is_hidden_after_unfollow() {
    let server = Server::start().await;
    let [ada, bob, eve] = [
        TestUser::register(&server, "ada").await,
        TestUser::register(&server, "bob").await,
        TestUser::register(&server, "eve").await,
    ];
    for follower in [&ada, &eve] {
        follow(follower, &bob).await;
    }
    works(&bob, 0).await;
    bob.change(json!({"is_public": false})).await;
    assert!(!feed(&ada).await.is_empty() && !feed(&eve).await.is_empty(), "earlier followers stay");
    let (mut adas, mut eves) = (Events::open(&ada.client, None).await, Events::open(&eve.client, None).await);
    bob.client.delete("/users/me/followers/eve").await.expect(204);
    assert_eq!(feed(&eve).await, [] as [Value; 0], "hidden on the next request");
    works(&bob, 1).await;
    assert_eq!(adas.next().await.expect("an activity").data["user"]["username"], "bob");

    // The next event of Eve is about Ada; nothing was sent before.
    follow(&eve, &ada).await;
    works(&ada, 0).await;
    assert_eq!(eves.next().await.expect("an activity").data["user"]["username"], "ada");
}

#[tokio::test]
async fn stream_beyond_five_ends_the_oldest() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    follow(&ada, &bob).await;
    let mut streams = Vec::new();
    for _ in 0..6 {
        streams.push(Events::open(&ada.client, None).await);
    }
    assert_eq!(streams[0].next().await, None);
    works(&bob, 0).await;
    for stream in &mut streams[1..] {
        assert!(stream.next().await.is_some());
    }
}
