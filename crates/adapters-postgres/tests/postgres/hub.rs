//! Activities as they are committed, over a connection that listens.

use std::time::Duration;

use adapters_postgres::{Hub, HubLimits};
use domain::error::StoreError;
use domain::ids::ActivityId;
use domain::social::ports::{ActivityHub, ActivitySubscription, FeedReader};
use domain::store::Store;
use domain::users::User;
use time::OffsetDateTime;
use tokio_postgres::Client;

use crate::common::{Fixture, NOW, fixture, level_up, write};

/// How long is waited for what must come: no measure of speed, only the end of patience.
const ACTIVITY_TIMEOUT: Duration = Duration::from_mins(1);

fn hub(fixture: &Fixture) -> Hub {
    Hub::start(fixture.store.clone(), fixture.database.url(), HubLimits::default())
}

async fn listen(hub: &Hub, viewer: &User) -> Box<dyn ActivitySubscription> {
    hub.subscribe(viewer.id).await.expect("it hears").expect("room")
}

async fn next(subscription: &mut Box<dyn ActivitySubscription>) -> Option<ActivityId> {
    let next = tokio::time::timeout(ACTIVITY_TIMEOUT, subscription.next()).await.expect("something comes");
    next.map(|activity| activity.item.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_of_each_process_sends_committed_activities_to_allowed_viewers() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    fixture.follow(&ada, &bob).await;
    fixture.follow(&eve, &bob).await;
    fixture.follow(&ada, &eve).await;
    let hubs = [hub(&fixture), hub(&fixture)];
    let mut adas = [listen(&hubs[0], &ada).await, listen(&hubs[1], &ada).await];
    let mut eves = listen(&hubs[0], &eve).await;
    let mut bobs = listen(&hubs[1], &bob).await;

    let mut undone = fixture.store.begin().await.expect("a transaction");
    write(&mut *undone, &level_up(&bob, 0)).await;
    drop(undone);
    let first = fixture.happens(&bob, 0).await;
    for subscription in adas.iter_mut().chain([&mut eves]) {
        assert_eq!(next(subscription).await, Some(first), "and nothing that was undone");
    }

    // Asked anew for each: Bob is private and keeps Ada, and Eve is removed.
    fixture.set_public(&bob, false).await;
    fixture.social().remove_follower(bob.id, &eve.username).await.expect("removed");
    let second = fixture.happens(&bob, 1).await;
    for subscription in &mut adas {
        assert_eq!(next(subscription).await, Some(second));
    }
    fixture.social().unfollow(ada.id, &bob.username).await.expect("unfollowed");
    fixture.happens(&bob, 2).await;
    // Eve's activity comes after Bob's, so a listener that receives hers next did not receive his.
    let last = fixture.happens(&eve, 3).await;
    for subscription in &mut adas {
        assert_eq!(next(subscription).await, Some(last));
    }
    let deleted = "UPDATE users SET deleted_at = now() WHERE username = 'eve'";
    fixture.client().await.batch_execute(deleted).await.expect("deleted");
    fixture.happens(&eve, 4).await;
    // Heard by both hubs once Ada hears of what came after it.
    let joe = fixture.create_user("joe", None).await;
    fixture.follow(&ada, &joe).await;
    let after = fixture.happens(&joe, 5).await;
    for subscription in &mut adas {
        let mut received = next(subscription).await;
        while received != Some(after) {
            let earned = received.expect("what Joe earned by being followed");
            assert_ne!(
                fixture.store.mark(earned).await.expect("a store").map(|mark| mark.at),
                Some(NOW + time::Duration::seconds(4))
            );
            received = next(subscription).await;
        }
    }
    for hub in &hubs {
        hub.close();
    }
    assert_eq!(next(&mut eves).await, None, "nothing after Bob removed her");
    assert_eq!(next(&mut bobs).await, None, "no account receives its own activities");
    assert!(hubs[0].subscribe(ada.id).await.expect("it hears").is_none(), "no room at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_without_connection_catches_up_later() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    let hub = hub(&fixture);
    let mut subscription = listen(&hub, &ada).await;
    let client = fixture.client().await;
    // What is caught up with is of the last day, by the database's clock.
    let passed = (OffsetDateTime::now_utc() - NOW).whole_seconds();
    let mut cut = 0;
    for round in 0..5 {
        if round % 2 == 1 {
            let before = fixture.happens(&bob, passed + 10 * round).await;
            assert_eq!(next(&mut subscription).await, Some(before));
        }
        // Written by a transaction that was under way before the connection was cut, and committed after it.
        let late = level_up(&bob, passed + 10 * round - 5);
        let mut slow = fixture.store.begin().await.expect("a transaction");
        write(&mut *slow, &late).await;
        cut = listening(&client, cut).await;
        client.query_one("SELECT pg_terminate_backend($1)", &[&cut]).await.expect("an end");
        slow.commit().await.expect("a commit");
        let mut received = Vec::new();
        while received.last() != Some(&late.id) {
            received.push(next(&mut subscription).await.expect("the hub goes on"));
        }
    }
}

/// The process of the connection that listens, once it is another than `before`, which may not be gone yet.
async fn listening(client: &Client, before: i32) -> i32 {
    let query = "SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query = 'LISTEN activities' AND pid <> $1";
    loop {
        if let [row] = &client.query(query, &[&before]).await.expect("connections")[..] {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_without_database_is_unavailable_until_it_connects() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    let nowhere = Hub::start(fixture.store.clone(), "postgres://127.0.0.1:1/nothing", HubLimits::default());
    let error = nowhere.subscribe(ada.id).await.err().expect("nobody is there");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    nowhere.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_reads_a_hundred_activities_with_few_statements() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    let limits = HubLimits { queue: 200, ..HubLimits::default() };
    let hub = Hub::start(fixture.store.clone(), fixture.database.url(), limits);
    let mut listeners = Vec::new();
    for _ in 0..3 {
        listeners.push(listen(&hub, &ada).await);
    }
    let activities: Vec<_> = (0..100).map(|n| level_up(&bob, n)).collect();
    let mut tx = fixture.store.begin().await.expect("a transaction");
    for activity in &activities {
        write(&mut *tx, activity).await;
    }
    let queries = fixture.store.queries();
    let before = queries.statements();
    tx.commit().await.expect("a commit");
    for subscription in &mut listeners {
        for activity in &activities {
            assert_eq!(next(subscription).await, Some(activity.id), "in the order in which they were written");
        }
    }
    let round_trips = queries.statements() - before;
    assert!(round_trips < 100, "{round_trips} statements for 100 activities and 3 listeners");
}
