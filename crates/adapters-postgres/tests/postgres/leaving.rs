//! Deletion of accounts: invisible at once, restored unchanged or purged completely, also during concurrent changes.

use std::sync::Arc;

use domain::dashboard::PlatformFigures;
use domain::error::{DomainError, ErrorKind};
use domain::identity::{Device, SignInName};
use domain::page::PageRequest;
use domain::store::{Store, UnitOfWork};
use domain::testing::variant;
use domain::usage::testing::{batch, sent};
use domain::usage::{ProjectName, SentMessage};
use domain::users::ports::ProfileReader;
use domain::users::{GRACE_PERIOD, Presence, ProfileChange, PurgeReport, User, gone_by};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::common::{Everything, Fixture, NOW, fixture};
use crate::oauth::external;

const PAGE: PageRequest = PageRequest { page: 1, size: 50 };

/// Ada with usage, achievements, follows and an account at a provider; bob; and the private eve, with a request of ada.
async fn community(fixture: &Fixture) -> (User, User, User) {
    let signed_in = fixture.oauth().sign_in(&external("github", "1", "ada", None), Device::default()).await;
    let ada = signed_in.expect("a session").session.user;
    fixture.run("INSERT INTO notification_preferences SELECT id, 'level_up', true, false FROM users").await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let ada = tx.users().find(ada).await.expect("a lookup").expect("an account");
    drop(tx);
    let (bob, eve) = (fixture.create_user("bob", None).await, fixture.create_private_user("eve").await);
    let social = fixture.social();
    for (who, whom) in [(&ada, &bob), (&bob, &ada), (&ada, &eve)] {
        social.follow(who.id, &whom.username).await.expect("a follow or a request");
    }
    fixture.sync(&ada, &["a", "b", "c"]).await;
    fixture.sync(&bob, &["a", "b"]).await;
    (ada, bob, eve)
}

