//! Live feeds over mocked ports.

use std::sync::Mutex;

use pollster::block_on;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::error::{DomainError, ErrorKind};
use crate::ids::ActivityId;
use crate::payload::StoredData;
use crate::social::ports::{MockActivityHub, MockActivitySubscription, MockFeedReader};
use crate::social::{ActivityKind, Author, Feed, FeedItem};
use crate::testing::{TestReads, TestStore, variant};
use crate::users::Username;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const EVE: UserId = UserId(Uuid::from_u128(3));

fn id(number: u32) -> ActivityId {
    ActivityId(Uuid::from_u128(number.into()))
}

fn point(number: u32) -> ResumePoint {
    ResumePoint::parse(&id(number).to_string()).expect("an activity's id")
}

fn item(number: u32) -> FeedItem {
    let author = Author { id: UserId(Uuid::from_u128(1)), username: Username::trusted("ada"), name: None, image: None };
    FeedItem {
        id: id(number),
        created_at: NOW + time::Duration::seconds(number.into()),
        kind: ActivityKind::LevelUp,
        data: StoredData("{}".into()),
        author,
    }
}

/// The activity `number`, committed after all others, in its own transaction.
fn activity(number: u32) -> LiveActivity {
    let item = item(number);
    let transaction = 7 + i64::from(number);
    LiveActivity { mark: ActivityMark { id: item.id, at: item.created_at, transaction, horizon: transaction }, item }
}

/// A page of all `activities`.
fn page(activities: Vec<LiveActivity>) -> MissedPage {
    MissedPage { activities, rest: None }
}

fn mark(number: u32) -> ActivityMark {
    ActivityMark { id: id(number), at: NOW, transaction: 7, horizon: 7 }
}

fn feed(reader: MockFeedReader, hub: MockActivityHub) -> Feed {
    Feed::new(TestStore::reading(TestReads { feed: reader, ..TestReads::default() }).deps(), Arc::new(hub))
}

/// The numbers sent to a viewer that reconnects after `after`, missed `missed` and receives `subscribed` before the process ends.
fn content(after: Option<u32>, missed: Vec<u32>, subscribed: Vec<u32>) -> Vec<u128> {
    let mut reader = MockFeedReader::new();
    reader.expect_recent().returning(|_, _| Ok(Vec::new()));
    reader.expect_mark().returning(|known| Ok((known != id(404)).then(|| ActivityMark { id: known, ..mark(0) })));
    reader.expect_missed().returning(move |viewer, mark, after, limit| {
        assert_eq!((viewer, mark.horizon), (EVE, 7));
        let rest = missed.iter().copied().map(activity).filter(|next| Some((next.mark.at, next.mark.id)) > after);
        let activities: Vec<_> = rest.take(limit as usize).collect();
        let rest = activities.last().filter(|_| activities.len() == limit as usize);
        let rest = rest.map(|last| (last.mark.at, last.mark.id));
        Ok(MissedPage { activities, rest })
    });
    let subscribed =
        Mutex::new(subscribed.into_iter().map(|number| Arc::new(activity(number))).collect::<VecDeque<_>>());
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().times(1).return_once(move |_| {
        let mut subscription = MockActivitySubscription::new();
        subscription.expect_next().returning(move || subscribed.lock().expect("a queue").pop_front());
        Ok(Some(Box::new(subscription)))
    });
    let mut live = block_on(feed(reader, hub).live(EVE, after.map(point))).expect("a feed");
    let mut content = Vec::new();
    while let Some(event) = block_on(live.next()).expect("a store") {
        content.push(event.activity.item.id.0.as_u128());
    }
    content
}

