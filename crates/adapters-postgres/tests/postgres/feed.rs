//! The feed: ordered, counted, visible to allowed viewers, and complete.

use domain::ids::{ActivityId, UserId};
use domain::page::{Page, PageRequest};
use domain::social::ports::FeedReader;
use domain::social::{ActivityKind, ActivityMark, FeedItem, LiveActivity};
use domain::store::Store;
use domain::users::User;
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture, level_up, write};

const PAGE: PageRequest = PageRequest { page: 1, size: 50 };

/// A connection for statements of the test's own, on a database where following earns nothing, so that only what a test writes is
/// in the feed.
async fn quiet(fixture: &Fixture) -> tokio_postgres::Client {
    let client = fixture.client().await;
    client
        .batch_execute("DELETE FROM activities; UPDATE social_counts SET activities = 0, last_activity_at = NULL")
        .await
        .expect("silence");
    client
}

fn ids(items: &[FeedItem]) -> Vec<ActivityId> {
    items.iter().map(|item| item.id).collect()
}

fn activity_ids(activities: &[LiveActivity]) -> Vec<ActivityId> {
    activities.iter().map(|activity| activity.item.id).collect()
}

async fn page(fixture: &Fixture, viewer: &User, request: PageRequest) -> Page<FeedItem> {
    fixture.store.page(viewer.id, request, None).await.expect("a feed").expect("a page")
}