/// What others see of `ada` and of the people around her.
async fn seen(fixture: &Fixture, ada: &User, bob: &User, eve: &User) -> Vec<String> {
    let (social, dashboard) = (fixture.social(), fixture.dashboard());
    let platform = PlatformFigures::new(fixture.deps());
    platform.refresh().await.expect("figures");
    let names = [ada.username.clone(), bob.username.clone()];
    let show = |what: &dyn std::fmt::Debug| format!("{what:?}");
    vec![
        show(&fixture.store.find(&ada.username, Some(bob.id)).await.expect("a lookup").is_some()),
        show(&fixture.store.visible_among(&names, Some(bob.id)).await.expect("people").len()),
        show(&social.followers(bob.id, None, PAGE).await.expect("a page").items.len()),
        show(&social.following(bob.id, None, PAGE).await.expect("a page").items.len()),
        show(&social.requests(eve.id, PAGE).await.expect("a page").items.len()),
        show(&social.stats(bob.id, None).await.expect("stats")),
        show(&dashboard.platform().await.expect("totals")),
        show(&fixture.store.count_accounts().await.expect("a count")),
        show(&fixture.store.account_named(&ada.username).await.expect("a lookup").is_some()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_account_is_invisible_and_comes_back_unchanged() {
    let fixture = fixture();
    let (ada, bob, eve) = community(&fixture).await;
    let seen_before = seen(&fixture, &ada, &bob, &eve).await;
    let before = fixture.everything().await;

    assert_eq!(fixture.users_at(NOW).leave(ada.id).await.expect("a date"), NOW + GRACE_PERIOD);
    let seen_after = seen(&fixture, &ada, &bob, &eve).await;
    for (what, (then, now)) in seen_before.iter().zip(&seen_after).enumerate() {
        assert_ne!(then, now, "{what}");
    }
    assert_eq!(seen_after[..5], ["false", "1", "0", "0", "0"]);
    assert_eq!(
        fixture.users_at(NOW).leave(ada.id).await.map_err(|error| variant(&error)).expect_err("nobody"),
        "Unknown"
    );
    let follow = fixture.social().follow(bob.id, &ada.username).await.expect_err("nobody");
    assert_eq!(variant(&follow), "UnknownUser");

    let signed_in = fixture.oauth().sign_in(&external("github", "1", "ada", None), Device::default()).await;
    let signed_in = signed_in.expect("a session");
    assert!(signed_in.session.user == ada.id && fixture.is_open(&signed_in).await);
    assert_eq!(seen(&fixture, &ada, &bob, &eve).await, seen_before);
    let without_sessions = |mut everything: Everything| {
        everything.remove("sessions");
        everything
    };
    assert_eq!(without_sessions(fixture.everything().await), without_sessions(before), "everything back as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_finds_a_deleted_account_until_it_is_purged() {
    let fixture = fixture();
    let ada = fixture.create_user("Ada", None).await;
    let names = ["ada@example.org", "aDA"].map(|name| SignInName::parse(name).expect("a name"));
    for (ago, found) in [(None, true), (Some(Duration::days(29)), true), (Some(Duration::days(30)), false)] {
        let left = ago.map(|ago| NOW - ago);
        let mut tx = fixture.store.begin().await.expect("a transaction");
        tx.users().set_left(ada.id, left).await.expect("it is stored");
        for name in &names {
            let account = tx.users().find_for_sign_in(name, gone_by(NOW)).await.expect("a lookup");
            assert_eq!(account.is_some(), found, "{name:?} {ago:?}");
        }
        let here = tx.users().hold(ada.id).await.expect("a lookup");
        assert_eq!(here, Some(left.map_or(Presence::Here, Presence::Left)));
        assert_eq!(tx.users().find_by_username(&ada.username).await.expect("a lookup").is_some(), ago.is_none());
        assert_eq!(
            tx.users().free_usernames(std::slice::from_ref(&ada.username)).await.expect("names"),
            [],
            "it stays taken"
        );
    }
    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.users().hold(domain::ids::UserId(uuid::Uuid::nil())).await.expect("a lookup"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_that_waits_for_the_deletion_stores_nothing() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let mut leaving = fixture.store.begin().await.expect("a transaction");
    leaving.accounts().lock(ada.id).await.expect("a lock").expect("an account");
    let usage = fixture.usage();
    let syncing = tokio::spawn(async move { usage.sync(ada.id, batch(vec![sent("late")])).await });
    let locking = {
        let store = fixture.store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.expect("a transaction");
            tx.accounts().lock(ada.id).await.expect("a lock")
        })
    };
    fixture.wait_for_locks(2).await;
    leaving.users().set_left(ada.id, Some(NOW)).await.expect("it is stored");
    leaving.commit().await.expect("a commit");
    assert_eq!(syncing.await.expect("a task").map_err(|error| variant(&error)).expect_err("nobody"), "UnknownUser");
    assert!(locking.await.expect("a task").is_none());
    let left = fixture.everything().await;
    assert!(left["usage_messages"].is_empty() && left["machines"].is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_during_the_deletion_restores_the_account() {
    let fixture = fixture();
    let github = external("github", "1", "ada", None);
    let ada = fixture.oauth().sign_in(&github, Device::default()).await.expect("a session").session.user;
    let mut leaving = fixture.store.begin().await.expect("a transaction");
    leaving.accounts().lock(ada).await.expect("a lock").expect("an account");
    leaving.users().set_left(ada, Some(NOW)).await.expect("it is stored");
    leaving.sessions().delete_all(ada).await.expect("they are gone");
    let oauth = fixture.oauth();
    let coming = tokio::spawn(async move { oauth.sign_in(&github, Device::default()).await });
    fixture.wait_for_locks(1).await;
    leaving.commit().await.expect("a commit");
    let signed_in = coming.await.expect("a task").expect("a session");
    assert!(fixture.is_open(&signed_in).await, "the session opens an account that is there");
}

/// The end of the grace period of an account that was deleted at [`NOW`].
fn purge_time() -> OffsetDateTime {
    NOW + GRACE_PERIOD
}

#[tokio::test(flavor = "multi_thread")]
async fn purge_removes_all_rows_of_the_account_and_no_others() {
    let fixture = fixture();
    let (ada, ..) = community(&fixture).await;
    let dan = fixture.create_user("dan", None).await;
    for user in [&ada, &dan] {
        fixture.users_at(NOW).leave(user.id).await.expect("a date");
    }
    fixture.users_at(NOW + Duration::DAY).leave(fixture.create_user("fay", None).await.id).await.expect("a date");
    let early = fixture.users_at(purge_time() - Duration::MICROSECOND).purge(|| false).await.expect("a purge");
    assert_eq!(early, PurgeReport::default());
    let before = fixture.everything().await;

    let purged = fixture.users_at(purge_time()).purge(|| false).await.expect("a purge");
    assert_eq!((purged.accounts, purged.messages), (2, 3));
    let after = fixture.everything().await;
    let key = before["users"].iter().find(|row| row.contains(&ada.id.to_string())).expect("ada's row");
    let key: serde_json::Value = serde_json::from_str(key).expect("JSON");
    let key = format!("\"user_key\": {},", key["key"]);
    // Names of tools and models are shared and stay; her own names and ids go.
    let hers = |row: &String| {
        let row = format!("{row},");
        row.contains(&ada.id.to_string()) || row.contains("\"ada\"") || row.replace('}', ",").contains(&key)
    };
    for (table, rows) in &after {
        let expected: Vec<&String> =
            before[table].iter().filter(|row| !hers(row) && !row.contains(&dan.id.to_string())).collect();
        let expected: Vec<&String> = if table == "usage_totals" { rows.iter().collect() } else { expected };
        assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{table}");
        assert!(!rows.iter().any(hers), "{table}: {rows:?}");
    }
    let removed: usize = before.iter().map(|(table, rows)| rows.len() - after[table].len()).sum();
    // External account, preferences, totals and counts go with the accounts and are not counted one by one.
    assert_eq!(removed as u64, purged.accounts + purged.messages + purged.others + 1 + 1 + 2 + 2);
    assert_eq!(after["usage_totals"].len(), before["usage_totals"].len() - 2);
    assert_eq!(after["users"].len(), 3, "bob, eve, and fay, which may still be restored");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.users().free_usernames(std::slice::from_ref(&ada.username)).await.expect("names").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn purge_that_is_killed_continues_in_small_steps() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let shop = ProjectName::trusted("shop");
    let at = |n: i64| SentMessage { at: NOW - Duration::days(n), project: Some(shop.clone()), ..sent(&n.to_string()) };
    fixture.usage().sync(ada.id, batch((0..10).map(at).collect())).await.expect("a sync");
    fixture.users_at(NOW).leave(ada.id).await.expect("a date");
    let before = fixture.everything().await;

    let mut killed = fixture.store.begin().await.expect("a transaction");
    assert_eq!(killed.purge().take(gone_by(purge_time()), &[]).await.expect("an account"), Some(ada.id));
    let mut other = fixture.store.begin().await.expect("a transaction");
    assert_eq!(
        other.purge().take(gone_by(purge_time()), &[]).await.expect("nobody"),
        None,
        "the other transaction has her"
    );
    assert_eq!(killed.purge().take(gone_by(purge_time()), &[ada.id]).await.expect("nobody"), None, "she is skipped");
    killed.purge().erase(ada.id, 4).await.expect("rows");
    drop((killed, other));

    let mut all = PurgeReport::default();
    let mut step = 0;
    while all.accounts == 0 {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        // The one that was killed holds her until its end is known.
        let Some(user) = tx.purge().take(gone_by(purge_time()), &[]).await.expect("an account") else { continue };
        let batch = tx.purge().erase(user, 4).await.expect("rows");
        tx.commit().await.expect("a commit");
        assert!(batch.messages + batch.others <= 4, "{batch:?}");
        all += batch;
        if step == 0 {
            let mut tx = fixture.store.begin().await.expect("a transaction");
            let hold = tx.users().hold(ada.id).await.expect("a lookup").expect("she is still there");
            assert!(!hold.can_sign_in(NOW - Duration::days(365)), "no clock, however slow, brings her back");
        }
        step += 1;
    }
    let count = |table: &str| before[table].len() as u64;
    assert_eq!((all.accounts, all.messages), (1, 10));
    let derived = ["usage_rollups", "usage_days", "usage_hours", "usage_project_days", "usage_projects", "machines"];
    assert!(all.others >= derived.into_iter().map(count).sum());
    let after = fixture.everything().await;
    let shared = ["sources", "models", "price_book", "account_counter"];
    assert!(after.iter().all(|(table, rows)| rows.is_empty() || shared.contains(&&**table)), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_counts_are_right_after_deletions_and_restores_during_acceptance() {
    let fixture = Arc::new(fixture());
    let mut people = Vec::new();
    for n in 0..6 {
        let external = external("github", &n.to_string(), &format!("person{n}"), None);
        let signed_in = fixture.oauth().sign_in(&external, Device::default()).await.expect("a session");
        let mut tx = fixture.store.begin().await.expect("a transaction");
        people.push((tx.users().find(signed_in.session.user).await.expect("a lookup").expect("an account"), external));
    }
    let mut tasks = JoinSet::new();
    for (user, external) in people.clone() {
        let of = fixture.clone();
        tasks.spawn(async move {
            for _ in 0..8 {
                of.users_at(NOW).leave(user.id).await.expect("a date");
                of.oauth().sign_in(&external, Device::default()).await.expect("a session");
            }
        });
    }
    for (a, b) in people.iter().flat_map(|(a, _)| people.iter().map(move |(b, _)| (a.clone(), b.clone()))) {
        let of = fixture.clone();
        tasks.spawn(async move {
            for round in 0..6 {
                // Each may be refused: one of the two is deleted, or has a request already.
                if a.id == b.id {
                    let change = ProfileChange { is_public: Some(round % 2 == 1), ..ProfileChange::default() };
                    of.users_at(NOW)
                        .change(a.id, change)
                        .await
                        .map(drop)
                        .map_err(|error| error.kind())
                        .or_else(gone_away)
                        .expect("a change");
                } else if round % 3 == 2 {
                    of.social()
                        .unfollow(a.id, &b.username)
                        .await
                        .map_err(|error| error.kind())
                        .or_else(gone_away)
                        .expect("no follow");
                } else {
                    of.social()
                        .follow(a.id, &b.username)
                        .await
                        .map(drop)
                        .map_err(|error| error.kind())
                        .or_else(gone_away)
                        .expect("a follow");
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no deadlock");
    }
    for (user, _) in &people {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        assert!(!tx.follows().recount(user.id).await.expect("a recount"), "{}", user.username);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_deleted_during_acceptance_is_not_counted() {
    for leaves_first in [false, true] {
        let fixture = fixture();
        let (ada, eve) = (fixture.create_user("ada", None).await, fixture.create_private_user("eve").await);
        fixture.social().follow(ada.id, &eve.username).await.expect("a request");
        let mut first = fixture.store.begin().await.expect("a transaction");
        let leave = async |tx: &mut dyn UnitOfWork| {
            tx.users().set_left(ada.id, Some(NOW)).await.expect("it is stored");
            tx.follows().set_counted(ada.id, false).await.expect("counts");
        };
        if leaves_first {
            leave(&mut *first).await;
        } else {
            first.follows().accept_all(eve.id, NOW).await.expect("she is let in");
        }
        let store = fixture.store.clone();
        let second = async move {
            let mut tx = store.begin().await.expect("a transaction");
            if leaves_first {
                tx.follows().accept_all(eve.id, NOW).await.expect("she is let in");
            } else {
                leave(&mut *tx).await;
            }
            tx.commit().await.expect("a commit");
        };
        let both = async {
            fixture.wait_for_locks(1).await;
            first.commit().await.expect("a commit");
        };
        tokio::join!(second, both);
        let mut tx = fixture.store.begin().await.expect("a transaction");
        for user in [&ada, &eve] {
            assert!(!tx.follows().recount(user.id).await.expect("a recount"), "{} {leaves_first}", user.username);
        }
    }
}

/// Accepts the errors of requests about a deleted account, of repeated requests, and of a server without free connections.
fn gone_away(kind: ErrorKind) -> Result<(), ErrorKind> {
    if matches!(kind, ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Unavailable) { Ok(()) } else { Err(kind) }
}