#[test]
fn live_feed_missed_activities_come_first_and_once() {
    for (after, missed, subscribed, expected) in [
        (None, vec![], vec![], vec![]),
        (None, vec![1, 2], vec![3, 4], vec![3, 4]),
        (Some(404), vec![1, 2], vec![3], vec![3]),
        (Some(1), vec![], vec![5], vec![5]),
        (Some(1), vec![2, 3], vec![4], vec![2, 3, 4]),
        (Some(1), vec![2, 3], vec![3, 2, 4, 4], vec![2, 3, 4]),
        (Some(1), vec![1, 2], vec![1], vec![2]),
    ] {
        assert_eq!(content(after, missed, subscribed), expected, "{after:?}");
    }
}

#[test]
fn live_feed_long_absence_misses_nothing() {
    for length in [MISSED_PAGE_SIZE - 1, MISSED_PAGE_SIZE, MISSED_PAGE_SIZE + 1, 3 * MISSED_PAGE_SIZE + 50] {
        let missed: Vec<u32> = (2..2 + length).collect();
        let expected: Vec<u128> = missed.iter().map(|number| u128::from(*number)).chain([9_999]).collect();
        assert_eq!(content(Some(1), missed, vec![9_999]), expected, "{length}");
    }
}

/// The activities and event ids sent to a viewer whose followed authors write `stored`, committed in this order, the first
/// `before` of them before the stream begins. With `after` the viewer reconnects with that id and all of `stored` is received
/// again.
fn stream(stored: &[LiveActivity], before: usize, after: Option<&str>) -> Vec<(ActivityId, String)> {
    let (marks, all) = (stored.to_vec(), stored.to_vec());
    let recent: Vec<ActivityMark> = stored[..before].iter().map(|stored| stored.mark).collect();
    let subscribed = if after.is_some() { stored } else { &stored[before..] };
    let subscribed = Mutex::new(VecDeque::from(subscribed.to_vec()));
    let mut reader = MockFeedReader::new();
    reader.expect_recent().returning(move |_, _| Ok(recent.clone()));
    reader.expect_mark().returning(move |id| Ok(marks.iter().map(|stored| stored.mark).find(|mark| mark.id == id)));
    reader.expect_missed().returning(move |_, mark, _, _| {
        let missed = all.iter().filter(|stored| stored.mark.may_follow(&mark)).cloned();
        let mut missed: Vec<_> = missed.collect();
        missed.sort_by_key(|missed| (missed.mark.at, missed.mark.id));
        Ok(page(missed))
    });
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().return_once(move |_| {
        let mut subscription = MockActivitySubscription::new();
        subscription.expect_next().returning(move || subscribed.lock().expect("a queue").pop_front().map(Arc::new));
        Ok(Some(Box::new(subscription)))
    });
    let after = after.map(|id| ResumePoint::parse(id).expect("an event's id"));
    let mut live = block_on(feed(reader, hub).live(EVE, after)).expect("a feed");
    let mut events = Vec::new();
    while let Some(event) = block_on(live.next()).expect("a store") {
        events.push((event.activity.item.id, event.id.to_string()));
    }
    events
}

/// The numbers of the activities of `events`.
fn numbers(events: &[(ActivityId, String)]) -> Vec<u128> {
    events.iter().map(|(activity, _)| activity.0.as_u128()).collect()
}

/// Activities as (number, seconds, transaction, horizon).
fn stored(activities: &[(u32, i64, i64, i64)]) -> Vec<LiveActivity> {
    let activity = |(number, seconds, transaction, horizon): (u32, i64, i64, i64)| {
        let at = NOW + time::Duration::seconds(seconds);
        let mark = ActivityMark { id: id(number), at, transaction, horizon };
        LiveActivity { item: FeedItem { created_at: at, ..item(number) }, mark }
    };
    activities.iter().copied().map(activity).collect()
}

