//! Followers, followed people and activities are counted where they change, and the counts are right whatever happens at once.

use std::sync::Arc;

use domain::error::StoreError;
use domain::ids::UserId;
use domain::social::FollowStats;
use domain::social::ports::FollowReader;
use domain::store::Store;
use domain::users::User;
use tokio::task::JoinSet;

use crate::common::{Fixture, fixture};

/// Followers, followed people and activities, as they are kept.
async fn kept(fixture: &Fixture, user: &User) -> (i32, i32, i32) {
    let row = fixture
        .client()
        .await
        .query_one(
            "SELECT followers, following, activities FROM social_counts WHERE user_id = $1::text::uuid",
            &[&user.id.to_string()],
        )
        .await
        .expect("counts");
    (row.get(0), row.get(1), row.get(2))
}

async fn recount(fixture: &Fixture, user: UserId) -> Result<bool, StoreError> {
    let mut tx = fixture.store.begin().await?;
    let wrong = tx.follows().recount(user).await?;
    tx.commit().await?;
    Ok(wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_counts_include_every_way_to_begin_and_end_a_follow() {
    let fixture = fixture();
    let social = fixture.social();
    let [ada, eve, joe] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("eve", None).await,
        fixture.create_user("joe", None).await,
    ];
    let bob = fixture.create_private_user("bob").await;
    let counts = async |user| {
        let (followers, following, _) = kept(&fixture, user).await;
        (followers, following)
    };

    fixture.follow(&ada, &eve).await;
    assert_eq!((counts(&ada).await, counts(&eve).await), ((0, 1), (1, 0)));
    social.follow(ada.id, &eve.username).await.expect_err("once is enough");
    assert_eq!((counts(&ada).await, counts(&eve).await), ((0, 1), (1, 0)));

    for asking in [&ada, &eve, &joe] {
        social.follow(asking.id, &bob.username).await.expect("a request");
    }
    assert_eq!(counts(&bob).await, (0, 0), "asking is not following");
    social.accept(bob.id, &ada.username).await.expect("accepted");
    assert_eq!((counts(&ada).await, counts(&bob).await), ((0, 2), (1, 0)));
    let bob = fixture.set_public(&bob, true).await;
    assert_eq!((counts(&bob).await, counts(&eve).await, counts(&joe).await), ((3, 0), (1, 1), (0, 1)));

    for _ in 0..2 {
        social.unfollow(ada.id, &bob.username).await.expect("ended");
        social.remove_follower(bob.id, &eve.username).await.expect("ended");
    }
    assert_eq!((counts(&ada).await, counts(&bob).await, counts(&eve).await), ((0, 1), (1, 0), (1, 0)));
    let stats = FollowStats { followers: 1, following: 0, relation: None };
    assert_eq!(fixture.store.stats(bob.id, None).await.expect("stats"), Some(stats));
    for user in [&ada, &bob, &eve, &joe] {
        assert!(!recount(&fixture, user.id).await.expect("a recount"), "{}", user.username);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_counts_are_right_after_concurrent_changes() {
    let fixture = Arc::new(fixture());
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(fixture.create_user(&format!("person{n}"), None).await);
    }
    let mut tasks = JoinSet::new();
    for a in people.clone() {
        for b in people.iter().filter(|b| b.id != a.id).cloned() {
            let (fixture, a) = (fixture.clone(), a.clone());
            tasks.spawn(async move {
                let social = fixture.social();
                for round in 0..3 {
                    social.follow(a.id, &b.username).await.map(drop).or_else(expected).expect("a follow");
                    match round {
                        0 => social.unfollow(a.id, &b.username).await.expect("no follow"),
                        1 => social.remove_follower(b.id, &a.username).await.expect("no follower"),
                        _ => {}
                    }
                    social.accept(b.id, &a.username).await.or_else(expected).expect("an answer");
                }
            });
        }
    }
    for user in people.clone() {
        let fixture = fixture.clone();
        tasks.spawn(async move {
            for round in 0..6 {
                fixture.set_public(&user, round % 2 == 1).await;
                fixture.sync(&user, &[&format!("{round}")]).await;
                recount(&fixture, user.id).await.expect("a recount");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("nobody waits in a circle");
    }
    for user in &people {
        let before = kept(&fixture, user).await;
        let wrong = recount(&fixture, user.id).await.expect("a recount");
        assert!(!wrong, "{}: {before:?} is {:?}", user.username, kept(&fixture, user).await);
    }
}

/// The errors that concurrent changes of one follow may cause.
fn expected(error: domain::social::SocialError) -> Result<(), domain::social::SocialError> {
    use domain::social::SocialError::{AlreadyFollowing, AlreadyRequested, NoRequest};
    match error {
        AlreadyFollowing(_) | AlreadyRequested(_) | NoRequest(_) => Ok(()),
        other => Err(other),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_corrects_wrong_counts() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&ada, &bob).await;
    fixture.happens(&bob, 0).await;
    let client = fixture.client().await;
    for damage in ["UPDATE social_counts SET followers = 7, activities = 0", "DELETE FROM social_counts"] {
        client.batch_execute(damage).await.expect("damage");
        let repair = fixture.usage().rebuild(bob.id).await.expect("a rebuild");
        assert!(repair.counts && !repair.is_clean(), "{damage}: {repair:?}");
        assert!(fixture.usage().rebuild(bob.id).await.expect("a rebuild").is_clean());
        // One follower, and activities for that and for what the test wrote.
        let activities: i64 = client
            .query_one(
                "SELECT count(*) FROM activities AS a JOIN users ON users.id = user_id WHERE username = 'bob'",
                &[],
            )
            .await
            .expect("a count")
            .get(0);
        assert_eq!(kept(&fixture, &bob).await, (1, 0, i32::try_from(activities).expect("few")), "{damage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_without_counts_is_counted_from_its_first_follow() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.client().await.batch_execute("DELETE FROM social_counts").await.expect("as the release before makes them");
    let stats = fixture.store.stats(ada.id, None).await.expect("stats");
    assert_eq!(stats, Some(FollowStats::default()));
    fixture.follow(&ada, &bob).await;
    let ((_, following, _), (followers, _, _)) = (kept(&fixture, &ada).await, kept(&fixture, &bob).await);
    assert_eq!((following, followers), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn acceptances_at_once_do_not_deadlock() {
    let fixture = Arc::new(fixture());
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(fixture.create_user(&format!("person{n}"), None).await);
    }
    // The first and the last, so that they are at both ends of every order.
    let owners = [people.remove(0), people.remove(5), people.pop().expect("the last")];
    for round in 0..4 {
        for owner in &owners {
            fixture.set_public(owner, false).await;
            for user in &people {
                fixture.social().unfollow(user.id, &owner.username).await.expect("ended");
                fixture.social().follow(user.id, &owner.username).await.expect("a request");
            }
        }
        let mut tasks = JoinSet::new();
        for owner in owners.clone() {
            let fixture = fixture.clone();
            tasks.spawn(async move { drop(fixture.set_public(&owner, true).await) });
        }
        for (n, a) in people.clone().into_iter().enumerate() {
            let (fixture, b) = (fixture.clone(), people[(n + 1 + round) % people.len()].clone());
            tasks.spawn(async move {
                for _ in 0..3 {
                    fixture.follow(&a, &b).await;
                    fixture.social().unfollow(a.id, &b.username).await.expect("no follow");
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("nobody waits in a circle");
        }
    }
    for user in owners.iter().chain(&people) {
        let before = kept(&fixture, user).await;
        let wrong = recount(&fixture, user.id).await.expect("a recount");
        assert!(!wrong, "{}: {before:?} is {:?}", user.username, kept(&fixture, user).await);
    }
    assert_eq!(kept(&fixture, &owners[0]).await.0, 9);
}
