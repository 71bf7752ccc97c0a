//! What a transaction promises: all or nothing, and never a commit that was none.

use crate::common::{Fixture, fixture, test_user};
use domain::error::{DomainError, ErrorKind, StoreError};
use domain::store::Store;
use domain::usage::testing::{batch, sent};
use domain::users::ProfileChange;

#[tokio::test(flavor = "multi_thread")]
async fn transaction_without_commit_changes_nothing() {
    let fixture = fixture();
    let ada = test_user("ada");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&ada, None).await.expect("an insert");
    drop(tx);

    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.users().find(ada.id).await.expect("a lookup"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_with_a_swallowed_failure_refuses_to_commit() {
    let fixture = fixture();
    fixture.create_user("ada", None).await;
    let bob = test_user("bob");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&bob, None).await.expect("an insert");
    let collided = tx.users().insert(&test_user("ADA"), None).await;
    let email = matches!(&collided, Err(StoreError::Conflict { constraint }) if constraint == "users_email_key");
    let name = matches!(&collided, Err(StoreError::Conflict { constraint }) if constraint == "users_username_key");
    assert!(email || name, "{collided:?}");
    assert!(matches!(tx.commit().await, Err(StoreError::Internal(_))));

    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.users().find(bob.id).await.expect("a lookup"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_of_a_dropped_transaction_serves_the_next_one() {
    let fixture = fixture();
    // Many more than there are connections: each must come back, clean.
    for round in 0..60 {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        tx.users().insert(&test_user(&format!("round{round}")), None).await.expect("an insert");
        drop(tx);
    }
    assert_eq!(fixture.store.count_accounts().await.expect("a count"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_after_a_failed_one_commits() {
    let fixture = fixture();
    fixture.create_user("ada", None).await;
    for name in ["one", "two", "three"] {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        assert!(tx.users().insert(&test_user("ada"), None).await.is_err());
        drop(tx);
        fixture.create_user(name, None).await;
    }
    assert_eq!(fixture.store.count_accounts().await.expect("a count"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_in_a_deadlock_fail_one_as_collided() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await.id, fixture.create_user("bob", None).await.id);
    let mut first = fixture.store.begin().await.expect("a transaction");
    let mut second = fixture.store.begin().await.expect("a transaction");
    first.accounts().lock(ada).await.expect("a lock");
    second.accounts().lock(bob).await.expect("a lock");
    let (one, other) = futures_util::join!(async { first.accounts().lock(bob).await.map(drop) }, async {
        let locked = second.accounts().lock(ada).await.map(drop);
        drop(second);
        locked
    });
    let collided = |outcome: &Result<(), StoreError>| matches!(outcome, Err(StoreError::Collided(_)));
    assert!(collided(&one) != collided(&other), "{one:?} {other:?}");
}

impl Fixture {
    /// Lets the next `times` changes of `table` fail as the error `sqlstate`.
    async fn collide(&self, table: &str, sqlstate: &str, times: u32) {
        self.run(&format!(
            "CREATE SEQUENCE IF NOT EXISTS collisions;
             SELECT setval('collisions', 1, false);
             CREATE OR REPLACE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF nextval('collisions') <= {times} THEN
                     RAISE EXCEPTION 'Verklemmung' USING ERRCODE = '{sqlstate}';
                 END IF;
                 RETURN NEW;
             END $$;
             CREATE OR REPLACE TRIGGER collide BEFORE INSERT OR UPDATE ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION collide();"
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn use_cases_that_collide_are_retried_and_count_once() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    for (number, sqlstate) in ["40001", "40P01"].into_iter().enumerate() {
        fixture.collide("usage_totals", sqlstate, 2).await;
        let report = fixture.usage().sync(ada.id, batch(vec![sent(&number.to_string())])).await.expect("a sync");
        assert_eq!((report.new, report.standing.tokens), (1, 20 * (1 + i64::try_from(number).expect("few"))));
        fixture.collide("follows", sqlstate, 2).await;
        fixture.follow(&bob, &ada).await;
        fixture.social().unfollow(bob.id, &ada.username).await.expect("an end");
        fixture.collide("users", sqlstate, 2).await;
        let named = ProfileChange { name: Some(Some("Ada".to_owned())), ..ProfileChange::default() };
        fixture.users_at(crate::common::NOW).change(ada.id, named).await.expect("a change");
    }
    assert!(fixture.usage().rebuild(ada.id).await.expect("a rebuild").is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn use_case_that_always_collides_fails_and_changes_nothing() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.collide("usage_totals", "40P01", 1_000).await;
    let before = fixture.everything().await;
    let error = fixture.usage().sync(ada.id, batch(vec![sent("a")])).await.expect_err("it collides");
    assert_eq!(error.kind(), ErrorKind::Collided);
    assert_eq!(fixture.everything().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_error_is_unavailable_if_the_state_of_the_server_is_its_cause() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let before = fixture.everything().await;
    for (sqlstate, expected) in [
        ("53000", ErrorKind::Unavailable),
        ("53100", ErrorKind::Unavailable),
        ("53200", ErrorKind::Unavailable),
        ("53300", ErrorKind::Unavailable),
        ("53400", ErrorKind::Unavailable),
        ("55P03", ErrorKind::Unavailable),
        ("57014", ErrorKind::Unavailable),
        ("57P01", ErrorKind::Unavailable),
        ("57P02", ErrorKind::Unavailable),
        ("57P03", ErrorKind::Unavailable),
        ("08006", ErrorKind::Unavailable),
        ("25006", ErrorKind::Unavailable),
        ("40001", ErrorKind::Collided),
        ("40P01", ErrorKind::Collided),
        ("22003", ErrorKind::Internal),
        ("42703", ErrorKind::Internal),
        ("P0001", ErrorKind::Internal),
        ("XX000", ErrorKind::Internal),
    ] {
        fixture.collide("usage_totals", sqlstate, 1_000).await;
        let error = fixture.usage().sync(ada.id, batch(vec![sent("a")])).await.expect_err(sqlstate);
        assert_eq!(error.kind(), expected, "{sqlstate}: {error}");
    }
    assert_eq!(fixture.everything().await, before);
}
