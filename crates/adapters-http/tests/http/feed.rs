//! `/feed` and its stream, over the wire.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::ids::ActivityId;
use domain::page::Page;
use domain::payload::StoredData;
use domain::social::ports::{ActivitySubscription, MissedPage, MockActivitySubscription};
use domain::social::{ActivityKind, ActivityMark, Author, FeedItem, LiveActivity};
use domain::users::{Username, WebUrl};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::world::{ADA, BOB, NOW, World, ada, bob, stranger};

const STREAM: &str = "/api/v1/feed/stream";

fn item(number: u128) -> FeedItem {
    FeedItem {
        id: ActivityId(Uuid::from_u128(number)),
        created_at: NOW,
        kind: ActivityKind::BadgeEarned,
        data: StoredData(r#"{"badge": "Power User"}"#.to_owned()),
        author: Author {
            id: BOB,
            username: Username::trusted("Bob"),
            name: Some("Bob\nExample".into()),
            image: Some(WebUrl::trusted("https://example.org/me.png")),
        },
    }
}

fn activity(number: u128) -> LiveActivity {
    let item = item(number);
    let transaction = 9 + i64::try_from(number).expect("small");
    LiveActivity { mark: ActivityMark { id: item.id, at: NOW, transaction, horizon: transaction }, item }
}

fn json_of(number: u128) -> Value {
    json!({
        "id": Uuid::from_u128(number), "created_at": "2026-11-22T12:34:56.789Z", "user_id": BOB.0, "type": "badge_earned",
        "data": {"badge": "Power User"},
        "user": {"id": BOB.0, "username": "Bob", "name": "Bob\nExample", "image": "https://example.org/me.png"},
    })
}

/// Hears `numbers`, and then nothing more: the stream ends.
fn subscription(numbers: impl IntoIterator<Item = u128>) -> Box<dyn ActivitySubscription> {
    let mut queue: VecDeque<_> = numbers.into_iter().map(|number| Arc::new(activity(number))).collect();
    let mut subscription = MockActivitySubscription::new();
    subscription.expect_next().returning(move || queue.pop_front());
    Box::new(subscription)
}

/// A world in which Ada hears of 5 and 6, and missed 3 and 4 since 2.
fn world() -> World {
    let mut world = World::new();
    world.feed.expect_page().returning(|viewer, request, before| {
        assert_eq!(viewer, ADA);
        let known = before.is_none_or(|before| before.0.as_u128() == 2);
        Ok(known.then(|| Page { items: vec![item(1)], total: 101, request }))
    });
    world.feed.expect_recent().returning(|_, _| Ok(Vec::new()));
    let second = ActivityId(Uuid::from_u128(2));
    world
        .feed
        .expect_mark()
        .returning(move |id| Ok((id == second).then_some(ActivityMark { id, at: NOW, transaction: 9, horizon: 9 })));
    world.feed.expect_missed().returning(|viewer, mark, after, _| {
        assert_eq!((viewer, mark.horizon), (ADA, 9));
        assert_eq!(after, None, "one page");
        Ok(MissedPage { activities: vec![activity(3), activity(4)], rest: None })
    });
    world.hub.expect_subscribe().returning(|viewer| Ok((viewer == ADA).then(|| subscription([5, 6]))));
    world
}

/// The ids and data of the events in `body`, and what else is there.
fn events(body: &[u8]) -> (Vec<(Uuid, Value)>, Vec<String>) {
    let text = std::str::from_utf8(body).expect("text");
    assert!(text.ends_with("\n\n"), "{text:?}");
    let (mut events, mut others) = (Vec::new(), Vec::new());
    for block in text.trim_end().split("\n\n") {
        match block.lines().collect::<Vec<_>>()[..] {
            [id, "event: activity", data] => {
                let id = id.strip_prefix("id: ").and_then(|id| id.parse().ok()).expect(block);
                let data = data.strip_prefix("data: ").expect(block);
                events.push((id, serde_json::from_str(data).expect(block)));
            }
            _ => others.push(block.to_owned()),
        }
    }
    (events, others)
}

#[actix_web::test]
async fn feed_is_a_page_of_activities() {
    let client = world().serve();
    let answer = client.request("GET", "/api/v1/feed?page=3&size=20").bearer(&ada()).send().await;
    let page = json!({"items": [json_of(1)], "total": 101, "page": 3, "size": 20, "pages": 6});
    assert_eq!((answer.status, answer.json(), answer.header("cache-control")), (200, page, Some("no-store")));
    let unknown = Uuid::from_u128(404);
    let answer =
        client.request("GET", &format!("/api/v1/feed?before={}", Uuid::from_u128(2))).bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.json()["total"].as_u64()), (200, Some(101)));
    let answer = client.request("GET", &format!("/api/v1/feed?before={unknown}")).bearer(&ada()).send().await;
    answer.assert_error(404, "NOT_FOUND", &json!({"resource": "Activity", "field": "id", "value": unknown}));
    let problems = client.request("GET", "/api/v1/feed?before=7").bearer(&ada()).send().await.problems();
    assert_eq!(problems, [r#"["query","before"] value_error"#]);
    let problems = client.request("GET", "/api/v1/feed?page=0&size=x").bearer(&ada()).send().await.problems();
    assert_eq!(problems, [r#"["query","page"] greater_than_equal"#, r#"["query","size"] int_parsing"#]);
}

#[actix_web::test]
async fn feed_without_token_is_a_401() {
    let client = world().serve();
    for path in ["/api/v1/feed?page=0", STREAM] {
        client.get(path).await.assert_error(401, "UNAUTHORIZED", &json!({}));
        client.request("GET", path).bearer(&stranger()).send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
        assert_eq!(client.request("POST", path).bearer(&ada()).send().await.status, 405);
    }
}

#[actix_web::test]
async fn stream_sends_missed_then_new_activities() {
    let second = Uuid::from_u128(2).to_string();
    for (last, expected) in [
        (None, vec![5, 6]),
        (Some(second.as_str()), vec![3, 4, 5, 6]),
        (Some("00000000-0000-0000-0000-000000000404"), vec![5, 6]),
        (Some("yesterday"), vec![5, 6]),
        (Some(""), vec![5, 6]),
    ] {
        let request = world().serve().request("GET", STREAM).bearer(&ada()).header("Accept-Encoding", "gzip, br");
        let request = match last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        };
        let answer = request.send().await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
        for (name, value) in
            [("cache-control", "no-store"), ("x-accel-buffering", "no"), ("content-encoding", "identity")]
        {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        let (events, others) = events(&answer.body);
        let expected: Vec<_> = expected.into_iter().map(|number| (Uuid::from_u128(number), json_of(number))).collect();
        assert_eq!((events, others), (expected, vec!["retry: 2000".to_owned()]), "{last:?}");
    }
}

#[actix_web::test]
async fn stream_beyond_limit_is_a_503_with_retry_after() {
    let answer = world().serve().request("GET", STREAM).bearer(&bob()).send().await;
    answer.assert_error(503, "SERVICE_UNAVAILABLE", &json!({}));
    assert!(answer.header("retry-after").is_some());
}

#[actix_web::test]
async fn feed_stream_is_documented_as_event_stream() {
    let document = World::new().serve().get("/api/v1/openapi.json").await.json();
    let operation = &document["paths"][STREAM]["get"];
    let answer = &operation["responses"]["200"]["content"]["text/event-stream"];
    assert!(answer["example"].as_str().is_some_and(|example| example.contains("event: activity\ndata: {")), "{answer}");
    assert_eq!(operation["parameters"][0]["name"], "Last-Event-ID");
    assert_eq!(operation["responses"].get("422"), None, "a header that makes no sense is passed over");
}
