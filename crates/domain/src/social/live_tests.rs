//! Live feeds over mocked ports.

use std::sync::Mutex;

use pollster::block_on;
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::data::StoredData;
use crate::error::{DomainError, ErrorKind};
use crate::social::ports::{MockActivityHub, MockFeedReader, MockHeardActivities};
use crate::social::{ActivityKind, Author, Feed};
use crate::users::Username;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const EVE: UserId = UserId(Uuid::from_u128(3));

fn id(number: u32) -> ActivityId {
    ActivityId(Uuid::from_u128(number.into()))
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

fn mark(number: u32) -> Mark {
    Mark { id: id(number), at: NOW, horizon: 7 }
}

/// A feed of somebody who comes back after `after`, missed `missed` and hears `heard` before the process ends. Returns the numbers
/// they are told.
fn told(after: Option<u32>, missed: Vec<u32>, heard: Vec<u32>) -> Vec<u128> {
    let mut reader = MockFeedReader::new();
    reader.expect_mark().returning(|known| Ok((known != id(404)).then(|| Mark { id: known, ..mark(0) })));
    reader.expect_missed().returning(move |viewer, mark, after, limit| {
        assert_eq!((viewer, mark.horizon), (EVE, 7));
        let rest = missed.iter().copied().map(item).filter(|item| Some((item.created_at, item.id)) > after);
        Ok(rest.take(limit as usize).collect())
    });
    let heard = Mutex::new(heard.into_iter().map(|number| Arc::new(item(number))).collect::<VecDeque<_>>());
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().times(1).return_once(move |_| {
        let mut subscription = MockHeardActivities::new();
        subscription.expect_next().returning(move || heard.lock().expect("a queue").pop_front());
        Ok(Some(Box::new(subscription)))
    });
    let feed = Feed::new(Arc::new(reader), Arc::new(hub));
    let mut live = block_on(feed.live(EVE, after.map(id))).expect("a feed");
    let mut told = Vec::new();
    while let Some(item) = block_on(live.next()).expect("a store") {
        told.push(item.id.0.as_u128());
    }
    told
}

#[test]
fn what_was_missed_comes_first_and_nothing_twice() {
    for (after, missed, heard, expected) in [
        (None, vec![], vec![], vec![]),
        (None, vec![1, 2], vec![3, 4], vec![3, 4]),
        (Some(404), vec![1, 2], vec![3], vec![3]),
        (Some(1), vec![], vec![5], vec![5]),
        (Some(1), vec![2, 3], vec![4], vec![2, 3, 4]),
        (Some(1), vec![2, 3], vec![3, 2, 4, 4], vec![2, 3, 4]),
        (Some(1), vec![1, 2], vec![1], vec![2]),
    ] {
        assert_eq!(told(after, missed, heard), expected, "{after:?}");
    }
}

#[test]
fn somebody_who_was_away_for_long_misses_nothing_however_much_it_is() {
    for length in [MISSED - 1, MISSED, MISSED + 1, 3 * MISSED + 50] {
        let missed: Vec<u32> = (2..2 + length).collect();
        let expected: Vec<u128> = missed.iter().map(|number| u128::from(*number)).chain([9_999]).collect();
        assert_eq!(told(Some(1), missed, vec![9_999]), expected, "{length}");
    }
}

#[test]
fn a_failure_while_reading_the_past_loses_nothing() {
    let mut reader = MockFeedReader::new();
    reader.expect_mark().returning(|_| Ok(Some(mark(1))));
    let mut answers = vec![Ok(vec![]), Ok(vec![item(2)]), Err(StoreError::Unavailable("away".into()))];
    reader.expect_missed().returning(move |_, _, _, _| answers.pop().expect("asked three times"));
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().return_once(|_| {
        let mut subscription = MockHeardActivities::new();
        subscription.expect_next().returning(|| None);
        Ok(Some(Box::new(subscription)))
    });
    let mut live = block_on(Feed::new(Arc::new(reader), Arc::new(hub)).live(EVE, Some(id(1)))).expect("a feed");
    assert!(block_on(live.next()).is_err());
    assert_eq!(block_on(live.next()).expect("back again").map(|item| item.id), Some(id(2)));
    assert_eq!(block_on(live.next()).expect("back again"), None);
}

#[test]
fn who_finds_no_room_may_come_later() {
    let mut hub = MockActivityHub::new();
    hub.expect_subscribe().return_once(|_| Ok(None));
    let refused = block_on(Feed::new(Arc::new(MockFeedReader::new()), Arc::new(hub)).live(EVE, None));
    let error = refused.expect_err("full");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "no_room"));
}