#[test]
fn live_feed_reconnect_after_any_event_sends_exactly_rest() {
    for (name, activities) in [
        (
            "one sync",
            vec![(1, 0, 20, 20), (2, 0, 20, 20), (3, 0, 20, 20), (4, 0, 20, 20), (5, 0, 20, 20), (6, 0, 20, 20)],
        ),
        (
            "six syncs",
            vec![(1, 0, 20, 20), (2, 1, 21, 21), (3, 2, 22, 22), (4, 3, 23, 23), (5, 4, 24, 24), (6, 5, 25, 25)],
        ),
        (
            "six syncs while a transaction stays open",
            vec![(1, 0, 20, 9), (2, 1, 21, 9), (3, 2, 22, 9), (4, 3, 23, 9), (5, 4, 24, 9), (6, 5, 25, 9)],
        ),
        (
            "a transaction that commits late, with an older time",
            vec![(2, 1, 21, 20), (3, 1, 21, 20), (4, 2, 22, 20), (1, -60, 20, 20), (5, 3, 23, 23), (6, 4, 24, 24)],
        ),
        (
            "two servers whose clocks differ",
            vec![(1, 30, 20, 20), (2, 0, 21, 21), (3, 31, 22, 22), (4, 1, 23, 23), (5, 32, 24, 24), (6, 2, 25, 25)],
        ),
    ] {
        let activities = stored(&activities);
        for before in 0..3 {
            let order: Vec<u128> = activities[before..].iter().map(|stored| stored.item.id.0.as_u128()).collect();
            let first = stream(&activities, before, None);
            assert_eq!(numbers(&first), order, "{name}");
            for place in 0..first.len() {
                let second = stream(&activities, before, Some(&first[place].1));
                assert_eq!(sorted(numbers(&second)), sorted(order[place + 1..].to_vec()), "{name}, after {place}");
                for again in 0..second.len() {
                    let third = stream(&activities, before, Some(&second[again].1));
                    let rest = numbers(&second)[again + 1..].to_vec();
                    assert_eq!(sorted(numbers(&third)), sorted(rest), "{name}, after {place} and {again}");
                }
            }
        }
    }
}

fn sorted(mut numbers: Vec<u128>) -> Vec<u128> {
    numbers.sort_unstable();
    numbers
}

#[test]
fn live_feed_event_id_is_usually_activity_id() {
    let activities = stored(&[(1, 0, 20, 20), (2, 0, 20, 20), (3, 1, 21, 21)]);
    assert!(stream(&activities, 0, None).iter().all(|(activity, id)| *id == activity.to_string()));
    let resumed = stream(&activities, 0, Some(&activities[0].item.id.to_string()));
    assert!(resumed.iter().all(|(activity, id)| *id == activity.to_string()), "{resumed:?}");
}

#[test]
fn live_feed_failed_read_of_past_loses_nothing() {
    let mut reader = MockFeedReader::new();
    reader.expect_mark().returning(|_| Ok(Some(mark(1))));
    let mut answers = vec![Ok(page(vec![activity(2)])), Err(StoreError::Unavailable("away".into()))];
    reader.expect_missed().returning(move |_, _, _, _| answers.pop().expect("asked twice"));
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().return_once(|_| {
        let mut subscription = MockActivitySubscription::new();
        subscription.expect_next().returning(|| None);
        Ok(Some(Box::new(subscription)))
    });
    let mut live = block_on(feed(reader, hub).live(EVE, Some(point(1)))).expect("a feed");
    assert!(block_on(live.next()).is_err());
    assert_eq!(block_on(live.next()).expect("back again").map(|event| event.activity.item.id), Some(id(2)));
    assert_eq!(block_on(live.next()).expect("back again"), None);
}

#[test]
fn live_feed_beyond_limit_is_unavailable() {
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().return_once(|_| Ok(None));
    let mut reader = MockFeedReader::new();
    reader.expect_recent().returning(|_, _| Ok(Vec::new()));
    let refused = block_on(feed(reader, hub).live(EVE, None));
    let error = refused.expect_err("full");
    assert_eq!((error.kind(), variant(&error)), (ErrorKind::Unavailable, "NoRoom"));
}
