//! Follows on PostgreSQL: once, in order, in few statements.

use domain::page::PageRequest;
use domain::social::ports::FollowReader;
use domain::social::{FollowOutcome, FollowStats, Relation};
use domain::testing::variant;
use domain::users::ports::ProfileReader;

use crate::common::{NOW, fixture};

const PAGE: PageRequest = PageRequest { page: 1, size: 50 };

#[tokio::test(flavor = "multi_thread")]
async fn follow_requested_many_times_at_once_counts_once() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (social, name) = (fixture.social(), bob.username.clone());
            tokio::spawn(async move { social.follow(ada.id, &name).await.map_err(|error| variant(&error)) })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("a task"));
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|code| *code == "AlreadyFollowing"));

    let stats = |followers, following, relation| FollowStats { followers, following, relation };
    let relation = |is_following, follows_me| Some(Relation { is_following, follows_me });
    for (whose, viewer, expected) in [
        (&bob, Some(ada.id), stats(1, 0, relation(true, false))),
        (&ada, Some(bob.id), stats(0, 1, relation(false, true))),
        (&bob, Some(bob.id), stats(1, 0, None)),
        (&bob, None, stats(1, 0, None)),
    ] {
        assert_eq!(fixture.social().stats(whose.id, viewer).await.expect("stats"), expected, "{viewer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_requests_are_accepted_declined_withdrawn_or_accepted_by_turning_public() {
    let fixture = fixture();
    let social = fixture.social();
    let bob = fixture.create_private_user("bob").await;
    let mut asking = Vec::new();
    for name in ["ann", "ben", "cid", "dan"] {
        let user = fixture.create_user(name, None).await;
        assert_eq!(social.follow(user.id, &bob.username).await.expect("a request"), FollowOutcome::Requested);
        asking.push(user);
    }
    let again = social.follow(asking[0].id, &bob.username).await.expect_err("asked already");
    assert_eq!(variant(&again), "AlreadyRequested");
    assert_eq!(social.requests(bob.id, PAGE).await.expect("requests").total, 4);

    social.accept(bob.id, &asking[0].username).await.expect("accepted");
    social.decline(bob.id, &asking[1].username).await.expect("declined");
    social.unfollow(asking[2].id, &bob.username).await.expect("taken back");
    let left = social.requests(bob.id, PAGE).await.expect("requests");
    assert_eq!(left.items.iter().map(|contact| contact.username.as_str()).collect::<Vec<_>>(), ["dan"]);
    assert_eq!(social.followers(bob.id, Some(bob.id), PAGE).await.expect("followers").total, 1);

    fixture.set_public(&bob, true).await;
    assert_eq!(social.requests(bob.id, PAGE).await.expect("requests").total, 0);
    let mut followers: Vec<_> = social
        .followers(bob.id, None, PAGE)
        .await
        .expect("followers")
        .items
        .into_iter()
        .map(|contact| contact.username.to_string())
        .collect();
    followers.sort();
    assert_eq!(followers, ["ann", "dan"]);
    assert!(!fixture.store.visible_among(&[bob.username], None).await.expect("people").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_only_name_and_picture_of_private_accounts() {
    let fixture = fixture();
    let social = fixture.social();
    let ada = fixture.create_user("ada", None).await;
    let (open, closed) = (fixture.create_user("open", None).await, fixture.create_private_user("closed").await);
    for user in [&open, &closed] {
        social.follow(user.id, &ada.username).await.expect("a follow");
    }
    let seen_by = async |viewer| {
        let page = fixture.store.followers(ada.id, viewer, PAGE).await.expect("followers");
        let mut shown: Vec<_> =
            page.items.into_iter().map(|c| (c.username.to_string(), c.level.map(|l| l.level), c.since)).collect();
        shown.sort_by(|a, b| a.0.cmp(&b.0));
        shown
    };
    let (first, at) = (Some(1), Some(NOW));
    let list = |level, since| vec![("closed".to_owned(), level, since), ("open".to_owned(), first, at)];
    assert_eq!(seen_by(None).await, list(None, None));
    assert_eq!(seen_by(Some(ada.id)).await, list(None, at), "being followed opens nothing but the time");
    assert_eq!(seen_by(Some(closed.id)).await, list(first, at), "one sees oneself");
    social.follow(open.id, &closed.username).await.expect("a request");
    social.accept(closed.id, &open.username).await.expect("accepted");
    assert_eq!(seen_by(Some(open.id)).await, list(first, at));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_followers_is_two_statements() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let (client, driver) =
        tokio_postgres::connect(fixture.database.url(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(driver);
    let many = "
        INSERT INTO users (id, username, bio, is_public, created_at, updated_at)
        SELECT gen_random_uuid(), 'user' || n, 'bio', n % 2 = 0, now(), now() FROM generate_series(1, 10000) AS n;
        INSERT INTO usage_totals (user_key) SELECT key FROM users WHERE username LIKE 'user%';
        INSERT INTO follows (follower_id, following_id, created_at)
        SELECT people.id, ada.id, timestamptz '2026-01-01Z' + people.key * interval '1 second'
        FROM users AS people, users AS ada WHERE ada.username = 'ada' AND people.username LIKE 'user%';
        UPDATE social_counts SET followers = 10000 WHERE user_id = (SELECT id FROM users WHERE username = 'ada');";
    client.batch_execute(many).await.expect("many people");

    let queries = fixture.store.queries();
    let before = queries.statements();
    let page =
        fixture.social().followers(ada.id, Some(ada.id), PageRequest { page: 2, size: 100 }).await.expect("a page");
    assert_eq!(queries.statements() - before, 2);
    assert_eq!((page.total, page.items.len()), (10_000, 100));
    assert!(page.items.windows(2).all(|two| two[0].since > two[1].since), "the newest first");
    assert_eq!(page.items[0].username.as_str(), "user9900");
    assert_eq!(page.items.iter().filter(|contact| contact.bio.is_some()).count(), 50);
    let beyond =
        fixture.social().followers(ada.id, None, PageRequest { page: 9_999, size: 100 }).await.expect("a page");
    assert_eq!((beyond.total, beyond.items.len()), (10_000, 0));
}