#[tokio::test(flavor = "multi_thread")]
async fn feed_shows_activities_of_followed_accounts_with_their_authors() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    fixture.follow(&ada, &bob).await;
    quiet(&fixture).await;
    assert_eq!(page(&fixture, &ada, PAGE).await, Page { items: vec![], total: 0, request: PAGE });
    let first = fixture.happens(&bob, 0).await;
    let second = fixture.happens(&bob, 60).await;
    fixture.happens(&eve, 30).await;
    fixture.happens(&ada, 30).await;

    let seen = page(&fixture, &ada, PAGE).await;
    assert_eq!((ids(&seen.items), seen.total), (vec![second, first], 2));
    let item = &seen.items[1];
    assert_eq!((item.created_at, item.kind, item.data.0.as_str()), (NOW, ActivityKind::LevelUp, r#"{"level": 2}"#));
    assert_eq!((item.author.id, item.author.username.as_str()), (bob.id, "bob"));
    assert_eq!(page(&fixture, &bob, PAGE).await.total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn feed_pages_equal_a_sort_of_everything() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let client = quiet(&fixture).await;
    // 30 people with up to 40 activities at times that often coincide; the last third is not followed.
    let community = "
        INSERT INTO users (id, username, created_at, updated_at)
        SELECT gen_random_uuid(), 'user' || n, now(), now() FROM generate_series(1, 30) AS n;
        INSERT INTO follows SELECT ada.id, users.id, now() FROM users, users AS ada
        WHERE ada.username = 'ada' AND users.username ~ '^user(.|1.|20)$';
        INSERT INTO activities (id, user_id, kind, data, created_at)
        SELECT gen_random_uuid(), id, 'level_up', '{}', timestamptz '2026-11-01Z' + (random() * 300)::int * interval '1 minute'
        FROM users, generate_series(1, 40) AS n WHERE username <> 'ada' AND random() < 0.5 + key % 2;
        DELETE FROM social_counts;
        INSERT INTO social_counts (user_id, activities, last_activity_at)
        SELECT users.id, count(activities), max(activities.created_at)
        FROM users LEFT JOIN activities ON user_id = users.id GROUP BY users.id;";
    client.batch_execute(community).await.expect("a community");
    let sorted = "SELECT activities.id::text FROM activities JOIN follows ON following_id = user_id
        ORDER BY activities.created_at DESC, activities.id DESC";
    let all: Vec<ActivityId> = client
        .query(sorted, &[])
        .await
        .expect("everything")
        .iter()
        .map(|row| ActivityId(row.get::<_, &str>(0).parse().expect("an id")))
        .collect();
    assert!(all.len() > 300);
    let queries = fixture.store.queries();
    for size in [1, 7, 20, 100] {
        let pages = u32::try_from(all.len()).expect("few").div_ceil(size);
        for number in [1, 2, 3, pages / 2 + 1, pages, pages + 1, i32::MAX as u32] {
            let request = PageRequest { page: number, size };
            let before = queries.statements();
            let seen = page(&fixture, &ada, request).await;
            assert_eq!(queries.statements() - before, 1);
            let offset = usize::try_from(request.offset()).expect("small").min(all.len());
            let expected = &all[offset..all.len().min(offset + size as usize)];
            assert_eq!((ids(&seen.items), seen.total), (expected.to_vec(), all.len() as u64), "{request:?}");
        }
        for before in [0, 1, 150, all.len() - 2, all.len() - 1] {
            let request = PageRequest { page: 1 + u32::try_from(before % 2).expect("small"), size };
            let seen = fixture.store.page(ada.id, request, Some(all[before])).await.expect("a feed").expect("a page");
            let rest = all.iter().skip(before + 1 + usize::try_from(request.offset()).expect("small"));
            let expected: Vec<ActivityId> = rest.take(size as usize).copied().collect();
            assert_eq!((ids(&seen.items), seen.total), (expected, all.len() as u64), "{request:?} before {before}");
        }
    }
    let unknown = fixture.store.page(ada.id, PAGE, Some(ActivityId(Uuid::from_u128(404)))).await.expect("a feed");
    assert_eq!(unknown, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn feed_hides_private_unfollowed_and_deleted_accounts_immediately() {
    let fixture = fixture();
    let social = fixture.social();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    let client = quiet(&fixture).await;
    let start = fixture.happens(&ada, -60).await;
    let mark = fixture.store.mark(start).await.expect("a store").expect("a mark");
    fixture.happens(&bob, 0).await;
    let seen = async || {
        let page = page(&fixture, &ada, PAGE).await;
        let missed = fixture.store.missed(ada.id, mark, None, 100).await.expect("missed");
        (page.items.len(), page.total, missed.activities.len())
    };
    assert_eq!(seen().await, (1, 1, 1));
    fixture.set_public(&bob, false).await;
    assert_eq!(seen().await, (1, 1, 1), "followers stay");
    social.remove_follower(bob.id, &ada.username).await.expect("removed");
    assert_eq!(seen().await, (0, 0, 0));
    fixture.set_public(&bob, true).await;
    fixture.follow(&ada, &bob).await;
    let (items, total, missed) = seen().await;
    assert!(items > 0 && total == items as u64 && missed == items, "and what following earned");
    client.batch_execute("UPDATE users SET deleted_at = now() WHERE username = 'bob'").await.expect("deleted");
    assert_eq!(seen().await, (0, 0, 0));
    let followers = domain::social::ports::FollowReader::following(&fixture.store, ada.id, None, PAGE).await;
    assert!(followers.expect("a list").items.is_empty());
    client.batch_execute("UPDATE users SET deleted_at = NULL").await.expect("back again");
    assert_eq!(seen().await, (items, total, missed));
    social.unfollow(ada.id, &bob.username).await.expect("unfollowed");
    assert_eq!(seen().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_committed_late_is_not_missed() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    fixture.follow(&ada, &bob).await;
    fixture.follow(&ada, &eve).await;
    quiet(&fixture).await;
    // Bob's is written first, with an earlier time, and committed after Eve's was seen.
    let late = level_up(&bob, -3600);
    let mut slow = fixture.store.begin().await.expect("a transaction");
    write(&mut *slow, &late).await;
    let seen = fixture.happens(&eve, 0).await;
    assert_eq!(ids(&page(&fixture, &ada, PAGE).await.items), [seen]);
    let mark = fixture.store.mark(seen).await.expect("a store").expect("a mark");
    slow.commit().await.expect("a commit");
    let next = fixture.happens(&eve, 10).await;

    let missed = async |mark: ActivityMark| {
        activity_ids(&fixture.store.missed(ada.id, mark, None, 100).await.expect("missed").activities)
    };
    assert_eq!(missed(mark).await, [late.id, next]);
    // A reader whose last activity is the late one has not seen the next one.
    let mark = fixture.store.mark(late.id).await.expect("a store").expect("a mark");
    assert!(missed(mark).await.contains(&next));
    assert_eq!(fixture.store.mark(ActivityId(Uuid::from_u128(404))).await.expect("a store"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_of_one_transaction_are_ordered_by_time_and_id() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    quiet(&fixture).await;
    let mut written = Vec::new();
    let mut tx = fixture.store.begin().await.expect("a transaction");
    for _ in 0..6 {
        let activity = level_up(&bob, 0);
        write(&mut *tx, &activity).await;
        written.push(activity.id);
    }
    tx.commit().await.expect("a commit");
    written.sort();
    for (place, id) in written.iter().enumerate() {
        let mark = fixture.store.mark(*id).await.expect("a store").expect("a mark");
        let missed = fixture.store.missed(ada.id, mark, None, 100).await.expect("missed");
        assert_eq!(activity_ids(&missed.activities), written[place + 1..], "after {place}");
        assert!(missed.activities.iter().all(|missed| missed.mark.may_follow(&mark)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_activities_are_read_in_parts_for_one_viewer() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    fixture.follow(&ada, &bob).await;
    fixture.follow(&bob, &eve).await;
    quiet(&fixture).await;
    let start = fixture.happens(&bob, 0).await;
    let mut expected = Vec::new();
    for n in 1..=7 {
        expected.push(fixture.happens(&bob, n / 3).await);
        fixture.happens(&eve, n).await;
    }
    let mark = fixture.store.mark(start).await.expect("a store").expect("a mark");
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let part = fixture.store.missed(ada.id, mark, after, 2).await.expect("missed");
        read.extend(part.activities);
        after = part.rest;
        if after.is_none() {
            break;
        }
    }
    assert!(read.is_sorted_by_key(|read| (read.mark.at, read.mark.id)), "the oldest first");
    let mut ids = activity_ids(&read);
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    let unknown_user = UserId(Uuid::from_u128(404));
    assert!(fixture.store.missed(unknown_user, mark, None, 100).await.expect("missed").activities.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_activities_are_complete_after_a_restore() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    let client = quiet(&fixture).await;
    let (older, seen) = (fixture.happens(&bob, -200_000).await, fixture.happens(&bob, 0).await);
    // The other server had counted more transactions.
    let restored = "UPDATE activities SET transaction = '9000000000'::xid8, horizon = '9000000000'::xid8";
    client.batch_execute(restored).await.expect("as restored");
    let next = fixture.happens(&bob, 10).await;
    let missed = async |id| {
        let mark = fixture.store.mark(id).await.expect("a store").expect("a mark");
        activity_ids(&fixture.store.missed(ada.id, mark, None, 100).await.expect("missed").activities)
    };
    assert_eq!(missed(seen).await, [next]);
    assert!(!missed(next).await.contains(&older), "old rows are not sent again");
}
